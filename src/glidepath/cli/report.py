"""`glidepath report`: runs as a page."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from glidepath.cli.run_named import RunArguments

if TYPE_CHECKING:
    from glidepath.record import History


def report(
    runs: RunArguments,
    out: Annotated[Path, typer.Option(help="The HTML file to write.")] = Path("report.html"),
) -> None:
    """Write one page on runs, which needs no network: plan, losses, layers, findings."""
    from glidepath.cli.errors import needs
    from glidepath.cli.files_to_write import check_files
    from glidepath.cli.run_named import run_named

    check_files({"--out": out})
    histories = _by_their_names({name: run_named(name) for name in runs})
    with needs("figures"):
        from glidepath.view.report import write_report

        write_report(out, histories)
    typer.echo(f"wrote {out}")


def _by_their_names(histories: dict[str, History]) -> dict[str, History]:
    """Runs by the names in their records, where those tell them apart; else as they were given."""
    names = [str(history.header.get("name") or given) for given, history in histories.items()]
    if len(set(names)) < len(names):
        return histories
    return dict(zip(names, histories.values(), strict=True))
