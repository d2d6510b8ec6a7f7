"""`glidepath new`: a plan's file to start from."""

from __future__ import annotations

from collections.abc import Callable

import typer

from glidepath.cli.show import PlanArgument, Settings
from glidepath.plan import Plan


def new(
    preset: PlanArgument,
    settings: Settings = [],  # noqa: B006 - typer makes a new one for every call
) -> None:
    """Write a preset as a commented TOML file to the standard output: `new bert > plan.toml`."""
    from glidepath.cli.plans import plan_named
    from glidepath.plan import files
    from glidepath.plan.presets import PRESETS

    made = plan_named(preset, settings)
    about = _about(preset, PRESETS[preset]) if preset in PRESETS else [f"From {preset}."]
    typer.echo(files.dumps(made, comments=about), nl=False)


def _about(name: str, preset: Callable[..., Plan]) -> list[str]:
    """What stands above the plan: what it is, and where it is from."""
    from glidepath.plan.presets.about import source_of, summary_of

    lines = [f"{name}: {summary_of(preset)}"]
    lines += [f"Source: {source_of(preset)}"] if source_of(preset) else []
    return [*lines, "Draw it: glidepath show FILE. Judge it: glidepath check FILE."]
