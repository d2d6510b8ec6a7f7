"""What commands that train GraphCast have in common: its data, its plan and its size."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from glidepath.weather.starting import Asked

DEFAULT_PLAN = "graphcast-demo"


def option(kind: Any, text: str, *names: str) -> Any:
    """A flag: its type, its help, and its name where the argument's own will not do."""
    return Annotated[kind, typer.Option(*names, help=text)]


SHARED: dict[str, Any] = {
    "data": option(str | None, "A Zarr store or NetCDF file, path or URL; simulated by default."),
    "first": option(str | None, "The first time of the data to use, such as 1979-01-01.", "--from"),
    "last": option(str | None, "The last time of the data to use, such as 2017.", "--to"),
    "stats": option(str | None, "A directory of statistics; computed by default."),
    "plan": option(str | None, f"A preset or a TOML file; {DEFAULT_PLAN} by default."),
    "size": option(str | None, "demo, 1deg or 0.25deg; demo by default."),
    "mesh": option(int | None, "Refinements of the mesh."),
    "latent": option(int | None, "Width of the layers."),
    "layers": option(int | None, "Message-passing layers."),
    "precision": option(str | None, "Of the layers: float32 (default) or bfloat16."),
    "batch": option(int | None, "Samples in an update, where the plan does not say."),
    "seed": option(int | None, "Of parameters and batches; 0 by default."),
    "holdout": option(float | None, "Share of the times held out for judging; 0.2 by default."),
}
"""Flags by the names of their arguments; all of them may be left out."""


def with_graphcast_options(command: Callable[..., None]) -> Callable[..., None]:
    """A command with the flags of `SHARED` before its own.

    Args:
        command: takes `plan`, a name or None, and `asked`, the fields of a configuration.
    """
    own = inspect.signature(command, eval_str=True).parameters
    keyword = inspect.Parameter.KEYWORD_ONLY
    flags = [
        inspect.Parameter(name, keyword, default=None, annotation=kind)
        for name, kind in SHARED.items()
    ]
    flags += [one.replace(kind=keyword) for name, one in own.items() if name not in TAKEN]

    @functools.wraps(command)
    def taken(**given: Any) -> None:
        shared = {name: given.pop(name) for name in SHARED}
        command(plan=shared.pop("plan"), asked=_asked(**shared), **given)

    taken.__signature__ = inspect.Signature(flags)  # type: ignore[attr-defined]
    taken.__annotations__ = {flag.name: flag.annotation for flag in flags}
    return taken


TAKEN = ("plan", "asked")


def _asked(
    *, size: str | None, mesh: int | None, latent: int | None, layers: int | None, **given: Any
) -> Asked:
    """The flags as fields of a configuration; None for what was left out."""
    from glidepath.cli.errors import needs

    with needs("weather"):
        return given | {
            "data": _absolute(given["data"]),
            "stats": _absolute(given["stats"]),
            "size": _size(size, mesh, latent, layers),
        }


def _absolute(path: str | None) -> str | None:
    """A path that still holds when the run is resumed from another directory."""
    return path if path is None or "://" in path else str(Path(path).absolute())


def _size(
    name: str | None, mesh: int | None, latent: int | None, layers: int | None
) -> dict[str, Any] | None:
    """The fields of the model's size that were asked for."""
    from glidepath.weather.model import SIZES

    if name is not None and name not in SIZES:
        raise ValueError(f"`--size` must be one of {', '.join(SIZES)}, got {name!r}")
    given = {"mesh_size": mesh, "latent_size": latent, "num_layers": layers}
    given = {field: value for field, value in given.items() if value is not None}
    named = asdict(SIZES[name]) if name else {}
    return named | given or None
