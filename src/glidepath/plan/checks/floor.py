"""A decay that stops short of its end."""

from __future__ import annotations

from collections.abc import Iterator

from glidepath.plan.algebra import Stretch
from glidepath.plan.checks.finding import Finding
from glidepath.plan.checks.subject import Curve, Subject, value_in
from glidepath.plan.shapes.shape import Transition

NEAR, FAR = 0.01, 0.1
"""Of the way from start to end: nothing to say, and hardly what was meant."""


def find(subject: Subject) -> Iterator[Finding]:
    """The last tick of a falling curve is not yet where the curve goes."""
    for rate in subject.main_rates:
        short = [gap for stretch in rate.stretches if (gap := _gap(stretch, rate))]
        if not short:
            continue
        last, end, share = short[0]
        more = f", and so in {len(short) - 1} more" if len(short) > 1 else ""
        yield Finding(
            "floor-not-reached",
            "warning" if share > FAR else "note",
            rate.key,
            f"a fall ends at {last:.4g}, and its floor is {end:.4g}{more}",
            "a curve is half open: its end value belongs to the step after it",
            'let it last longer, or sample it at the end of its ticks, `at = "end"`',
        )


def _gap(stretch: Stretch, rate: Curve) -> tuple[float, float, float] | None:
    """The last value of a falling segment, its end, and the share of the way between them."""
    shape = stretch.segment.shape
    if stretch.is_cut or not isinstance(shape, Transition) or shape.end >= shape.start:
        return None
    seam = int(stretch.end)
    last = float(value_in(stretch, seam - 1))
    share = (last - shape.end) / (shape.start - shape.end)
    goes_on = seam < rate.total_steps and _begins_at(shape.end, seam, last - shape.end, rate)
    return None if share <= NEAR or goes_on else (last, shape.end, share)


def _begins_at(value: float, seam: int, gap: float, rate: Curve) -> bool:
    """Whether what follows begins where a fall goes."""
    following = (one for one in rate.stretches if int(one.start) == seam)
    return any(abs(float(value_in(one, seam)) - value) < gap / 2 for one in following)
