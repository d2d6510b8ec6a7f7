"""Figures that explain: schedules side by side, one on top of another, and what a run heard."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from glidepath.plan import Phase, Plan, Schedule
from glidepath.plan.coverage import Draws, coverage
from glidepath.view.colours import BLUE, CYCLE, GREY, ORANGE
from glidepath.view.curves import Curve, curves, short
from glidepath.view.figures import plan_figure

RESOLUTION = 2_000
FEW_STEPS = 40
"""Up to so many, each step is drawn as one."""

STYLES = ("-", "--", "-.", ":")
WIDEST_SPREAD = 4
"""Standard deviations to each side of the mean that a distribution is drawn over."""


def gallery(
    schedules: Mapping[str, Schedule], num_steps: int, *, title: str = "", per: str = "step"
) -> Figure:
    """Small multiples: one panel for each schedule, on axes of one kind.

    Args:
        schedules: by the names that stand above the panels.
        num_steps: how much of each is drawn, from step 0 on.
        title: above the figure, if any.
        per: "step", or "epoch" for an axis in epochs, which the schedules' horizons must know.
    """
    columns = 3 if len(schedules) in (3, 5, 6, 9) else min(4, len(schedules))
    rows = -(-len(schedules) // columns)
    figure, panels = plt.subplots(
        rows,
        columns,
        figsize=(7, 0.6 + 1.15 * rows),
        sharex=True,
        squeeze=False,
        layout="constrained",
    )
    for panel in panels.flat[len(schedules) :]:
        panel.set_visible(False)
    for panel, (name, schedule) in zip(panels.flat, schedules.items(), strict=False):
        _draw(panel, schedule, num_steps, per, color=BLUE)
        _dress(panel, schedule, num_steps, per)
        panel.set_title(name, fontsize=8)
        panel.tick_params(labelsize=7)
        panel.locator_params(nbins=4)
    figure.supxlabel(per, fontsize=9)
    _entitle(figure, title)
    return figure


def overlay(
    schedules: Mapping[str, Schedule], num_steps: int, title: str = "", *, per: str = "step"
) -> Figure:
    """Schedules in one panel, with a legend.

    Args:
        schedules: by the names that stand in the legend.
        num_steps: how much of each is drawn, from step 0 on.
        title: above the figure, if any.
        per: "step", or "epoch" for an axis in epochs, which the schedules' horizons must know.
    """
    figure, panel = plt.subplots(figsize=(7, 2.7), layout="constrained")
    for i, (name, schedule) in enumerate(schedules.items()):
        style = STYLES[i // len(CYCLE) % len(STYLES)]
        _draw(panel, schedule, num_steps, per, color=CYCLE[i % len(CYCLE)], label=name, ls=style)
    _dress(panel, next(iter(schedules.values())), num_steps, per)
    panel.set_xlabel(per)
    panel.legend(frameon=False, fontsize=8, loc="center left", bbox_to_anchor=(1.0, 0.5))
    _entitle(figure, title)
    return figure


def listening_figure(
    plan: Plan, measurements: Iterable[tuple[int, Mapping[str, float]]], metric: str, title: str
) -> Figure:
    """A plan with its events, and above it the metric that it listened to.

    Args:
        plan: with the events that came of the measurements.
        measurements: (updates done, metrics by name), as a listener heard them.
        metric: the one to draw.
        title: above the figure.
    """
    figure = plan_figure(plan, title)
    heard = [(step, measured[metric]) for step, measured in measurements if metric in measured]
    panels = figure.axes
    figure.set_size_inches(8, 1.4 + 1.9 * (len(panels) + 1))
    grid = figure.add_gridspec(len(panels) + 1, 1)
    for i, panel in enumerate(panels):
        panel.set_subplotspec(grid[i + 1])
    above = figure.add_subplot(grid[0], sharex=panels[0])
    above.plot(*zip(*heard, strict=True), ".-", color=ORANGE, linewidth=1.0, markersize=4)
    above.set_ylabel(metric)
    above.tick_params(labelbottom=False)
    above.spines[["top", "right"]].set_visible(False)
    for event in plan.events:
        for panel in (above, *panels):
            panel.axvline(event.step, color=GREY, linewidth=0.8, linestyle="--")
    figure.align_ylabels()
    return figure


def coverage_figure(plans: Mapping[str, Plan]) -> Figure:
    """How often samples are drawn: at random, as a distribution, and in epochs, as lines.

    Args:
        plans: by the names that stand above the panels; their horizons know samples and batch.
    """
    figure, panels = plt.subplots(
        1, len(plans), figsize=(4 * len(plans), 3.0), squeeze=False, layout="constrained"
    )
    for panel, (name, plan) in zip(panels[0], plans.items(), strict=True):
        _draw_draws(panel, coverage(plan).whole, plan.horizon.samples or 1)
        panel.set_title(name, fontsize=9)
        panel.set_xlabel("times that a sample is drawn")
    panels[0, 0].set_ylabel("share of the samples")
    panels[0, -1].legend(frameon=False, fontsize=8, loc="upper right")
    return figure


def _curve(schedule: Schedule, num_steps: int) -> Curve:
    """A schedule as points, by way of a plan that has nothing else."""
    value = Schedule(schedule.term).lasting(num_steps)
    phase = Phase("all", num_steps, value=value)
    plan = Plan(phase, horizon=schedule.horizon, quantities=["value"])
    return curves(plan, resolution=RESOLUTION)[0]


def _draw(
    panel: Any, schedule: Schedule, num_steps: int, per: str, *, ls: str = "-", **look: Any
) -> None:
    curve = _curve(schedule, num_steps)
    length = _length_of(schedule, per)
    times = [step / length for step in curve.steps]
    values = curve.values
    if num_steps <= FEW_STEPS:
        panel.plot(times, values, "o", markersize=3, color=look["color"], clip_on=False)
        times, values = [*times, num_steps / length], [*values, values[-1]]
        look["drawstyle"] = "steps-post"
    panel.plot(times, values, ls, linewidth=1.6, **look)


def _length_of(schedule: Schedule, per: str) -> float:
    """The steps in what the axis counts."""
    return float(schedule.horizon.steps_per_epoch) if per == "epoch" else 1.0


def _dress(panel: Any, schedule: Schedule, num_steps: int, per: str) -> None:
    """Axes that begin at 0, with few and short numbers, and end where the run does."""
    end = num_steps / _length_of(schedule, per)
    panel.set_xlim(0.0, max(end, round(end, 1)))
    panel.set_ylim(bottom=min(0.0, panel.dataLim.ymin))
    is_long = per == "step" and num_steps > FEW_STEPS
    panel.xaxis.set_major_formatter(lambda x, _: f"{x:,.0f}" if is_long else f"{x:g}")
    panel.yaxis.set_major_formatter(lambda y, _: short(y))
    panel.spines[["top", "right"]].set_visible(False)


def _entitle(figure: Figure, title: str) -> None:
    if title:
        figure.suptitle(title, x=0.02, ha="left", fontweight="bold", fontsize=11)


def _draw_draws(panel: Any, draws: Draws, samples: int) -> None:
    num = round(draws.mean * samples)
    lowest = max(0, math.floor(draws.mean - WIDEST_SPREAD * draws.spread))
    highest = min(num, math.ceil(draws.mean + WIDEST_SPREAD * draws.spread))
    times = range(lowest, highest + 1)
    shares = [_binomial(k, num, 1 / samples) for k in times]
    panel.bar(times, shares, width=1.0 if len(times) > FEW_STEPS else 0.8, color=BLUE,
              label="random draws")  # fmt: skip
    for i, k in enumerate(sorted({math.floor(draws.mean), math.ceil(draws.mean)})):
        label = "in epochs" if i == 0 else None
        panel.axvline(k, color=ORANGE, linewidth=1.4, linestyle="--", label=label)
    panel.yaxis.set_major_formatter(lambda y, _: f"{y:.3g}")
    panel.set_ylim(0, 1.35 * max(shares))
    panel.spines[["top", "right"]].set_visible(False)


def _binomial(k: int, n: int, p: float) -> float:
    """The chance of k draws of one sample among n, each of chance p."""
    ways = math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
    return math.exp(ways + k * math.log(p) + (n - k) * math.log1p(-p))
