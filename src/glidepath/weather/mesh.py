"""The icosahedral multi-mesh that GraphCast passes its messages on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

GOLDEN_RATIO = (1 + 5**0.5) / 2
LARGEST_MESH_SIZE = 9


@dataclass(frozen=True)
class TriangularMesh:
    """A triangulated unit sphere.

    Attributes:
        vertices: unit vectors, `[num_vertices, 3]`, float32.
        faces: vertex indices, counter-clockwise from outside, `[num_faces, 3]`, int32.
    """

    vertices: np.ndarray
    faces: np.ndarray

    @property
    def edges(self) -> tuple[np.ndarray, np.ndarray]:
        """(senders, receivers), each `[3 * num_faces]`: every edge once in each direction."""
        a, b, c = self.faces.T
        return np.concatenate([a, b, c]), np.concatenate([b, c, a])

    @property
    def longest_edge(self) -> float:
        """The length of the longest edge, as a chord of the unit sphere."""
        senders, receivers = self.edges
        return float(
            np.linalg.norm(self.vertices[senders] - self.vertices[receivers], axis=-1).max()
        )


def icosahedron() -> TriangularMesh:
    """The regular icosahedron, turned so that a face, not a vertex, lies under each pole."""
    corners = [
        corner
        for c1 in (1.0, -1.0)
        for c2 in (GOLDEN_RATIO, -GOLDEN_RATIO)
        for corner in ((c1, c2, 0.0), (0.0, c1, c2), (c2, 0.0, c1))
    ]
    vertices = np.array(corners, np.float32)
    vertices /= np.linalg.norm([1.0, GOLDEN_RATIO])
    angle = (np.pi - 2 * np.arcsin(GOLDEN_RATIO / np.sqrt(3))) / 2
    cos, sin = np.cos(angle), np.sin(angle)
    turn = np.array([[cos, 0.0, sin], [0.0, 1.0, 0.0], [-sin, 0.0, cos]])
    turned = vertices @ turn
    return TriangularMesh(turned.astype(np.float32), _faces_around(turned))


def _faces_around(vertices: np.ndarray) -> np.ndarray:
    """The triples of mutually nearest vertices, counter-clockwise from outside."""
    distances = np.linalg.norm(vertices[:, None] - vertices[None], axis=-1)
    edge = distances[distances > 0.1].min()
    near = np.isclose(distances, edge)
    count = len(vertices)
    triples = [
        (i, j, k)
        for i in range(count)
        for j in range(i + 1, count)
        for k in range(j + 1, count)
        if near[i, j] and near[j, k] and near[i, k]
    ]
    outward = [np.linalg.det(vertices[list(triple)]) > 0 for triple in triples]
    faces = [
        (i, j, k) if is_outward else (i, k, j)
        for (i, j, k), is_outward in zip(triples, outward, strict=True)
    ]
    return np.array(faces, np.int32)


def refine(mesh: TriangularMesh) -> TriangularMesh:
    """Split every face into four at the middles of its edges, pushed out to the sphere.

    The old vertices keep their places at the front.
    """
    a, b, c = mesh.faces.T
    sides = np.stack([np.stack([a, b], 1), np.stack([b, c], 1), np.stack([c, a], 1)], 1)
    unique, index = np.unique(np.sort(sides.reshape(-1, 2), axis=1), axis=0, return_inverse=True)
    middles = mesh.vertices[unique].mean(axis=1, dtype=np.float32)
    middles /= np.linalg.norm(middles, axis=-1, keepdims=True)
    ab, bc, ca = (len(mesh.vertices) + index.reshape(-1, 3)).T.astype(np.int32)
    corners = [(a, ab, ca), (ab, b, bc), (ca, bc, c), (ab, bc, ca)]
    faces = np.stack([np.stack(corner, axis=1) for corner in corners], axis=1)
    return TriangularMesh(np.concatenate([mesh.vertices, middles]), faces.reshape(-1, 3))


def hierarchy(mesh_size: int) -> list[TriangularMesh]:
    """The icosahedron and its `mesh_size` refinements, coarse to fine.

    Raises:
        ValueError: if `mesh_size` is out of range.
    """
    if not 0 <= mesh_size <= LARGEST_MESH_SIZE:
        raise ValueError(f"`mesh_size` must be from 0 to {LARGEST_MESH_SIZE}, got {mesh_size}")
    meshes = [icosahedron()]
    for _ in range(mesh_size):
        meshes.append(refine(meshes[-1]))
    return meshes


def merge(meshes: list[TriangularMesh]) -> TriangularMesh:
    """The multi-mesh: the finest mesh's vertices with the faces of all."""
    return TriangularMesh(meshes[-1].vertices, np.concatenate([mesh.faces for mesh in meshes]))
