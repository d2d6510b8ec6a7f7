"""What transformers' schedulers are given, checked."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any, TypeVar

from glidepath.plan.numbers import count_from_0, finite, positive, positive_count

T = TypeVar("T")

MOST_PARTS_OF_A_WAVE = 1000
"""A number of waves is taken as a fraction of so many parts: 0.3333333333333333 as 1/3."""


def count(name: str, value: Any, least: int = 0) -> int:
    """A number of steps; a whole float, such as 1e4, will do.

    Args:
        name: of the argument.
        value: as given.
        least: 0 or 1.
    Raises:
        TypeError, ValueError: if it is none, or less.
    """
    whole = int(value) if isinstance(value, float) and value.is_integer() else value
    return positive_count(name, whole) if least else count_from_0(name, whole)


def at_least_0(name: str, value: Any) -> float:
    """A finite number that is not negative.

    Raises:
        TypeError, ValueError: if it is none.
    """
    number = finite(name, value)
    if number < 0:
        raise ValueError(f"`{name}` must be at least 0, got {number}")
    return number


def warm_up_and_rest(num_warmup_steps: Any, num_training_steps: Any) -> tuple[int, int]:
    """The steps of the warm-up, and those after it.

    Raises:
        TypeError, ValueError: if there is none after it.
    """
    warmup = count("num_warmup_steps", num_warmup_steps)
    total = count("num_training_steps", num_training_steps)
    if total <= warmup:
        raise ValueError(
            "`num_training_steps` counts the warm-up, and must be more than `num_warmup_steps`, "
            f"got {total} and {warmup}: for a warm-up alone use `constant_with_warmup`"
        )
    return warmup, total - warmup


def cycles(num_cycles: Any) -> Fraction:
    """A positive number of waves, as a fraction.

    Raises:
        TypeError, ValueError: if it is none.
    """
    number = positive("num_cycles", num_cycles)
    fraction = Fraction(number).limit_denominator(MOST_PARTS_OF_A_WAVE)
    if float(fraction) != number:
        raise ValueError(
            f"`num_cycles` must be a fraction of at most {MOST_PARTS_OF_A_WAVE:,} parts, such as "
            f"0.5 or 1/3, got {number}"
        )
    return fraction


def half_wave(steps: int, num_cycles: Any) -> Fraction:
    """Steps in half a wave, of so many waves in so many steps."""
    return steps / (2 * cycles(num_cycles))


def lowest_rate(peak: float, min_lr: Any, min_lr_rate: Any) -> float:
    """The lowest rate, given as it is or as a share of the peak.

    Raises:
        TypeError, ValueError: if neither is given, or both are.
    """
    if (min_lr is None) == (min_lr_rate is None):
        raise ValueError(
            "give `min_lr`, a rate, or `min_lr_rate`, a share of the peak, and not both, got "
            f"{min_lr} and {min_lr_rate}"
        )
    if min_lr is not None:
        return at_least_0("min_lr", min_lr)
    return peak * at_least_0("min_lr_rate", min_lr_rate)


def stable_steps(stable: Any, total: Any, warmup: int, cooldown: int) -> int:
    """The steps at the peak.

    Raises:
        TypeError, ValueError: if they are not given, or warm-up and decay leave none.
    """
    if stable is not None:
        return count("num_stable_steps", stable)
    if total is None:
        raise ValueError("`warmup_stable_decay` needs `num_stable_steps` or `num_training_steps`")
    rest = count("num_training_steps", total) - warmup - cooldown
    if rest < 0:
        raise ValueError(
            f"`num_training_steps` must be at least {warmup} of warm-up and {cooldown} of decay, "
            f"got {total}"
        )
    return rest


def one_of(name: str, value: Any, known: Mapping[str, T]) -> T:
    """What a word stands for.

    Raises:
        ValueError: if it is not known.
    """
    if value not in known:
        raise ValueError(f"`{name}` must be one of {', '.join(known)}, got {value!r}")
    return known[value]
