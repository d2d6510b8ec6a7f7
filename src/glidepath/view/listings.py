"""Tables and texts about plans, for the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.markup import escape
from rich.table import Table

from glidepath.plan.checks import Finding
from glidepath.plan.comparison import Compared
from glidepath.plan.coverage import Coverage, Draws
from glidepath.plan.presets import ADVICE, PRESETS
from glidepath.plan.presets.about import summary_of
from glidepath.view.curves import short

COLOUR = {"error": "red", "warning": "yellow", "note": "blue"}


def presets_table() -> Table:
    """Every preset in a line."""
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    for name, preset in PRESETS.items():
        table.add_row(f"[bold]{name}[/bold]", escape(summary_of(preset)))
    return table


def advice_table() -> Table:
    """Which preset to start with, and why."""
    table = Table("to train", "start with", "because", box=None, padding=(0, 2, 0, 0))
    for situation, name, why in ADVICE:
        table.add_row(escape(situation), f"[bold]{name}[/bold]", escape(why))
    return table


def findings_text(findings: Sequence[Finding]) -> str:
    """One paragraph for each finding, as markup."""
    if not findings:
        return "nothing looks wrong with this plan"
    return "\n\n".join(
        f"[{COLOUR[f.level]}]{f.level}[/] [bold]{f.code}[/bold]  {escape(f.place)}\n"
        f"  {escape(f.what)}\n  why: {escape(f.why)}\n  fix: {escape(f.fix)}"
        for f in findings
    )


def coverage_text(found: Coverage) -> Table:
    """How often samples are seen, stretch by stretch, and the advice."""
    table = Table(
        "",
        "updates",
        "draws each",
        "spread",
        "never seen",
        "weighted spread",
        box=None,
        padding=(0, 2, 0, 0),
        caption=f"\nuse [bold]{found.use}[/bold]: {escape(found.because)}\n\n"
        f"the rate changes by more than 1% of its peak inside {found.num_changing:,} of "
        f"{found.num_epochs:,} epochs, most inside epoch {found.changes_most_in:,}, by "
        f"{found.largest_change:.1%}",
        caption_justify="left",
        caption_style="",
    )
    for column in table.columns[1:]:
        column.justify = "right"
    for draws in found.phases:
        table.add_row(f"random, {escape(draws.name)}", *_draws(draws))
    for draws in found.so_far[1:]:
        table.add_row(f"random, to the end of {escape(draws.name)}", *_draws(draws))
    table.add_row("in epochs, all of it", *_draws(found.epochs))
    return table


def _draws(draws: Draws) -> list[str]:
    return [
        f"{draws.num_steps:,}",
        f"{draws.mean:,.1f}",
        f"{draws.spread:,.1f}",
        f"{draws.share_never_seen:.2g}",
        f"{draws.weighted_spread:.1%}",
    ]


def comparison_table(rows: Sequence[Compared], quantity: str) -> Table:
    """One plan in a line."""
    table = Table(
        "plan",
        "steps",
        "peak",
        "last",
        f"sum of {quantity}",
        "above half",
        "first differs",
        "differs most",
        box=None,
        padding=(0, 2, 0, 0),
    )
    for row in rows:
        never = row.first_difference is None
        table.add_row(
            escape(row.name),
            f"{row.total_steps:,}",
            short(row.peak),
            short(row.last),
            short(row.total),
            f"{row.share_above_half:.0%}",
            "never" if never else f"step {row.first_difference:,}",
            "" if never else f"{short(row.largest_difference)} at {row.differs_most_at:,}",
        )
    return table
