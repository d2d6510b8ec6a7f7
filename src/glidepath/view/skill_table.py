"""A model's skill in the terminal."""

from __future__ import annotations

from typing import Any

from rich.console import Console

PLAIN_WIDTH = 120
"""Columns to use where there is no terminal to measure."""

LABEL = "{:<26} {:>4}"
CELL = "{:>7} {:>7} {:>7}"


def print_skill(table: dict[str, Any], console: Console) -> None:
    """RMSE of every field at every lead time, next to persistence and climatology, and a summary.

    Args:
        table: of `Skill.as_table`.
        console: where to print.
    """
    width = console.width if console.is_terminal else PLAIN_WIDTH
    leads = range(len(table["lead_hours"]))
    per_block = max(1, (width - len(LABEL.format("", ""))) // (len(CELL.format("", "", "")) + 3))
    for first in leads[::per_block]:
        for line in _block(table, leads[first : first + per_block]):
            console.print(line, soft_wrap=True, highlight=False, markup=False)
        console.print()
    for line in summary(table):
        console.print(line, soft_wrap=True, highlight=False, markup=False)


def _block(table: dict[str, Any], leads: range) -> list[str]:
    heads = [f"{table['lead_hours'][lead]:g} h" for lead in leads]
    names = CELL.format("model", "persist", "climate")
    lines = [
        "   ".join([LABEL.format("RMSE", "hPa"), *(f"{head:^{len(names)}}" for head in heads)]),
        "   ".join([LABEL.format("", ""), *(names for _ in heads)]),
    ]
    for i, channel in enumerate(table["channels"]):
        level = "" if channel["level"] is None else channel["level"]
        cells = [
            CELL.format(*(_figure(table["rmse"][name][lead][i]) for name in table["rmse"]))
            for lead in leads
        ]
        lines.append("   ".join([LABEL.format(channel["variable"], level), *cells]))
    return lines


def summary(table: dict[str, Any]) -> list[str]:
    """A line for every lead time, and one on what was judged."""
    count = len(table["channels"])
    lines = [
        f"{table['num_starts']} forecasts from {table['first_start']} to {table['last_start']}, "
        "on times held out of training"
    ]
    for lead, mean, share in zip(
        table["lead_hours"],
        table["mean_over_persistence"],
        table["share_below_persistence"],
        strict=True,
    ):
        below = round(share * count)
        lines.append(
            f"{lead:>5g} h: RMSE is {mean:.3f} of persistence on average, "
            f"below it for {below} of {count} fields"
        )
    return lines


def _figure(value: float) -> str:
    return f"{value:.3g}" if value < 1000 else f"{value:.0f}"
