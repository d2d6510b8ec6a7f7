"""`glidepath resume`: go on with a run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from glidepath.cli.bundles import bundled, option
from glidepath.cli.graphcast_options import CHANGED, asked_for
from glidepath.cli.training_options import HOW, SESSION


@bundled(model=CHANGED, how=HOW, session=SESSION)
def resume(
    run: Annotated[Path, typer.Argument(help="A run's directory.")],
    model: dict[str, Any],
    how: dict[str, Any],
    session: dict[str, Any],
    step: option(int | None, "From the checkpoint at this step; later ones are removed.") = None,
    accept_changes: option(
        bool, "Go on though plan, batch or data are others than before."
    ) = False,
) -> None:
    """Go on with a run from its newest checkpoint, as it was started.

    Options say only what is to be different.
    """
    from glidepath.cli.errors import needs
    from glidepath.cli.interrupts import ending_at_once

    with needs("weather"), ending_at_once():
        from glidepath.cli.training import Training

        plan, asked = asked_for(model)
        Training(run, asked, how, session).go_on(plan, step=step, accepts_changes=accept_changes)
