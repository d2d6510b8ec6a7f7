"""Names in a sentence."""

from __future__ import annotations

from collections.abc import Sequence


def listed(names: Sequence[str], most: int = 4) -> str:
    """Some names, and how many more there are.

    Example:
        >>> listed(["a", "b", "c", "d", "e", "f"])
        'a, b, c, d and 2 more'
    """
    if len(names) <= most + 1:
        return ", ".join(names)
    return f"{', '.join(names[:most])} and {len(names) - most:,} more"


def counted(number: int, noun: str = "array") -> str:
    """A number of things.

    Example:
        >>> counted(1), counted(2)
        ('1 array', '2 arrays')
    """
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
