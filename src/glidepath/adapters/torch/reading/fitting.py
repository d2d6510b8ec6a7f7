"""Schedules made to last for so many steps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from typing import Any

from glidepath.plan import Duration, Schedule
from glidepath.plan.algebra import Lasting, Product, Repeat, Segment, Series, Term, Then
from glidepath.plan.endless import LONGEST
from glidepath.plan.shapes import Constant


def fitted(schedule: Schedule, steps: int) -> Schedule:
    """A schedule that lasts for so many steps, with nothing in it that comes later.

    Args:
        schedule: all of its lengths in steps.
        steps: at least 1.
    """
    return Schedule(_fitted(schedule.term, steps))


def _fitted(term: Term, steps: int) -> Term:
    if _length(term) == steps and not isinstance(term, Then):
        return term
    fit = FITS.get(type(term), _lasting)
    return fit(term, steps)


def _length(term: Term) -> int | None:
    return Schedule(term).total_steps


def _steps(count: int) -> Duration:
    return Duration(Fraction(count), "steps")


def _lasting(term: Term, steps: int) -> Term:
    return Lasting(term, duration=_steps(steps))


def _segment(term: Segment, steps: int) -> Term:
    """What has no length of its own is given one."""
    if isinstance(term.shape, Constant) or term.duration == LONGEST:
        return replace(term, duration=_steps(steps))
    return _lasting(term, steps)


def _then(term: Then, steps: int) -> Term:
    """The value that holds afterwards is held for as long as it is seen."""
    passed = _length(term.inside)
    if passed is None or passed >= steps:
        return _fitted(term.inside, steps)
    return Series.of(term.inside, Segment(Constant(term.value), _steps(steps - passed)))


def _series(term: Series, steps: int) -> Term:
    """The parts that begin before the end."""
    parts, left = [], steps
    for part in term.parts:
        length = _length(part)
        is_last = part is term.parts[-1] or length is None or length >= left
        parts.append(_fitted(part, left) if is_last else part)
        if is_last:
            break
        left -= length or 0
    return Series.of(*parts)


def _repeat(term: Repeat, steps: int) -> Term:
    """As many cycles as there are, if they are whole."""
    once = _length(term.cycle)
    if once is None or once >= steps:
        return _fitted(term.cycle, steps)
    times, passed = divmod(steps, once)[0], steps - steps % once
    if term.growth != 1:
        times, passed = 1, once
        while passed < steps:
            passed += int(once * term.growth**times)
            times += 1
    return replace(term, times=times) if passed == steps else _lasting(term, steps)


def _product(term: Product, steps: int) -> Term:
    """Each factor for as long."""
    return Product.of(
        *(_fitted(part, steps) if isinstance(part, Term) else part for part in term.parts)
    )


FITS: dict[type[Term], Callable[[Any, int], Term]] = {
    Segment: _segment,
    Then: _then,
    Series: _series,
    Repeat: _repeat,
    Product: _product,
}
"""How each term is fitted; any other is cut off, or held, as it is."""
