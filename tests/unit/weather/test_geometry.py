"""Meshes and graphs, against the paper's numbers and against symmetry."""

from itertools import pairwise

import numpy as np
import pytest

from glidepath.weather.graphs import build_graphs, grid_nodes
from glidepath.weather.mesh import hierarchy, icosahedron, merge


def test_the_icosahedron_is_regular_and_has_a_face_at_each_pole():
    mesh = icosahedron()
    assert mesh.vertices.shape == (12, 3)
    assert mesh.faces.shape == (20, 3)
    senders, receivers = mesh.edges
    lengths = np.linalg.norm(mesh.vertices[senders] - mesh.vertices[receivers], axis=-1)
    assert lengths == pytest.approx(1.0514622)
    centres = mesh.vertices[mesh.faces].mean(axis=1)
    assert sorted(np.abs(centres[:, :2]).sum(axis=1))[:2] == pytest.approx([0, 0], abs=1e-6)


def test_faces_look_outwards_on_every_level():
    for mesh in hierarchy(3):
        a, b, c = (mesh.vertices[mesh.faces[:, i]] for i in range(3))
        assert (np.einsum("fx,fx->f", np.cross(b - a, c - a), a + b + c) > 0).all()
        assert np.linalg.norm(mesh.vertices, axis=-1) == pytest.approx(1.0, abs=1e-6)


def test_refinement_keeps_the_coarser_vertices():
    meshes = hierarchy(2)
    for coarse, fine in pairwise(meshes):
        assert np.array_equal(fine.vertices[: len(coarse.vertices)], coarse.vertices)


def test_every_edge_of_the_multi_mesh_runs_both_ways_once():
    senders, receivers = merge(hierarchy(2)).edges
    pairs = set(zip(senders.tolist(), receivers.tolist(), strict=True))
    assert len(pairs) == len(senders)
    assert {(b, a) for a, b in pairs} == pairs


def test_the_1_degree_graphs_have_the_paper_s_sizes():
    graphs = build_graphs(np.arange(-90.0, 91.0), np.arange(0.0, 360.0), mesh_size=5)
    assert len(graphs.grid_features) == 65_160
    assert len(graphs.mesh_features) == 10_242
    assert len(graphs.mesh.senders) == 81_900
    assert len(graphs.grid2mesh.senders) == 101_892
    assert len(graphs.mesh2grid.senders) == 195_480


def test_edges_are_sorted_by_receiver_and_scaled_to_one():
    graphs = build_graphs(np.linspace(-90, 90, 13), np.arange(0.0, 360.0, 15.0), mesh_size=2)
    for graph in (graphs.grid2mesh, graphs.mesh, graphs.mesh2grid):
        assert (np.diff(graph.receivers) >= 0).all()
        assert graph.edge_features[:, 0].max() == pytest.approx(1.0)
        lengths = np.linalg.norm(graph.edge_features[:, 1:], axis=-1)
        assert lengths == pytest.approx(graph.edge_features[:, 0], abs=1e-6)


def test_relative_positions_are_up_east_and_north_of_the_receiver():
    nodes = grid_nodes(np.array([0.0, 10.0]), np.array([0.0, 90.0]))
    up, east, north = nodes.frames[0]
    assert up == pytest.approx([1, 0, 0], abs=1e-6)
    assert east == pytest.approx([0, 1, 0], abs=1e-6)
    assert north == pytest.approx([0, 0, 1], abs=1e-6)
    for frame, position in zip(nodes.frames, nodes.positions, strict=True):
        assert frame @ frame.T == pytest.approx(np.eye(3), abs=1e-6)
        assert frame[0] == pytest.approx(position)


def test_every_grid_point_gets_the_triangle_above_it():
    mesh = hierarchy(2)[-1]
    latitude, longitude = np.linspace(-90, 90, 19), np.arange(0.0, 360.0, 10.0)
    graphs = build_graphs(latitude, longitude, mesh_size=2)
    points = grid_nodes(latitude, longitude).positions
    corners = mesh.vertices[graphs.mesh2grid.senders.reshape(-1, 3)]
    weights = np.linalg.solve(corners.transpose(0, 2, 1).astype(float), points[..., None])
    assert weights.min() > -1e-2


def test_a_mesh_size_out_of_range_raises_value_error():
    with pytest.raises(ValueError, match="`mesh_size` must be from 0 to 9"):
        hierarchy(12)
