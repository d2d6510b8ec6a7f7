"""Texts that others have written, for a terminal or a page."""

from __future__ import annotations


def plain(text: object) -> str:
    r"""A text in one line, without what a terminal would obey.

    Control characters, line ends, and marks that turn the direction of writing become the escapes
    that Python writes for them.

    Example:
        >>> plain("a\x1b[2Jb")
        'a\\x1b[2Jb'
    """
    return "".join(
        one if one.isprintable() else one.encode("unicode_escape").decode() for one in str(text)
    )
