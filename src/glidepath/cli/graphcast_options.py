"""What commands that train GraphCast have in common: its data, its plan and its size."""

from __future__ import annotations

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


Data = option(str | None, "A Zarr store or NetCDF file, path or URL; simulated by default.")
First = option(str | None, "The first time of the data to use, such as 1979-01-01.", "--from")
Last = option(str | None, "The last time of the data to use, such as 2017.", "--to")
Stats = option(str | None, "A directory of statistics; computed by default.")
PlanName = option(str | None, f"A preset or a TOML file; {DEFAULT_PLAN} by default.")
Size = option(str | None, "demo, 1deg or 0.25deg; demo by default.")
Mesh = option(int | None, "Refinements of the mesh.")
Latent = option(int | None, "Width of the layers.")
Layers = option(int | None, "Message-passing layers.")
Precision = option(str | None, "Of the layers: float32 (default) or bfloat16.")
Batch = option(int | None, "Samples in an update, where the plan does not say.")
Seed = option(int | None, "Of parameters and batches; 0 by default.")
Holdout = option(float | None, "Share of the times held out for judging; 0.2 by default.")


def asked(
    *,
    data: str | None,
    first: str | None,
    last: str | None,
    stats: str | None,
    size: str | None,
    mesh: int | None,
    latent: int | None,
    layers: int | None,
    precision: str | None,
    batch: int | None,
    seed: int | None,
    holdout: float | None,
) -> Asked:
    """The flags as fields of a configuration; None for what was left out."""
    return {
        "data": _absolute(data),
        "first": first,
        "last": last,
        "stats": _absolute(stats),
        "size": _size(size, mesh, latent, layers),
        "precision": precision,
        "batch": batch,
        "seed": seed,
        "holdout": holdout,
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
