"""`glidepath train`: train a model along a plan."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer

from glidepath.cli.bundles import bundled, option
from glidepath.cli.graphcast_options import DEFAULT_PLAN, SHARED, asked_for
from glidepath.cli.training_options import HOW, SESSION

app = typer.Typer(help="Train a model along a plan.", no_args_is_help=True)

Out = option(Path, "The run's directory.")
Resume = option(
    str,
    "What to do with a run in --out: go on from its newest checkpoint (auto), from the one at a "
    "STEP, or never.",
)
AcceptChanges = option(bool, "Go on though plan, batch or data are others than before.")
BranchFrom = option(
    str | None, "Begin with a checkpoint of another run: RUN for its newest, or RUN@STEP."
)


@app.callback()
def train() -> None:
    """Train a model along a plan."""


@app.command("graphcast")
@bundled(model=SHARED, how=HOW, session=SESSION)
def graphcast(
    model: dict[str, Any],
    how: dict[str, Any],
    session: dict[str, Any],
    out: Out = Path("runs/graphcast"),
    resume: Resume = "never",
    accept_changes: AcceptChanges = False,
    branch_from: BranchFrom = None,
) -> None:
    """Train GraphCast along a plan, and judge it on times held out.

    Without options: the plan graphcast-demo, the size demo, on simulated weather.
    The paper's model is --plan graphcast --size 0.25deg on your own --data.
    """
    from glidepath.cli.errors import needs
    from glidepath.cli.interrupts import ending_at_once

    with needs("weather"), ending_at_once():
        from glidepath.cli.training import Training

        plan, asked = asked_for(model)
        training = Training(out, asked, how, session)
        step = _step(resume)
        if resume != "never" and training.directory.exists():
            training.go_on(plan, step=step, accepts_changes=accept_changes)
        elif step is not None:
            raise FileNotFoundError(f"there is no run in {out} to go on with from step {step}")
        elif branch_from is not None:
            training.branch(branch_from, plan)
        else:
            training.start(plan or DEFAULT_PLAN, is_sought=resume != "never")


def _step(resume: str) -> int | None:
    """The step of the checkpoint that is asked for, None for the newest."""
    if resume in ("auto", "never"):
        return None
    if not (resume.isascii() and resume.isdecimal()):
        raise ValueError(f"`--resume` must be auto, never, or a step, got {resume!r}")
    return int(resume)
