"""A canvas of dots, braille characters, whose highest and last dots are drawn."""

from __future__ import annotations

import plotille


def empty(width: int, height: int, *, last: float, low: float, high: float) -> plotille.Canvas:
    """An empty canvas over steps from 0 to the last and values from low to high.

    plotille leaves out what is at the very end of an axis. Its axes end a dot later here:

        end = low + (high - low) * n / (n - 1),   of n dots

    Args:
        width: in characters, of 2 dots.
        height: in characters, of 4 dots.
        last: step at the right, above 0.
        low: value at the bottom.
        high: value at the top, above it.
    """
    across, up = 2 * width, 4 * height
    return plotille.Canvas(
        width,
        height,
        xmin=0,
        xmax=last * across / (across - 1),
        ymin=low,
        ymax=low + (high - low) * (up / (up - 1)),
    )
