"""A model's skill in the terminal."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.table import Table


def print_skill(table: dict[str, Any], console: Console) -> None:
    """RMSE of every field at every lead time, next to persistence and climatology, and a summary.

    Args:
        table: of `Skill.as_table`.
        console: where to print.
    """
    hours = [f"{lead:g} h" for lead in table["lead_hours"]]
    shown = Table(title="RMSE: model / persistence / climatology", title_justify="left", box=None)
    shown.add_column("variable", no_wrap=True)
    shown.add_column("hPa", justify="right")
    for name in hours:
        shown.add_column(name, justify="right", no_wrap=True)
    for i, channel in enumerate(table["channels"]):
        cells = [
            " / ".join(_figure(table["rmse"][name][lead][i]) for name in table["rmse"])
            for lead in range(len(hours))
        ]
        level = "" if channel["level"] is None else str(channel["level"])
        shown.add_row(channel["variable"], level, *cells)
    console.print(shown, soft_wrap=True)
    console.print()
    for line in summary(table):
        console.print(line, soft_wrap=True, highlight=False)


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
