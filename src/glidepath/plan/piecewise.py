"""Curves by knots, which are schedules of constants and lines."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from glidepath.plan.algebra import Segment, Series, Term
from glidepath.plan.duration import Duration, DurationLike
from glidepath.plan.schedule import Schedule
from glidepath.plan.shapes import constant, linear


def piecewise_constant(values: Sequence[float], boundaries: Sequence[DurationLike]) -> Schedule:
    """One value after another, each until its boundary, the last for good.

        v(t) = values[number of boundaries at or before t]

    Args:
        values: in the unit of the scheduled quantity; one more than boundaries.
        boundaries: times since the start at which the next value begins, ascending, in one unit.
    Raises:
        TypeError, ValueError: if they do not fit together.
    Source: the stairs of He et al. 2016, arXiv:1512.03385, section 3.4; torch's `MultiStepLR` and
        optax's `piecewise_constant_schedule` switch at the same step, Keras' one later.
    Example:
        >>> piecewise_constant([0.1, 0.01], [30])
        constant(0.1).over('30 steps').then(0.01)
        >>> rate = piecewise_constant([0.1, 0.01, 0.001], [30, 60])
        >>> rate(29), rate(30), rate(90)
        (0.1, 0.01, 0.001)
    """
    lengths = _lengths(values, "boundaries", boundaries)
    parts: list[Term] = [
        Segment(constant(value), length) for value, length in zip(values, lengths, strict=False)
    ]
    if not parts:
        return Schedule(Segment(constant(values[0]), Duration.of(1)))
    return Schedule(Series.of(*parts)).then(values[-1])


def piecewise_linear(values: Sequence[float], knots: Sequence[DurationLike]) -> Schedule:
    """Straight lines from value to value, then the last for good.

    Args:
        values: in the unit of the scheduled quantity: the first at the start, and one a knot.
        knots: times since the start, ascending, in one unit.
    Raises:
        TypeError, ValueError: if they do not fit together.
    Example:
        >>> triangle = piecewise_linear([0.0, 1.0, 0.0], ["10 steps", "30 steps"])
        >>> triangle(5), triangle(10), triangle(20), triangle(30)
        (0.5, 1.0, 0.5, 0.0)
    """
    lengths = _lengths(values, "knots", knots)
    parts: list[Term] = [
        Segment(linear(start, end), length)
        for (start, end), length in zip(pairwise(values), lengths, strict=True)
    ]
    if not parts:
        return Schedule(Segment(constant(values[0]), Duration.of(1)))
    return Schedule(Series.of(*parts)).then(values[-1])


def _lengths(values: Sequence[float], name: str, times: Sequence[DurationLike]) -> list[Duration]:
    """How long it takes from each time to the next."""
    ends = [Duration.of(time) for time in times]
    if len(values) != len(ends) + 1:
        raise ValueError(
            f"`values` must be one more than `{name}`, got {len(values)} values and {len(ends)} "
            f"{name}"
        )
    if len({end.unit for end in ends}) > 1:
        raise ValueError(f"`{name}` must be in one unit, got {', '.join(map(str, ends))}")
    for before, after in pairwise(ends):
        if after.amount <= before.amount:
            raise ValueError(f"`{name}` must ascend, got {before} and then {after}")
    return [
        Duration(end.amount - (ends[i - 1].amount if i else 0), end.unit)
        for i, end in enumerate(ends)
    ]
