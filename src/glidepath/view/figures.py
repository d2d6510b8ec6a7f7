"""Figures as files: a plan, and the skill of a model."""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")

from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from glidepath.plan import Plan
from glidepath.view.colours import BLUE, CYCLE, GREY, PHASE_TINTS
from glidepath.view.curves import Curve, curves, steps_to_draw

SUFFIXES = (".png", ".svg", ".pdf")
DOTS_PER_INCH = 150


def save(figure: Figure, path: Path) -> None:
    """Write a figure.

    Raises:
        ValueError: if the file's suffix is not a figure's.
    """
    check_suffix(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=DOTS_PER_INCH)
    plt.close(figure)


def check_suffix(path: Path) -> None:
    """Refuse a file that no figure can be written to.

    Raises:
        ValueError: with the suffixes that there are.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise ValueError(f"a figure's file must end in {', '.join(SUFFIXES)}, got {path.name!r}")


def plan_figure(plan: Plan, title: str) -> Figure:
    """One panel for every quantity that changes, with the phases as bands."""
    drawn = curves(plan, resolution=2_000)
    changing = [curve for curve in drawn if not curve.is_flat] or drawn
    figure, panels = plt.subplots(
        len(changing),
        figsize=(8, 1.2 + 1.9 * len(changing)),
        sharex=True,
        squeeze=False,
        layout="constrained",
    )
    for panel, curve in zip(panels[:, 0], changing, strict=True):
        _plan_panel(panel, plan, curve)
    _name_phases(panels[0, 0], plan)
    held = [f"{curve.name} = {curve.values[0]:g}" for curve in drawn if curve not in changing]
    panels[-1, 0].set_xlabel("step" + (f"      (throughout: {', '.join(held)})" if held else ""))
    figure.suptitle(title, x=0.02, ha="left", fontweight="bold")
    return figure


def _spans(plan: Plan) -> list[tuple[float, float]]:
    """The first step of each phase and of what follows it."""
    return list(pairwise(map(float, (*plan.starts, plan.total_steps))))


def _plan_panel(panel: Any, plan: Plan, curve: Curve) -> None:
    for i, (start, end) in enumerate(_spans(plan)):
        panel.axvspan(start, end, color=PHASE_TINTS[i % 2], zorder=0)
        if start:
            panel.axvline(start, color=GREY, linewidth=0.6, linestyle=":")
    is_stepped = all(float(value).is_integer() for value in curve.values)
    style = "steps-post" if is_stepped else "default"
    panel.plot(
        [float(step) for step in curve.steps],
        curve.values,
        color=BLUE,
        linewidth=1.6,
        drawstyle=style,
    )
    panel.set_ylabel(curve.name)
    panel.set_xlim(0.0, float(plan.total_steps))
    panel.set_ylim(bottom=min(0, *curve.values))
    panel.xaxis.set_major_formatter(lambda x, _: f"{x:,.0f}")
    if is_stepped:
        panel.yaxis.set_major_locator(MaxNLocator(integer=True))
    panel.spines[["top", "right"]].set_visible(False)


def _name_phases(panel: Any, plan: Plan) -> None:
    """Names above the bands; those of narrow bands step up, out of the way of their neighbours."""
    for i, (phase, (start, end)) in enumerate(zip(plan.phases, _spans(plan), strict=True)):
        share = (end - start) / plan.total_steps
        panel.annotate(
            phase.name,
            ((start + end) / 2, 1.02 if share > 0.15 or i == 0 else 1.12),
            xycoords=("data", "axes fraction"),
            ha="left" if start == 0 and share < 0.15 else "right" if share < 0.15 else "center",
            fontsize=8,
            color="#444444",
        )


def comparison_figure(plans: dict[str, Plan], quantity: str) -> Figure:
    """One quantity of several plans, over the steps.

    Args:
        plans: by name.
        quantity: that all of them have.
    """
    figure, panel = plt.subplots(figsize=(8, 3.4), layout="constrained")
    for i, (name, plan) in enumerate(plans.items()):
        steps = steps_to_draw(plan, resolution=2_000)
        values = [float(plan[quantity](step)) for step in steps]
        style = ("-", "--", "-.", ":")[i // len(CYCLE) % 4]
        panel.plot(steps, values, style, color=CYCLE[i % len(CYCLE)], linewidth=1.6, label=name)
    panel.set_xlabel("step")
    panel.set_ylabel(quantity)
    panel.set_ylim(bottom=min(0, panel.get_ylim()[0]))
    panel.set_xlim(0, max(plan.total_steps for plan in plans.values()))
    panel.xaxis.set_major_formatter(lambda x, _: f"{x:,.0f}")
    panel.spines[["top", "right"]].set_visible(False)
    panel.legend(frameon=False, fontsize=8)
    return figure


def skill_figure(table: dict[str, Any], title: str) -> Figure:
    """RMSE over that of persistence by lead time, one panel for every variable.

    Args:
        table: of `Skill.as_table`.
        title: above the figure.
    """
    by_variable = defaultdict(list)
    for i, channel in enumerate(table["channels"]):
        by_variable[channel["variable"]].append(i)
    columns = min(3, len(by_variable))
    rows = -(-len(by_variable) // columns)
    figure, panels = plt.subplots(
        rows,
        columns,
        figsize=(0.6 + 3.2 * columns, 0.8 + 2.5 * rows),
        sharex=True,
        sharey=True,
        squeeze=False,
        layout="constrained",
    )
    for panel in panels.flat[len(by_variable) :]:
        panel.set_visible(False)
    for panel, (variable, indices) in zip(panels.flat, by_variable.items(), strict=False):
        _skill_panel(panel, table, indices)
        panel.set_title(variable.replace("_", " "), fontsize=9)
    panels[0, 0].legend(frameon=False, fontsize=7)
    figure.supxlabel("lead time [h]", fontsize=9)
    figure.supylabel("RMSE / RMSE of persistence", fontsize=9)
    figure.suptitle(title, x=0.02, ha="left", fontweight="bold")
    return figure


def _skill_panel(panel: Any, table: dict[str, Any], indices: list[int]) -> None:
    hours, rmse = table["lead_hours"], table["rmse"]
    panel.axhline(1.0, color=GREY, linewidth=1.0, label="persistence")
    for name, colour, style in (("model", CYCLE[0], "-"), ("climatology", CYCLE[1], "--")):
        for rank, i in enumerate(indices):
            ratios = [
                ours[i] / theirs[i] if theirs[i] else float("nan")
                for ours, theirs in zip(rmse[name], rmse["persistence"], strict=True)
            ]
            shade = 0.35 + 0.65 * (rank + 1) / len(indices)
            last = rank == len(indices) - 1
            label = name if last else None
            panel.plot(hours, ratios, style, color=colour, alpha=shade, linewidth=1.2, label=label)
    panel.set_yscale("log")
    panel.set_xticks(hours)
    panel.yaxis.set_major_formatter(_label_few)
    panel.yaxis.set_minor_formatter(_label_few)
    panel.spines[["top", "right"]].set_visible(False)


def _label_few(value: float, _: int) -> str:
    """Labels of a logarithmic axis: 1, 2, 3 and 5 of every decade."""
    return f"{value:g}" if f"{value:e}"[0] in "1235" else ""
