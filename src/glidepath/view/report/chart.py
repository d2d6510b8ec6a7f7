"""A chart of the page, as plotly's script takes it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from glidepath.view.report.safe import as_label
from glidepath.view.series import drawable, thinned

MOST_POINTS = 2_000
"""Of a line: about two for each dot of a wide screen."""
DIGITS = 6
COLOURS = 8
"""Colours of lines that the page's style has, in light and in dark, `--line-0` and so on."""
HEIGHT = 280
ROOM = 0.01
"""Beyond the first and the last step, as a share of them."""
FEW_STEPS = 8
"""Of which each has its number: ticks between them would be none."""
FEW_DECADES, MANY_DECADES = 10.0**2.5, 1e8


@dataclass(frozen=True)
class Chart:
    """A chart, whose colours may be names of the page's style, such as "var(--line-0)".

    Attributes:
        title: above it; a text, not HTML.
        traces: of plotly; texts in them are labels, see `safe.as_label`.
        layout: of plotly, over what all charts of the page have.
        height: in pixels.
        note: below the title; a text.
        is_over_steps: whether its horizontal axis is the run's steps; such have the same range,
            and are zoomed together.
        is_wide: whether it takes the width of the page.
    """

    title: str
    traces: Sequence[dict[str, Any]]
    layout: dict[str, Any] = field(default_factory=dict)
    height: int = HEIGHT
    note: str = ""
    is_over_steps: bool = True
    is_wide: bool = False

    def as_table(self, last: int) -> dict[str, Any]:
        """What the page's script needs.

        Args:
            last: step at which the axes of steps end.
        """
        axis = {"xaxis": steps_axis(last) | self.layout.get("xaxis", {})}
        return {
            "data": list(self.traces),
            "layout": self.layout | (axis if self.is_over_steps else {}),
            "height": self.height,
            "overSteps": self.is_over_steps,
        }


def colour(index: int) -> str:
    """The colour of the run or the line of a number."""
    return f"var(--line-{index % COLOURS})"


def line(
    name: str,
    steps: np.ndarray,
    values: np.ndarray,
    look: dict[str, Any],
    *,
    positive: bool = False,
    **more: Any,
) -> dict[str, Any]:
    """A line through the finite points, as few as can be told apart.

    Args:
        name: in the legend.
        steps: `[points]`, ascending.
        values: `[points]`.
        look: of the line: color, width, dash, shape.
        positive: whether the axis is logarithmic, where nothing else can be drawn.
        **more: of the trace.
    """
    steps, values = drawable(steps, values)
    if positive:
        steps, values = steps[values > 0], values[values > 0]
    steps, values = thinned(steps, values, MOST_POINTS)
    return {
        "type": "scatter",
        "mode": "lines" if len(steps) > 1 else "markers",
        "name": as_label(name),
        "x": [int(step) for step in steps],
        "y": [rounded(value) for value in values],
        "line": look,
        "marker": {"color": look["color"]},
        "hovertemplate": "%{y:.4~g}",
        **more,
    }


def steps_axis(last: int) -> dict[str, Any]:
    """The axis from the first step to the last, with a little room for marks at its ends."""
    room = ROOM * max(1, last)
    few = {"dtick": 1} if last <= FEW_STEPS else {}
    return {"range": [-room, max(1, last) + room]} | few


def rounded(value: float) -> float:
    """As many digits as can be told apart in a chart."""
    return float(f"{value:.{DIGITS}g}")


def values_axis(values: Sequence[np.ndarray], factor: float = 5.0) -> dict[str, Any]:
    """The axis of some values: logarithmic for positive ones that differ by more than a factor.

    On few decades 1, 2 and 5 have numbers; on many the powers of ten.
    """
    some = [one[np.isfinite(one)] for one in values]
    everything = np.concatenate(some) if some else np.zeros(0)
    if not len(everything) or everything.min() <= 0:
        return {"type": "linear"}
    span = float(everything.max() / everything.min())
    if span <= factor:
        return {"type": "linear"}
    if span > MANY_DECADES:
        return {"type": "log"}
    return {"type": "log"} | (
        {"dtick": "D2", "tickformat": "~g"} if span < FEW_DECADES else {"dtick": 1}
    )
