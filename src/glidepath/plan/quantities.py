"""The names of what a plan can change, and what their values may be."""

from __future__ import annotations

import keyword
import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from difflib import get_close_matches


@dataclass(frozen=True)
class Quantity:
    """A name that plans know.

    Attributes:
        name: as it is written in plans.
        meaning: what it is, with its unit.
        is_whole: whether only whole numbers make sense.
        smallest: the smallest value that makes sense.
        largest: the largest value that makes sense.
        has_groups: whether parameter groups may have values of their own.
    """

    name: str
    meaning: str
    is_whole: bool = False
    smallest: float = 0.0
    largest: float = math.inf
    has_groups: bool = True


QUANTITIES = {
    quantity.name: quantity
    for quantity in (
        Quantity("lr", "learning rate, per update"),
        Quantity("weight_decay", "decoupled weight decay, times the learning rate"),
        Quantity("momentum", "momentum of SGD", largest=1.0),
        Quantity("beta1", "decay of the first moment", largest=1.0),
        Quantity("beta2", "decay of the second moment", largest=1.0),
        Quantity("eps", "what is added to the root of the second moment"),
        Quantity("clip", "largest global norm of the gradients", has_groups=False),
        Quantity("dropout", "share of activations dropped", largest=1.0),
        Quantity(
            "rollout",
            "autoregressive steps in the loss",
            is_whole=True,
            smallest=1,
            has_groups=False,
        ),
        Quantity(
            "batch", "global batch size, in samples", is_whole=True, smallest=1, has_groups=False
        ),
    )
}


OWN = Quantity("", "a quantity of the user's own")

RESERVED = (
    *("version", "quantities", "groups", "horizon", "phase", "event", "name", "for", "duration"),
    *("at", "per", "until", "default", "self", "optimizer"),
)
"""What else stands in a plan, and can't be the name of a quantity or a group."""


def own_names(what: str, names: Sequence[str], in_files: Collection[str] = ()) -> tuple[str, ...]:
    """Names of a user's own `quantities` or `groups`, in order, each once.

    Args:
        what: "quantities" or "groups".
        names: as given.
        in_files: what has another meaning where groups stand in a file.

    Raises:
        TypeError: if it is not a sequence of texts.
        ValueError: if one can't stand as a key in Python and in a file.
    """
    if isinstance(names, str) or not all(isinstance(name, str) for name in names):
        raise TypeError(f'`{what}` must be a list of names, such as ["mixup"], got {names!r}')
    for name in names:
        is_key = name.isidentifier() and name.isascii() and not keyword.iskeyword(name)
        if not is_key or name in RESERVED or (what == "groups" and name in in_files):
            raise ValueError(
                f"one of the `{what}` can't be called {name!r}: use letters, digits and _, and no "
                "word that plan files use themselves"
            )
    return tuple(sorted(set(names)))


def nearest(name: str, known: list[str]) -> str:
    """A hint for a misspelt name: the nearest known one, else all of them."""
    swapped = [one for one in known if sorted(one) == sorted(name)]
    close = swapped or get_close_matches(name, known, n=1, cutoff=0.6)
    return f"did you mean `{close[0]}`?" if close else f"known are {', '.join(sorted(known))}"
