"""Lines between whole steps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

from glidepath.plan import Schedule, linear
from glidepath.plan.algebra import Series


def lines(value: Callable[[int], float], knots: Sequence[int]) -> Schedule:
    """What is a straight line between each two knots, from the first to before the last.

    Args:
        value: at a knot.
        knots: whole steps, ascending; those given twice count once.
    """
    ends = sorted(set(knots))
    return Schedule(
        Series.of(
            *(linear(value(a), value(b)).over(b - a).term for a, b in pairwise(ends)),
        )
    )
