"""A plan drawn with characters."""

from __future__ import annotations

from itertools import pairwise

import plotille

from glidepath.plan import Phase, Plan
from glidepath.plan.shapes import Constant
from glidepath.view import dots
from glidepath.view.curves import Curve, curves, short

HEIGHT = 8
MARGIN = 11
NARROWEST = 40


def draw_plan(plan: Plan, title: str, width: int) -> str:
    """Every quantity as a curve over the steps, with the phases marked.

    Args:
        plan: what to draw.
        title: above it.
        width: of the terminal, in characters.
    """
    inner = max(width, NARROWEST) - MARGIN - 2
    drawn = curves(plan)
    parts = [f"{title}   {plan.total_steps:,} steps   fingerprint {plan.fingerprint}", ""]
    for curve in drawn:
        parts += [_draw_curve(curve, plan, inner), ""] if not curve.is_flat else []
    held = [f"{curve.name} = {short(curve.values[0])}" for curve in drawn if curve.is_flat]
    parts += ["throughout: " + ", ".join(held), ""] if held else []
    parts += [_phase_table(plan)]
    return "\n".join(parts)


def _draw_curve(curve: Curve, plan: Plan, width: int) -> str:
    last = plan.total_steps - 1 or 1
    low, high = min(0.0, *curve.values), max(curve.values)
    canvas = dots.empty(width, HEIGHT, last=last, low=low, high=high)
    for start in plan.starts[1:]:
        _dotted(canvas, start, low, high)
    points = list(zip(curve.steps, curve.values, strict=True))
    for (x0, y0), (x1, y1) in pairwise(points):
        canvas.line(x0, y0, x1, y1)
    rows = canvas.plot().splitlines()
    labels = {0: short(high), len(rows) - 1: short(low)}
    body = [f"{labels.get(i, ''):>{MARGIN - 1}} │{row}" for i, row in enumerate(rows)]
    axis = " " * MARGIN + "└" + "─" * width
    ends = f"{'0':<{width // 2}}{plan.total_steps:>{width - width // 2},}"
    return "\n".join([f"{curve.name:>{MARGIN - 1}}", *body, axis, " " * (MARGIN + 1) + ends])


def _dotted(canvas: plotille.Canvas, step: int, low: float, high: float) -> None:
    for i in range(HEIGHT * 2):
        canvas.point(step, low + (high - low) * i / (HEIGHT * 2 - 1))


def _phase_table(plan: Plan) -> str:
    rows = [("phase", "steps", "epochs", "what changes")]
    ends = (*plan.starts[1:], plan.total_steps)
    for phase, start, end in zip(plan.phases, plan.starts, ends, strict=True):
        rows.append((phase.name, f"{start:,} to {end:,}", _epochs(plan, start, end), _says(phase)))
    widths = [max(len(row[i]) for row in rows) for i in range(3)]
    return "\n".join(
        f"{name:<{widths[0]}}  {steps:>{widths[1]}}  {epochs:>{widths[2]}}  {says}".rstrip()
        for name, steps, epochs, says in rows
    )


def _epochs(plan: Plan, start: int, end: int) -> str:
    if plan.horizon.samples is None or plan.horizon.batch is None:
        return ""
    length = plan.horizon.steps_per_epoch
    return f"{float(start / length):.4g} to {float(end / length):.4g}"


def _says(phase: Phase) -> str:
    return ", ".join(
        f"{name} {short(shape.value) if isinstance(shape, Constant) else shape}"
        for name, shape in phase.values
    )
