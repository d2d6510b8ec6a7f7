"""The single arrays over the run, as maps: a row for each array, a column for each look."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from glidepath.record.looks import Looks
from glidepath.view.curves import short
from glidepath.view.report.chart import Chart, line, values_axis
from glidepath.view.report.figure_charts import USUAL_RATIO
from glidepath.view.report.run import Run
from glidepath.view.report.safe import as_label

MOST_COLUMNS = 240
"""Looks that are shown, evenly spread."""
TALLEST, ROW = 760, 24
"""Of a map and of a row, in pixels; rows of many arrays are lower."""
LABEL_HEIGHT = 13
LONGEST_LABEL = 36
OUTLIERS = 1.0
"""Percent at each end that share the colour of the next: one array must not hide all others."""
BLANK = "Blank: exactly 0, or not recorded."


def layer_charts(run: Run) -> Iterator[Chart]:
    """Maps of update ratios, gradient norms and step sizes, as far as they were recorded."""
    looks = run.history.looks
    if not len(looks):
        return
    norms, updates = looks.figure("norm"), looks.figure("update_norm")
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = updates / norms
    note = f"Norm of each array's update over that of the array; {USUAL_RATIO}"
    yield from _map(looks, "update ratio", ratios, note)
    yield from _map(looks, "gradient norm", looks.figure("gradient_norm"), "L2, of each array.")
    sizes = looks.step_sizes()
    if np.isfinite(sizes).any():
        yield _distribution(run, looks, sizes)
        yield from _map(looks, "effective step size", sizes[:, :, 1], "The median of each array.")


def _map(looks: Looks, title: str, values: np.ndarray, note: str) -> Iterator[Chart]:
    """A map on logarithmic colours; nothing where nothing is positive.

    Args:
        looks: with the steps and the names.
        title: of the chart.
        values: `[looks, arrays]`.
        note: of the chart.
    """
    columns = _spread(len(looks))
    with np.errstate(divide="ignore", invalid="ignore"):
        logarithms = np.where(values > 0, np.log10(values), np.nan)[columns].T
    finite = logarithms[np.isfinite(logarithms)]
    if not len(finite):
        return
    low, high = np.percentile(finite, [OUTLIERS, 100 - OUTLIERS])
    low, high = (low, high) if high - low > 0.1 else (low - 0.05, high + 0.05)
    rows = min(TALLEST, ROW * len(looks.arrays))
    names = [as_label(name) for name in looks.arrays]
    trace = {
        "type": "heatmap",
        "x": looks.steps[columns].tolist(),
        "y": names,
        "z": [[_digit(one) for one in row] for row in logarithms],
        "zmin": _digit(low),
        "zmax": _digit(high),
        "colorscale": "Viridis",
        "hoverongaps": False,
        "hovertemplate": "%{y}<br>step %{x:,}: 1e%{z:.2f}<extra></extra>",
        "colorbar": _scale(float(low), float(high)),
    }
    layout = {"yaxis": _rows_axis(looks.arrays, rows), "hovermode": "closest"}
    height = rows + 90
    yield Chart(title, [trace], layout, height=height, note=f"{note} {BLANK}", is_wide=True)


def _spread(count: int) -> np.ndarray:
    return np.unique(np.linspace(0, count - 1, min(count, MOST_COLUMNS)).round().astype(int))


def _digit(value: float) -> float | None:
    return round(float(value), 3) if math.isfinite(value) else None


def _scale(low: float, high: float) -> dict[str, Any]:
    """The scale beside a map, in the numbers whose logarithms are drawn."""
    step = max(1, round((high - low) / 5))
    whole = [float(one) for one in range(math.ceil(low), math.floor(high) + 1, step)]
    ticks = whole if len(whole) > 1 else [low, (low + high) / 2, high]
    return {
        "tickvals": ticks,
        "ticktext": [short(10.0**tick) for tick in ticks],
        "thickness": 12,
        "outlinewidth": 0,
        "len": 1,
        "lenmode": "fraction",
    }


def _rows_axis(names: Sequence[str], height: int) -> dict[str, Any]:
    labels = row_labels(names, max(1, height // LABEL_HEIGHT))
    return {
        "type": "category",
        "autorange": "reversed",
        "tickmode": "array",
        "tickvals": [as_label(name) for name in labels],
        "ticktext": [as_label(_shortened(text)) for text in labels.values()],
        "ticks": "",
        "showgrid": False,
        "fixedrange": len(names) < 20,
    }


def row_labels(names: Sequence[str], most: int) -> dict[str, str]:
    """Which rows are labelled, and how: all, or the first of each group of neighbours.

    Args:
        names: of the arrays, parts of a path that are joined by "/".
        most: labels that there is room for.
    Returns:
        Labels by the names of their rows. Groups are of the longest common beginnings that leave
        few enough of them; where none do, every so many rows have a label.
    """
    if len(names) <= most:
        return {name: name for name in names}
    paths = [name.split("/") for name in names]
    for depth in range(max(map(len, paths)), 0, -1):
        heads: dict[str, str] = {}
        before = None
        for name, path in zip(names, paths, strict=True):
            group = path[:depth]
            if group != before:
                heads[name] = "/".join(group)
            before = group
        if len(heads) <= most:
            return heads
    every = -(-len(names) // most)
    return {name: name for name in names[::every]}


def _shortened(text: str) -> str:
    return text if len(text) <= LONGEST_LABEL else "…" + text[1 - LONGEST_LABEL :]


def _distribution(run: Run, looks: Looks, sizes: np.ndarray) -> Chart:
    """The step sizes of all arrays over the run, next to the rate."""
    columns = _spread(len(looks))
    steps, shown = looks.steps[columns], sizes[columns]
    there = np.isfinite(shown).any(axis=(1, 2))
    steps, shown = steps[there], shown[there]
    band = {"color": run.colour, "width": 0}
    low = line("5th percentile", steps, np.nanmin(shown[:, :, 0], 1), band, positive=True)
    high = line("95th percentile", steps, np.nanmax(shown[:, :, 2], 1), band, positive=True)
    middle = np.nanmedian(shown[:, :, 1], 1)
    fill = {"fill": "tonexty", "fillcolor": "var(--band)", "showlegend": False}
    traces = [
        low | {"showlegend": False, "mode": "lines"},
        high | fill | {"mode": "lines"},
        line("median", steps, middle, {"color": run.colour, "width": 2}, positive=True),
    ]
    if len(run.history.known("lr")[0]):
        rate = {"color": "var(--line-1)", "width": 1.5, "dash": "dash"}
        traces.append(line("lr", *run.history.known("lr"), rate, positive=True))
    note = (
        "What one unit of the gradient moves a parameter by: the rate over the root of the second "
        "moment. Band: from the lowest 5th to the highest 95th percentile of an array."
    )
    layout = {"yaxis": values_axis([shown[shown > 0]])}
    return Chart("effective step sizes", traces, layout, note=note, is_wide=True)
