"""Arguments that are one of a few words."""

from __future__ import annotations

from collections.abc import Collection


def one_of(name: str, value: str, words: Collection[str]) -> str:
    """The word, once it is known to be one of those.

    Args:
        name: what the argument is called.
        value: the word.
        words: all that make sense.
    Raises:
        ValueError: naming the argument and all words, if it is none of them.
    """
    if not isinstance(value, str) or value not in words:
        raise ValueError(f"`{name}` must be one of {', '.join(words)}, got {value!r}")
    return value
