"""What commands that train GraphCast have in common: its data, its plan and its size."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from glidepath.cli.bundles import option

if TYPE_CHECKING:
    from glidepath.weather.starting import Wanted

DEFAULT_PLAN = "graphcast-demo"


FLAGS: dict[str, tuple[Any, str, str, tuple[str, ...]]] = {
    "data": (str, "A Zarr store or NetCDF file, path or URL", "simulated", ()),
    "first": (str, "The first time of the data to use, such as 1979-01-01", "", ("--from",)),
    "last": (str, "The last time of the data to use, such as 2017", "", ("--to",)),
    "stats": (str, "A directory of statistics", "computed", ()),
    "plan": (str, "A preset or a TOML file", DEFAULT_PLAN, ()),
    "size": (str, "demo, 1deg or 0.25deg", "demo", ()),
    "mesh": (int, "Refinements of the mesh", "", ()),
    "latent": (int, "Width of the layers", "", ()),
    "layers": (int, "Message-passing layers", "", ()),
    "precision": (str, "Of the layers: float32 or bfloat16", "float32", ()),
    "batch": (int, "Samples in an update, where the plan does not say", "4", ()),
    "seed": (int, "Of parameters and batches", "0", ()),
    "holdout": (float, "Share of the times held out for judging", "0.2", ()),
}
"""Types, words, defaults and names of flags, by the names of their arguments."""

FIXED = ("size", "mesh", "latent", "layers", "stats")
"""What a run that goes on keeps."""

SHARED: dict[str, Any] = {
    name: option(kind | None, f"{text}{f'; {default} by default' if default else ''}.", *names)
    for name, (kind, text, default, names) in FLAGS.items()
}
"""For a run that starts."""

CHANGED: dict[str, Any] = {
    name: option(kind | None, f"{text}.", *names)
    for name, (kind, text, _, names) in FLAGS.items()
    if name not in FIXED
}
"""For a run that goes on: what may be another, if that is accepted."""


def asked_for(given: dict[str, Any]) -> tuple[str | None, Wanted]:
    """The plan's name, and the flags as fields of a configuration."""
    given = dict.fromkeys(SHARED) | given
    return given.pop("plan"), _asked(**given)


def _asked(
    *, size: str | None, mesh: int | None, latent: int | None, layers: int | None, **given: Any
) -> Wanted:
    """The flags as fields of a configuration; None for what was left out."""
    from glidepath.cli.errors import needs, options

    with needs("weather"), options(size="--size"):
        from glidepath.weather.starting import size_of

        return given | {
            "data": _absolute(given["data"]),
            "stats": _absolute(given["stats"]),
            "size": size_of(size, mesh_size=mesh, latent_size=latent, num_layers=layers),
        }


def _absolute(path: str | None) -> str | None:
    """A path that still holds when the run is resumed from another directory."""
    return path if path is None or "://" in path else str(Path(path).absolute())
