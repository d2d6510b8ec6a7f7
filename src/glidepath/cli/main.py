"""The command `glidepath`."""

from __future__ import annotations

import sys

import typer

from glidepath.cli import (
    check,
    compare,
    coverage,
    diagnose,
    evaluate,
    find_lr,
    forecast,
    new,
    presets,
    report,
    resume,
    runs,
    schema,
    show,
    sweep,
    train,
    verify,
    watch,
    weather,
)
from glidepath.cli.errors import MissingExtraError

app = typer.Typer(
    name="glidepath",
    help="Train models along a plan: what changes while a model trains, and when.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command("presets")(presets.presets)
app.command("show")(show.show)
app.command("new")(new.new)
app.command("check")(check.check)
app.command("coverage")(coverage.coverage)
app.command("compare")(compare.compare)
app.command("schema")(schema.schema)
app.add_typer(find_lr.app, name="find-lr")
app.add_typer(train.app, name="train")
app.command("resume")(resume.resume)
app.add_typer(sweep.app, name="sweep")
app.command("watch")(watch.watch)
app.command("report")(report.report)
app.command("runs")(runs.runs)
app.command("diagnose")(diagnose.diagnose)
app.command("verify")(verify.verify)
app.command("forecast")(forecast.forecast)
app.command("evaluate")(evaluate.evaluate)
app.add_typer(weather.app, name="weather")


@app.command("version")
def version() -> None:
    """Print the version."""
    import glidepath

    typer.echo(glidepath.__version__)


def main() -> None:
    """Run the command; what a user can mend is told in one line, without a traceback."""
    try:
        app()
    except KeyError as error:
        typer.echo(f"error: {error.args[0]}", err=True)
        sys.exit(1)
    except (ValueError, TypeError, OSError, ArithmeticError, MissingExtraError) as error:
        typer.echo(f"error: {error}", err=True)
        sys.exit(1)
    except KeyboardInterrupt:
        typer.echo("stopped", err=True)
        sys.exit(130)
