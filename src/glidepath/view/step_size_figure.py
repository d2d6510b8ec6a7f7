"""The effective step sizes of an adaptive optimizer over a run, next to the nominal rate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from glidepath.record import History
from glidepath.view.colours import BLUE, CYCLE, GREY, PHASE_TINTS
from glidepath.view.curves import short

BAND = "5 to 95 % of the elements"
MOST_PANELS = 9
LARGEST = 0.25
"""Of the arrays: a larger group is cut into those whose names begin alike for longer."""
DECAY = 0.01
"""Of the peak: so far down a rate that decays is drawn."""
FEW_LOOKS = 30
"""Up to so many, each look is drawn as a point."""


def step_size_figure(history: History, title: str) -> Figure:
    """One panel for every array, or group of arrays where there are many.

    A line is the median of the elements' step sizes, a band goes from their 5th to their 95th
    percentile; of a group, the median of medians, and the lowest and the highest. The nominal rate
    is a dashed line. The stretch in which the second moment is cold is tinted.

    Args:
        history: with step sizes.
        title: above the figure.
    Raises:
        ValueError: if the record has no step sizes.
    """
    _check(history, "the record")
    found = _groups(history)
    groups = _spread(found, MOST_PANELS)
    shown = (
        f"   ({len(groups)} of {len(found)} groups of arrays)" if len(groups) < len(found) else ""
    )
    panels, figure = _panels(len(groups), title + shown)
    for panel, (name, arrays) in zip(panels, groups.items(), strict=True):
        _draw_cold(panel, history)
        _draw_rate(panel, history)
        _draw_sizes(panel, history, arrays, BLUE, ("median", BAND))
        panel.set_title(name if len(arrays) == 1 else f"{name}, {len(arrays)} arrays", fontsize=8)
    _dress(figure, panels, _lowest(history))
    return figure


def step_size_comparison(runs: Mapping[str, History], title: str) -> Figure:
    """One panel for every run, such as the same one with several optimizers.

    Args:
        runs: by the names that stand above the panels; of up to four arrays each is drawn in a
            colour of its own, more are drawn as one group.
        title: above the figure.
    Raises:
        ValueError: if a record has no step sizes.
    """
    for name, history in runs.items():
        _check(history, name)
    panels, figure = _panels(len(runs), title)
    for panel, (run, history) in zip(panels, runs.items(), strict=True):
        _draw_cold(panel, history)
        _draw_rate(panel, history)
        groups = _known(history)
        if len(groups) > len(CYCLE):
            groups = {"median": [i for one in groups.values() for i in one]}
        for colour, (name, arrays) in zip(CYCLE, groups.items(), strict=False):
            _draw_sizes(panel, history, arrays, colour, (name, None))
        panel.set_title(run, fontsize=9)
    _dress(figure, panels, min(map(_lowest, runs.values())))
    return figure


def _check(history: History, name: str) -> None:
    if not len(history.looks) or np.isnan(history.looks.step_sizes()).all():
        raise ValueError(
            f"{name} has no step sizes: give `step_sizes=` to `Recorder.log` or `summarize`"
        )


def _known(history: History) -> dict[str, list[int]]:
    """Arrays that have step sizes, each by itself.

    Those that never had a gradient are left out, unless all are so: rate / eps, a step that is
    never taken, would stretch the axis.
    """
    is_known = ~np.isnan(history.looks.step_sizes()).all(axis=(0, 2))
    is_idle = (history.looks.figure("gradient_zeros") == 1).all(axis=0)
    drawn = is_known & ~is_idle if (is_known & ~is_idle).any() else is_known
    return {name: [i] for i, name in enumerate(history.looks.arrays) if drawn[i]}


def _groups(history: History) -> dict[str, list[int]]:
    """Few arrays each by itself; of many those whose names begin alike, in the model's order."""
    known = _known(history)
    if len(known) <= MOST_PANELS:
        return known
    groups, most = {"": list(known)}, LARGEST * len(known)
    for depth in range(1, 2 + max(name.count("/") for name in known)):
        cut = (
            _cut(names, depth) if len(names) > most else {group: names}
            for group, names in groups.items()
        )
        groups = {group: names for part in cut for group, names in part.items()}
    return {group: [i for name in names for i in known[name]] for group, names in groups.items()}


def _cut(names: Sequence[str], depth: int) -> dict[str, list[str]]:
    """Names by the first so many parts of them."""
    groups: dict[str, list[str]] = {}
    for name in names:
        groups.setdefault("/".join(name.split("/")[:depth]), []).append(name)
    return groups


