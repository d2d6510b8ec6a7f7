"""`glidepath find-lr`: which learning rate to begin with."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from glidepath.cli.bundles import bundled, option
from glidepath.cli.graphcast_options import DEFAULT_PLAN, SHARED, asked_for

if TYPE_CHECKING:
    from glidepath.diagnosis.finding_rates import RateSweep
    from glidepath.view.progress import Activity
    from glidepath.weather.starting import Wanted

app = typer.Typer(help="Find a learning rate to begin with.", no_args_is_help=True)

Lowest = option(float, "The rate of the first update.")
Highest = option(float, "The rate of the last.")
Steps = option(int, "Updates, at least 10.")
Out = option(Path, "The figure: a .png, .svg or .pdf file.")
JsonFile = option(Path | None, "Also write everything as JSON.", "--json")


@app.callback()
def find_lr() -> None:
    """Find a learning rate to begin with."""


@app.command("graphcast")
@bundled(model=SHARED)
def graphcast(
    model: dict[str, Any],
    lowest: Lowest = 1e-6,
    highest: Highest = 1.0,
    steps: Steps = 100,
    out: Out = Path("find-lr.png"),
    json_file: JsonFile = None,
) -> None:
    """Try rising rates on fresh GraphCast, one update each; the plan gives all but the rate."""
    from glidepath.cli.errors import needs, options
    from glidepath.cli.files_to_write import check_files
    from glidepath.diagnosis.finding_rates.settings import check_rates

    check_files({"--out": out, "--json": json_file})
    with options(lowest="--lowest", highest="--highest", num_steps="--steps"):
        check_rates(lowest, highest, steps)
    with needs("weather"):
        from glidepath.view import figures

        figures.check_suffix(out)
        sweep = _sweep(*asked_for(model), lowest=lowest, highest=highest, num_steps=steps)
        _show(sweep, out, json_file)


def _sweep(name: str | None, asked: Wanted, **how: Any) -> RateSweep:
    from rich.console import Console

    from glidepath.cli.plans import plan_named
    from glidepath.diagnosis.finding_rates import find_rate
    from glidepath.training.batches import rollout_at
    from glidepath.training.how import How
    from glidepath.training.trial import batches, make_trial
    from glidepath.training.update import initial_state
    from glidepath.view.progress import Activity
    from glidepath.weather.starting import prepare

    plan = plan_named(name or DEFAULT_PLAN)
    with Activity(Console(highlight=False)) as activity:
        run = prepare(
            plan,
            asked,
            lead=None,
            progress=activity,
            tell=activity.say,
            how=How(),
            num_steps=None,
        )
        seed = run.settings.seed
        return find_rate(
            make_trial(run.problem, plan),
            initial_state(run.problem, plan, seed),
            batches(run.problem, rollout_at(plan, 0), seed, run.settings.batch),
            tell=_teller(activity, how["num_steps"]),
            **how,
        )


def _teller(activity: Activity, num_steps: int) -> Any:
    """What shows how far the sweep is."""
    from glidepath.view.curves import short

    def tell(index: int, rate: float, loss: float) -> None:
        activity("sweep", index + 1, num_steps, f"lr {short(rate)}  loss {loss:.4f}")

    return tell


def _show(sweep: RateSweep, out: Path, json_file: Path | None) -> None:
    from glidepath.view import figures
    from glidepath.view.rate_figure import rate_figure

    typer.echo(sweep.words())
    figures.save(rate_figure(sweep, "Rising rates on fresh GraphCast"), out)
    typer.echo(f"figure: {out}")
    if json_file:
        json_file.write_text(json.dumps(sweep.as_table(), indent=1) + "\n", encoding="utf-8")
        typer.echo(f"wrote {json_file}")
