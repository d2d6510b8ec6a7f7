"""The three graphs of GraphCast: grid to mesh, the multi-mesh, mesh to grid.

Positions are unit vectors; edges are sorted by receiver, so that sums over a node's edges run over
neighbouring rows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import trimesh
from scipy.spatial import cKDTree

from glidepath.weather.mesh import TriangularMesh, hierarchy, merge


@dataclass(frozen=True)
class Graph:
    """Edges from one set of nodes to another.

    Attributes:
        senders: node indices, `[num_edges]`, int32.
        receivers: node indices, `[num_edges]`, int32, ascending.
        num_receivers: nodes in the receiving set.
        edge_features: `[num_edges, 4]`, float32: length and relative position of the sender in
            the receiver's frame (up, east, north), over the graph's scale.
    """

    senders: np.ndarray
    receivers: np.ndarray
    num_receivers: int
    edge_features: np.ndarray


@dataclass(frozen=True)
class Graphs:
    """Everything about a grid and a mesh that the model needs.

    Attributes:
        grid_features: `[num_grid_nodes, 3]`, float32: sin(lat), cos(lon), sin(lon); rows run
            through longitudes first.
        mesh_features: `[num_mesh_nodes, 3]`, the same of the mesh nodes.
        grid2mesh: edges from the grid points within the query radius of a mesh node.
        mesh: edges of every refinement, between mesh nodes.
        mesh2grid: three edges to every grid point, from the corners of its triangle.
    """

    grid_features: np.ndarray
    mesh_features: np.ndarray
    grid2mesh: Graph
    mesh: Graph
    mesh2grid: Graph


def build_graphs(
    latitude: np.ndarray,
    longitude: np.ndarray,
    *,
    mesh_size: int,
    radius_fraction: float = 0.6,
    mesh2grid_scale: float | None = None,
) -> Graphs:
    """The graphs of one grid and one mesh.

    Args:
        latitude: degrees north, ascending, `[lat]`.
        longitude: degrees east, `[lon]`.
        mesh_size: refinements of the icosahedron.
        radius_fraction: query radius over the longest edge of the finest mesh.
        mesh2grid_scale: what mesh-to-grid edge features are divided by; their longest by default.
    Raises:
        ValueError: if the mesh size is out of range.
    """
    meshes = hierarchy(mesh_size)
    finest, multi_mesh = meshes[-1], merge(meshes)
    grid, mesh = grid_nodes(latitude, longitude), mesh_nodes(finest)
    radius = radius_fraction * finest.longest_edge
    return Graphs(
        grid_features=grid.features,
        mesh_features=mesh.features,
        grid2mesh=_graph(*within(radius, grid.positions, finest.vertices), grid, mesh),
        mesh=_graph(*multi_mesh.edges, mesh, mesh),
        mesh2grid=_graph(*corners_under(finest, grid.positions), mesh, grid, mesh2grid_scale),
    )


@dataclass(frozen=True)
class Nodes:
    """Points of the unit sphere by their angles, which say what east is even at a pole.

    Attributes:
        colatitude: radians from the north pole, `[num_nodes]`.
        longitude: radians east, `[num_nodes]`.
    """

    colatitude: np.ndarray
    longitude: np.ndarray

    @property
    def positions(self) -> np.ndarray:
        """Unit vectors, `[num_nodes, 3]`, in the type of the angles."""
        radius = np.sin(self.colatitude)
        x, y = np.cos(self.longitude) * radius, np.sin(self.longitude) * radius
        return np.stack([x, y, np.cos(self.colatitude)], axis=-1)

    @property
    def features(self) -> np.ndarray:
        """sin(lat), cos(lon) and sin(lon), `[num_nodes, 3]`, float32."""
        parts = np.cos(self.colatitude), np.cos(self.longitude), np.sin(self.longitude)
        return np.stack(parts, axis=-1).astype(np.float32)

    @property
    def frames(self) -> np.ndarray:
        """The local axes up, east and north as rows, `[num_nodes, 3, 3]`."""
        cos_lat, sin_lat = np.sin(self.colatitude), np.cos(self.colatitude)
        cos_lon, sin_lon = np.cos(self.longitude), np.sin(self.longitude)
        east = np.stack([-sin_lon, cos_lon, np.zeros_like(cos_lon)], axis=-1)
        north = np.stack([-sin_lat * cos_lon, -sin_lat * sin_lon, cos_lat], axis=-1)
        return np.stack([self.positions, east, north], axis=1)


def grid_nodes(latitude: np.ndarray, longitude: np.ndarray) -> Nodes:
    """A grid's points, longitudes first; degrees in, `[lat]` and `[lon]`."""
    colatitude, azimuth = np.meshgrid(
        np.deg2rad(90 - np.asarray(latitude, np.float32)),
        np.deg2rad(np.asarray(longitude, np.float32)),
        indexing="ij",
    )
    return Nodes(colatitude.reshape(-1), azimuth.reshape(-1))


def mesh_nodes(mesh: TriangularMesh) -> Nodes:
    """A mesh's vertices.

    Their angles pass through degrees in float32, as they do in the published code: published
    weights were trained on edge features with that rounding.
    """
    x, y, z = mesh.vertices.T
    latitude = 90 - np.rad2deg(np.arccos(z))
    longitude = np.mod(np.rad2deg(np.arctan2(y, x)), 360)
    return Nodes(np.deg2rad(90 - latitude), np.deg2rad(longitude))


def within(radius: float, grid: np.ndarray, mesh: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(grid node, mesh node) pairs no further apart than `radius`, straight through the sphere."""
    near = cKDTree(mesh).query_ball_point(grid, r=radius)
    counts = np.array([len(nodes) for nodes in near])
    senders = np.repeat(np.arange(len(grid)), counts)
    receivers = np.array([node for nodes in near for node in nodes], dtype=np.int64)
    return senders, receivers


def corners_under(mesh: TriangularMesh, grid: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(mesh node, grid node) pairs: every grid point with the corners of its triangle.

    The triangle is the one nearest to the point. A point over an edge has two of them, and which
    one it gets changes a published model's forecast there, so this asks the library that the
    published code asks, with positions rounded as it rounds them.
    """
    surface = trimesh.Trimesh(vertices=mesh.vertices, faces=mesh.faces)
    _, _, nearest = trimesh.proximity.closest_point(surface, grid)
    return mesh.faces[nearest].reshape(-1), np.repeat(np.arange(len(grid)), 3)


def _graph(
    senders: np.ndarray,
    receivers: np.ndarray,
    sender_nodes: Nodes,
    receiver_nodes: Nodes,
    scale: float | None = None,
) -> Graph:
    order = np.lexsort((senders, receivers))
    senders, receivers = senders[order].astype(np.int32), receivers[order].astype(np.int32)
    offsets = sender_nodes.positions[senders] - receiver_nodes.positions[receivers]
    local = np.einsum("eax,ex->ea", receiver_nodes.frames[receivers], offsets)
    lengths = np.linalg.norm(local, axis=-1, keepdims=True)
    features = np.concatenate([lengths, local], axis=-1) / (scale or lengths.max())
    return Graph(senders, receivers, len(receiver_nodes.longitude), features.astype(np.float32))
