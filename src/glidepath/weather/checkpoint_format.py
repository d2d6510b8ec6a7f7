"""The published checkpoint format: one `.npz`, keys joined by colons, no pickle."""

from __future__ import annotations

import re
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from glidepath.weather.model import ModelSize
from glidepath.weather.networks import Parameters
from glidepath.weather.variables import Task

MODULE = "params:{gnn}_gnn/~_networks_builder/"
LAYERS = {"w0": "_mlp/~/linear_0:w", "b0": "_mlp/~/linear_0:b"}
LAYERS |= {"w1": "_mlp/~/linear_1:w", "b1": "_mlp/~/linear_1:b"}
LAYERS |= {"scale": "_layer_norm:scale", "offset": "_layer_norm:offset"}

STAGES = {
    ("grid2mesh", "embed_grid"): "encoder_nodes_grid_nodes",
    ("grid2mesh", "embed_mesh"): "encoder_nodes_mesh_nodes",
    ("grid2mesh", "embed_edges"): "encoder_edges_grid2mesh",
    ("grid2mesh", "edges"): "processor_edges_0_grid2mesh",
    ("grid2mesh", "mesh"): "processor_nodes_0_mesh_nodes",
    ("grid2mesh", "grid"): "processor_nodes_0_grid_nodes",
    ("mesh", "embed_edges"): "encoder_edges_mesh",
    ("mesh", "edges"): "processor_edges_{layer}_mesh",
    ("mesh", "mesh"): "processor_nodes_{layer}_mesh_nodes",
    ("mesh2grid", "embed_edges"): "encoder_edges_mesh2grid",
    ("mesh2grid", "edges"): "processor_edges_0_mesh2grid",
    ("mesh2grid", "mesh"): "processor_nodes_0_mesh_nodes",
    ("mesh2grid", "grid"): "processor_nodes_0_grid_nodes",
    ("mesh2grid", "output"): "decoder_nodes_grid_nodes",
}
"""Where each block of ours stands in the file; `{layer}` counts stacked layers."""


@dataclass(frozen=True)
class Checkpoint:
    """What a published checkpoint holds.

    Attributes:
        parameters: float32, laid out as `model.init_parameters` does.
        size: of the model.
        task: of the model.
        resolution: of the grid, in degrees, or 0 where the model is not bound to one.
        description: a text.
        license: a text.
    """

    parameters: Parameters
    size: ModelSize
    task: Task
    resolution: float = 0.0
    description: str = ""
    license: str = ""


def named_arrays(tree: Parameters) -> dict[str, Any]:
    """A tree laid out like the parameters, under the published names, layers unstacked."""
    named = {}
    for (gnn, block), stage in STAGES.items():
        prefix = MODULE.format(gnn=gnn) + stage
        for key, leaf in tree[gnn][block].items():
            if "{layer}" in stage:
                for layer, array in enumerate(leaf):
                    named[prefix.format(layer=layer) + LAYERS[key]] = array
            else:
                named[prefix + LAYERS[key]] = leaf
    return named


def tree_of(named: dict[str, np.ndarray], num_layers: int) -> Parameters:
    """The inverse of `named_arrays`.

    Raises:
        ValueError: naming the first array that is missing.
    """
    tree: Parameters = {}
    for (gnn, block), stage in STAGES.items():
        keys = [key for key in LAYERS if block != "output" or key not in ("scale", "offset")]
        prefix = MODULE.format(gnn=gnn) + stage
        is_stacked = "{layer}" in stage
        names = [prefix.format(layer=i) for i in range(num_layers)] if is_stacked else [prefix]
        for key in keys:
            arrays = [_array(named, name + LAYERS[key]) for name in names]
            leaf = np.stack(arrays) if is_stacked else arrays[0]
            tree.setdefault(gnn, {}).setdefault(block, {})[key] = leaf
    return tree


def _array(named: dict[str, np.ndarray], name: str) -> np.ndarray:
    if name not in named:
        raise ValueError(f"the checkpoint lacks `{name}`")
    return np.asarray(named[name], np.float32)


def read(path: str | Path) -> Checkpoint:
    """Read a published checkpoint.

    Raises:
        OSError: if there is no such file.
        ValueError: if it is no such checkpoint; object arrays (pickles) are refused unread.
    """
    entries = _read_arrays(path)
    try:
        size = ModelSize(
            mesh_size=int(entries["model_config:mesh_size"]),
            latent_size=int(entries["model_config:latent_size"]),
            num_layers=int(entries["model_config:gnn_msg_steps"]),
            radius_fraction=float(entries["model_config:radius_query_fraction_edge_length"]),
            mesh2grid_scale=_optional(entries, "model_config:mesh2grid_edge_normalization_factor"),
        )
        task = _read_task(entries)
        if int(entries["model_config:hidden_layers"]) != 1:
            raise ValueError("only MLPs with one hidden layer are supported")
        return Checkpoint(
            parameters=tree_of(entries, size.num_layers),
            size=size,
            task=task,
            resolution=float(entries["model_config:resolution"]),
            description=str(entries.get("description", "")),
            license=str(entries.get("license", "")),
        )
    except (KeyError, ValueError) as error:
        raise ValueError(f"{path}: not a GraphCast checkpoint: {error}") from None


def _read_arrays(path: str | Path) -> dict[str, np.ndarray]:
    try:
        with Path(path).open("rb") as file:
            archive = np.load(file, allow_pickle=False)
            return {name: archive[name] for name in archive.files}
    except (ValueError, EOFError, AttributeError, zipfile.BadZipFile, zlib.error) as error:
        raise ValueError(f"{path}: not a checkpoint of plain arrays: {error}") from None


def _optional(entries: dict[str, np.ndarray], name: str) -> float | None:
    return float(entries[name]) if name in entries else None


def _read_task(entries: dict[str, np.ndarray]) -> Task:
    lists: dict[str, dict[int, Any]] = {}
    for name, value in entries.items():
        if match := re.fullmatch(r"task_config:(\w+):(\d+)", name):
            lists.setdefault(match[1], {})[int(match[2])] = value.item()
    ordered = {key: tuple(items[i] for i in sorted(items)) for key, items in lists.items()}
    return Task(
        input_variables=ordered["input_variables"],
        target_variables=ordered["target_variables"],
        forcing_variables=ordered["forcing_variables"],
        pressure_levels=ordered.get("pressure_levels", ()),
        input_duration=str(entries["task_config:input_duration"]),
    )


def write(path: str | Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint that `read` and the published code read."""
    size, task = checkpoint.size, checkpoint.task
    entries: dict[str, Any] = dict(named_arrays(checkpoint.parameters))
    entries |= {
        "model_config:resolution": checkpoint.resolution,
        "model_config:mesh_size": size.mesh_size,
        "model_config:latent_size": size.latent_size,
        "model_config:gnn_msg_steps": size.num_layers,
        "model_config:hidden_layers": 1,
        "model_config:radius_query_fraction_edge_length": size.radius_fraction,
        "task_config:input_duration": task.input_duration,
        "description": checkpoint.description,
        "license": checkpoint.license,
    }
    if size.mesh2grid_scale is not None:
        entries["model_config:mesh2grid_edge_normalization_factor"] = size.mesh2grid_scale
    for name in ("input_variables", "target_variables", "forcing_variables", "pressure_levels"):
        for i, value in enumerate(getattr(task, name)):
            entries[f"task_config:{name}:{i}"] = value
    partial = Path(f"{path}.partial")
    with partial.open("wb") as file:
        np.savez(file, **{name: np.asarray(value) for name, value in entries.items()})
    partial.replace(path)
