"""The simulated atmosphere, where the answer is known."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from glidepath.weather import held_suarez

GAS_CONSTANT = 286.9  # J kg-1 K-1, of dry air


@pytest.fixture(scope="module")
def atmosphere():
    return held_suarez.Atmosphere.build()


@pytest.fixture(scope="module")
def reader(atmosphere):
    return held_suarez.Reader(atmosphere)


def fields_of(reader, state):
    stacked = jax.tree.map(lambda x: jnp.asarray(x)[None], state)
    return {name: np.asarray(field)[0] for name, field in reader.compiled()(stacked).items()}


def test_the_grid_has_poles_and_ascends(reader):
    assert reader.latitude[[0, 16, 32]].tolist() == [-90.0, 0.0, 90.0]
    assert np.diff(reader.longitude) == pytest.approx(5.625)


def test_an_isothermal_atmosphere_at_rest_has_its_barometric_heights(atmosphere, reader):
    fields = fields_of(reader, atmosphere.at_rest)
    assert fields["temperature"] == pytest.approx(288.0, abs=1e-3)
    assert fields["mean_sea_level_pressure"] == pytest.approx(1e5, rel=1e-4)
    assert np.abs(fields["u_component_of_wind"]).max() < 1e-3
    heights = GAS_CONSTANT * 288.0 * np.log(1000.0 / np.array(held_suarez.LEVELS_HPA))
    assert fields["geopotential"].mean(axis=(1, 2)) == pytest.approx(heights, rel=1e-3)
    assert fields["geopotential"].std(axis=(1, 2)).max() < 5.0


def test_solid_body_rotation_is_read_as_such_and_is_still_at_the_poles(atmosphere, reader):
    """u = U cos(lat) has the vorticity 2 U sin(lat) / a, and no v."""
    specs, grid = atmosphere.specs, atmosphere.coords.horizontal
    speed = 20 * float(
        specs.nondimensionalize(1 * held_suarez.scales.units.m / held_suarez.scales.units.s)
    )
    _, sin_lat = grid.nodal_mesh
    vorticity = grid.to_modal(jnp.asarray(2 * speed / specs.radius * sin_lat, jnp.float32))
    still = atmosphere.at_rest
    state = dataclasses.replace(still, vorticity=jnp.broadcast_to(vorticity, still.vorticity.shape))
    fields = fields_of(reader, state)
    expected = 20 * np.cos(np.deg2rad(reader.latitude))
    assert np.abs(fields["u_component_of_wind"] - expected[:, None]).max() < 1e-2
    assert np.abs(fields["v_component_of_wind"]).max() < 1e-2


def test_a_wind_over_the_pole_is_one_vector_seen_from_every_longitude(atmosphere, reader):
    state = atmosphere.perturbed(seed=1)
    state, _ = atmosphere.day()(state)
    fields = fields_of(reader, state)
    u, v = fields["u_component_of_wind"], fields["v_component_of_wind"]
    for row in (0, -1):
        speeds = np.hypot(u[:, row], v[:, row])
        assert speeds.std(axis=1).max() < 1e-3 * max(speeds.max(), 1e-3) + 1e-5
        assert np.abs(u[:, row].mean(axis=1)).max() < 1e-4
    assert np.isfinite(u).all()


def test_the_same_seed_makes_the_same_weather_and_another_does_not(atmosphere):
    day = atmosphere.day()
    first, again, other = (day(atmosphere.perturbed(seed))[0].vorticity for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
