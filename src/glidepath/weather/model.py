"""GraphCast's network: from normalised input features to normalised predictions.

Everything is laid out `[nodes, batch, channels]`: a gather or a sum over edges then moves whole
rows, and a matrix product sees nodes times batch as its rows. What does not depend on the batch
(embeddings of edges and of mesh nodes) is computed once per update.

Source: Lam et al. 2023, arXiv:2212.12794, supplement 3.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from glidepath.weather.graphs import Graph, Graphs
from glidepath.weather.mesh import LARGEST_MESH_SIZE
from glidepath.weather.networks import Parameters, init_mlp, mlp, mlp_of_sum, sum_edges
from glidepath.weather.variables import NUM_STRUCTURAL_FEATURES, Task

NUM_EDGE_FEATURES = 4


@dataclass(frozen=True)
class ModelSize:
    """How large a GraphCast is.

    Attributes:
        mesh_size: refinements of the icosahedron.
        latent_size: width of every hidden layer.
        num_layers: message-passing layers on the mesh, unshared.
        radius_fraction: radius of grid-to-mesh edges over the longest edge of the finest mesh.
        mesh2grid_scale: what mesh-to-grid edge features are divided by; their longest by default.
    """

    mesh_size: int
    latent_size: int
    num_layers: int
    radius_fraction: float = 0.6
    mesh2grid_scale: float | None = None

    def __post_init__(self) -> None:
        for name in ("mesh_size", "latent_size", "num_layers"):
            if getattr(self, name) < 1:
                raise ValueError(f"`{name}` must be at least 1, got {getattr(self, name)}")
        if self.mesh_size > LARGEST_MESH_SIZE:
            raise ValueError(
                f"`mesh_size` must be at most {LARGEST_MESH_SIZE}, got {self.mesh_size}"
            )


SIZES = {
    "demo": ModelSize(mesh_size=3, latent_size=32, num_layers=4),
    "1deg": ModelSize(mesh_size=5, latent_size=512, num_layers=16),
    "0.25deg": ModelSize(mesh_size=6, latent_size=512, num_layers=16),
}


def init_parameters(size: ModelSize, task: Task, seed: int) -> Parameters:
    """Fresh parameters, float32; processor layers are stacked along their first axis."""
    random = np.random.default_rng(np.random.SeedSequence([seed, 0x9A12]))
    latent = size.latent_size

    def block(num_inputs: int) -> Parameters:
        return init_mlp(random, num_inputs, latent, latent, norm=True)

    def stack(num_inputs: int) -> Parameters:
        layers = [block(num_inputs) for _ in range(size.num_layers)]
        return jax.tree.map(lambda *leaves: np.stack(leaves), *layers)

    return {
        "grid2mesh": {
            "embed_grid": block(task.num_inputs),
            "embed_mesh": block(task.num_inputs),
            "embed_edges": block(NUM_EDGE_FEATURES),
            "edges": block(3 * latent),
            "mesh": block(2 * latent),
            "grid": block(latent),
        },
        "mesh": {
            "embed_edges": block(NUM_EDGE_FEATURES),
            "edges": stack(3 * latent),
            "mesh": stack(2 * latent),
        },
        "mesh2grid": {
            "embed_edges": block(NUM_EDGE_FEATURES),
            "edges": block(3 * latent),
            "mesh": block(latent),
            "grid": block(2 * latent),
            "output": init_mlp(random, latent, latent, len(task.state), norm=False),
        },
    }


@dataclass(frozen=True)
class GraphCast:
    """The network on one grid.

    Attributes:
        graphs: of the grid and the mesh.
        task: what goes in and comes out.
        precision: of the layers, "float32" or "bfloat16"; parameters are float32 always.
    """

    graphs: Graphs
    task: Task
    precision: str = "float32"

    def prepare(self, parameters: Parameters) -> Parameters:
        """What depends on the parameters only: computed once per update, not per sample.

        Returns:
            the parameters in the precision of the layers, with embeddings of the edges of the
            three graphs and of the mesh nodes, `[..., latent]` without a batch axis.
        """
        with self._matmul_precision():
            return self._prepare(parameters)

    def _matmul_precision(self) -> AbstractContextManager[Any]:
        """Products of float32 in float32: GPUs would round their factors to 10 bits."""
        return jax.default_matmul_precision("highest" if self.precision == "float32" else "default")

    def _prepare(self, parameters: Parameters) -> Parameters:
        layers = jax.tree.map(lambda x: jnp.asarray(x, self.precision), parameters)
        structural = jnp.asarray(self.graphs.mesh_features, self.precision)
        embed_mesh = layers["grid2mesh"]["embed_mesh"]
        rows = embed_mesh["w0"][-NUM_STRUCTURAL_FEATURES:]
        constants = {"mesh nodes": mlp(embed_mesh, [(structural, rows)])}
        for name in ("grid2mesh", "mesh", "mesh2grid"):
            features = jnp.asarray(getattr(self.graphs, name).edge_features, self.precision)
            embed = layers[name]["embed_edges"]
            constants[name] = mlp(embed, [(features, embed["w0"])])
        return {"layers": layers, "constants": constants}

    def __call__(self, prepared: Parameters, inputs: dict[str, jax.Array]) -> jax.Array:
        """Predict normalised changes.

        Args:
            prepared: of `prepare`.
            inputs: normalised features by the names of `Task.input_rows`,
                `[grid, batch, channels]`, or `[grid, 1, channels]` for what the batch shares.
        Returns:
            `[grid, batch, state]`, float32.
        """
        with self._matmul_precision():
            return self._predict(prepared, inputs)

    def _predict(self, prepared: Parameters, inputs: dict[str, jax.Array]) -> jax.Array:
        layers, constants = prepared["layers"], prepared["constants"]
        grid = self._embed_grid(layers["grid2mesh"]["embed_grid"], inputs)
        batch = grid.shape[1]
        mesh = jnp.broadcast_to(
            constants["mesh nodes"][:, None], (len(self.graphs.mesh_features), batch, grid.shape[2])
        )
        grid, mesh = jax.checkpoint(self._encode)(layers, constants, grid, mesh)
        mesh = self._process(layers["mesh"], constants["mesh"], mesh)
        return jax.checkpoint(self._decode)(layers, constants, grid, mesh).astype(jnp.float32)

    def _embed_grid(self, embed: Parameters, inputs: dict[str, jax.Array]) -> jax.Array:
        weights = embed["w0"]
        parts = [
            (inputs[name].astype(self.precision), weights[np.array(rows)])
            for name, rows in self.task.input_rows.items()
            if rows
        ]
        structural = jnp.asarray(self.graphs.grid_features, self.precision)[:, None]
        return mlp(embed, [*parts, (structural, weights[-NUM_STRUCTURAL_FEATURES:])])

    def _encode(
        self, layers: Parameters, constants: Parameters, grid: jax.Array, mesh: jax.Array
    ) -> tuple[jax.Array, jax.Array]:
        block, graph = layers["grid2mesh"], self.graphs.grid2mesh
        messages = update_edges(block["edges"], graph, constants["grid2mesh"][:, None], grid, mesh)
        mesh = mesh + update_nodes(block["mesh"], graph, mesh, messages)
        return grid + mlp(block["grid"], [(grid, block["grid"]["w0"])]), mesh

    def _process(self, layers: Parameters, edges: jax.Array, mesh: jax.Array) -> jax.Array:
        graph = self.graphs.mesh

        @jax.checkpoint
        def layer(
            state: tuple[jax.Array, jax.Array], parameters: Parameters
        ) -> tuple[tuple[jax.Array, jax.Array], None]:
            edges, mesh = state
            messages = update_edges(parameters["edges"], graph, edges, mesh, mesh)
            mesh = mesh + update_nodes(parameters["mesh"], graph, mesh, messages)
            return (edges + messages, mesh), None

        shape = (len(graph.senders), *mesh.shape[1:])
        stacked = {"edges": layers["edges"], "mesh": layers["mesh"]}
        (_, mesh), _ = jax.lax.scan(layer, (jnp.broadcast_to(edges[:, None], shape), mesh), stacked)
        return mesh

    def _decode(
        self, layers: Parameters, constants: Parameters, grid: jax.Array, mesh: jax.Array
    ) -> jax.Array:
        block, graph = layers["mesh2grid"], self.graphs.mesh2grid
        messages = update_edges(block["edges"], graph, constants["mesh2grid"][:, None], mesh, grid)
        grid = grid + update_nodes(block["grid"], graph, grid, messages)
        return mlp(block["output"], [(grid, block["output"]["w0"])])


def update_edges(
    parameters: Parameters, graph: Graph, edges: jax.Array, senders: jax.Array, receivers: jax.Array
) -> jax.Array:
    """A message along every edge, from the edge and the nodes at its ends.

    The first matrix is split: its rows for the nodes are applied to the nodes, before they are
    gathered along the edges, of which there are many more.

    Args:
        parameters: of an MLP of `[edge, sender, receiver]`.
        graph: the edges.
        edges: `[num_edges, batch or 1, latent]`.
        senders: `[num_senders, batch, latent]`.
        receivers: `[num_receivers, batch, latent]`.
    Returns:
        `[num_edges, batch, latent]`.
    """
    of_edge, of_sender, of_receiver = jnp.split(parameters["w0"], 3)
    products = edges @ of_edge
    products += (senders @ of_sender)[graph.senders]
    products += (receivers @ of_receiver)[graph.receivers]
    return mlp_of_sum(parameters, products)


def update_nodes(
    parameters: Parameters, graph: Graph, nodes: jax.Array, messages: jax.Array
) -> jax.Array:
    """The change of every node, from itself and the sum of the messages that reach it."""
    arrived = sum_edges(messages, graph.receivers, graph.num_receivers)
    of_node, of_messages = jnp.split(parameters["w0"], 2)
    return mlp(parameters, [(nodes, of_node), (arrived, of_messages)])


def count_parameters(parameters: Any) -> int:
    """The number of scalars in a tree of parameters."""
    return sum(leaf.size for leaf in jax.tree.leaves(parameters))