def _spread(groups: dict[str, list[int]], most: int) -> dict[str, list[int]]:
    """At most so many of them, from the first to the last."""
    if len(groups) <= most:
        return groups
    names = list(groups)
    kept = np.linspace(0, len(names) - 1, most).round().astype(int)
    return {names[i]: groups[names[i]] for i in kept}


def _panels(number: int, title: str) -> tuple[list[Any], Figure]:
    columns = number if number < 4 else 2 if number == 4 else 3
    rows = -(-number // columns)
    figure = Figure(
        figsize=(max(4.5, 0.8 + 2.6 * columns), 1.1 + 1.75 * rows), layout="constrained"
    )
    grid = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
    for panel in grid.flat[number:]:
        panel.set_visible(False)
    figure.suptitle(title, x=0.02, ha="left", fontweight="bold", fontsize=11)
    return list(grid.flat[:number]), figure


def _draw_sizes(
    panel: Any,
    history: History,
    arrays: Sequence[int],
    colour: str,
    labels: tuple[str, str | None],
) -> None:
    """A line and a band of a group of arrays; the labels are theirs."""
    looks = history.looks
    sizes = looks.step_sizes()[:, arrays]
    # A size of 0 has no place on a logarithmic axis: the rate was 0.
    sizes = np.where(sizes > 0, sizes, np.nan)
    is_known = ~np.isnan(sizes).all(axis=(1, 2))
    steps, sizes = looks.steps[is_known], sizes[is_known]
    middle = np.nanmedian(sizes[:, :, 1], axis=1)
    low, high = np.nanmin(sizes[:, :, 0], axis=1), np.nanmax(sizes[:, :, 2], axis=1)
    panel.fill_between(steps, low, high, color=colour, alpha=0.2, linewidth=0, label=labels[1])
    marker = "o" if len(steps) <= FEW_LOOKS else ""
    panel.plot(
        steps, middle, color=colour, linewidth=1.5, marker=marker, markersize=2.5, label=labels[0]
    )


def _draw_rate(panel: Any, history: History) -> None:
    steps, rates = history.known("lr")
    is_drawn = rates > 0
    panel.plot(
        steps[is_drawn], rates[is_drawn], "--", color=GREY, linewidth=1.2, label="nominal rate"
    )


def _draw_cold(panel: Any, history: History) -> None:
    """Tint the updates at which the second moment has seen less than it remembers."""
    memory, steps = history.looks.memory, history.looks.steps
    known = np.isfinite(memory)
    if (memory < 1).any():
        warm = np.interp(1.0, memory[known], steps[known], right=history.num_done)
        panel.axvspan(0, warm, color=PHASE_TINTS[0], zorder=0, label="second moment cold")


def _lowest(history: History) -> float:
    """Where the axis ends: rates that go to 0 would have it go on for decades."""
    steps, rates = history.known("lr")
    peak = float(rates.max(initial=0.0)) or 1.0
    at_looks = np.interp(history.looks.steps, steps, rates) if len(steps) else np.ones(1)
    lows = history.looks.step_sizes()[:, :, 0]
    with np.errstate(divide="ignore", invalid="ignore"):
        at_peak = lows * (peak / at_looks[:, None])
    some = at_peak[np.isfinite(at_peak) & (at_peak > 0)]
    return DECAY * min(peak, float(some.min(initial=peak)))


def _dress(figure: Figure, panels: Sequence[Any], lowest: float) -> None:
    for panel in panels:
        panel.set_yscale("log")
        panel.xaxis.set_major_formatter(lambda x, _: f"{x:,.0f}")
        panel.yaxis.set_major_formatter(lambda y, _: short(y))
        panel.yaxis.set_minor_formatter("")
        panel.tick_params(labelsize=7)
        panel.locator_params(axis="x", nbins=4)
        panel.spines[["top", "right"]].set_visible(False)
        panel.margins(x=0)
        panel.set_xlim(left=0)
        panel.set_ylim(bottom=lowest)
    for panel in panels[-panels[0].get_gridspec().ncols :]:  # the lowest one of every column
        panel.set_xlabel("step", fontsize=8)
        panel.tick_params(labelbottom=True)
    figure.supylabel("effective step size", fontsize=9)
    pairs = (zip(*panel.get_legend_handles_labels(), strict=True) for panel in panels)
    handles = {label: handle for pair in pairs for handle, label in pair}
    figure.legend(
        list(handles.values()),
        list(handles),
        loc="outside lower center",
        ncols=4,
        frameon=False,
        fontsize=8,
    )
