"""A dry atmosphere that makes weather: Held-Suarez forcing on a spectral dynamical core.

The core is dinosaur's. What is ours is the reading of its spectral state on a uniform
latitude-longitude grid with poles and on pressure levels.

Source: Held and Suarez 1994, BAMS 75, 1825-1830.
"""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

with warnings.catch_warnings():
    # dinosaur 1.2 asks jax for a name that jax is about to drop.
    warnings.filterwarnings(
        "ignore", message=r"jax\.experimental\.shard_map", category=DeprecationWarning
    )
    from dinosaur import (
        coordinate_systems,
        primitive_equations,
        primitive_equations_states,
        scales,
        sigma_coordinates,
        spherical_harmonic,
        time_integration,
        xarray_utils,
    )
    from dinosaur import held_suarez as forcing

NUM_LAYERS = 8
STEP_SECONDS = 1_800
STEPS_PER_OUTPUT = 12
OUTPUTS_PER_DAY = 4
HOURS_BETWEEN_OUTPUTS = STEPS_PER_OUTPUT * STEP_SECONDS // 3_600
LEVELS_HPA = (200, 300, 400, 500, 600, 700, 850, 925)
NUM_LATITUDES, NUM_LONGITUDES = 33, 64
DIFFUSION_HOURS = 2.4
"""Damping time of the smallest scale, by the fourth power of the Laplacian."""

PERTURBATION_KELVIN = 0.5
PERTURBED_WAVENUMBERS = (1, 15)


@dataclasses.dataclass(frozen=True)
class Atmosphere:
    """The model: its coordinates, its units and one time step.

    Attributes:
        coords: T21, eight equal sigma layers.
        specs: physical constants in the core's units.
        reference_temperature: of each layer, K, `[layers]`.
        step: state to state, `STEP_SECONDS` later.
        at_rest: the isothermal atmosphere at rest.
    """

    coords: Any
    specs: Any
    reference_temperature: np.ndarray
    step: Callable[[Any], Any]
    at_rest: Any

    @classmethod
    def build(cls) -> Atmosphere:
        """Set up the equations; a few seconds."""
        units = scales.units
        specs = primitive_equations.PrimitiveEquationsSpecs.from_si()
        harmonics = spherical_harmonic.FastSphericalHarmonics
        coords = coordinate_systems.CoordinateSystem(
            horizontal=spherical_harmonic.Grid.T21(spherical_harmonics_impl=harmonics),
            vertical=sigma_coordinates.SigmaCoordinates.equidistant(NUM_LAYERS),
        )
        initial, auxiliary = primitive_equations_states.isothermal_rest_atmosphere(
            coords, specs, tref=288 * units.degK, p0=1e5 * units.pascal, p1=0 * units.pascal
        )
        reference = np.asarray(auxiliary[xarray_utils.REF_TEMP_KEY])
        flat = np.zeros(coords.horizontal.modal_shape, np.float32)
        equations = time_integration.compose_equations(
            [
                primitive_equations.PrimitiveEquations(reference, flat, coords, specs),
                forcing.HeldSuarezForcing(
                    coords=coords, physics_specs=specs, reference_temperature=reference
                ),
            ]
        )
        dt = float(specs.nondimensionalize(STEP_SECONDS * units.second))
        tau = float(specs.nondimensionalize(DIFFUSION_HOURS * units.hour))
        diffusion = time_integration.horizontal_diffusion_step_filter(
            coords.horizontal, dt=dt, tau=tau, order=4
        )
        integrate = time_integration.imex_rk_sil3(equations, time_step=dt)
        step = time_integration.step_with_filters(integrate, [diffusion])
        return cls(coords, specs, reference, step, initial(rng_key=jax.random.key(0)))

    def perturbed(self, seed: int) -> Any:
        """The atmosphere at rest with a little noise in its temperature, from which eddies grow."""
        grid = self.coords.horizontal
        _, wavenumber = grid.modal_mesh
        low, high = PERTURBED_WAVENUMBERS
        is_noisy = grid.mask & (wavenumber >= low) & (wavenumber <= high)
        random = np.random.default_rng(seed)
        noise = random.standard_normal((NUM_LAYERS, *grid.modal_shape)) * is_noisy
        noise *= PERTURBATION_KELVIN / np.sqrt(is_noisy.sum() / (4 * np.pi))
        temperature = jnp.asarray(noise, jnp.float32)
        return grid.clip_wavenumbers(
            dataclasses.replace(self.at_rest, temperature_variation=temperature)
        )

    def day(self) -> Callable[[Any], tuple[Any, Any]]:
        """A compiled function: a state to (the state a day later, the day's outputs stacked)."""
        return jax.jit(
            time_integration.trajectory_from_step(
                self.step, outer_steps=OUTPUTS_PER_DAY, inner_steps=STEPS_PER_OUTPUT
            )
        )


class Reader:
    """Reads spectral states on a uniform grid and on pressure levels."""

    def __init__(self, atmosphere: Atmosphere) -> None:
        self._atmosphere = atmosphere
        source = atmosphere.coords.horizontal
        self._target = dataclasses.replace(
            source,
            latitude_nodes=NUM_LATITUDES,
            longitude_nodes=NUM_LONGITUDES,
            latitude_spacing="equiangular_with_poles",
        )
        self._wind = dataclasses.replace(self._target.spherical_harmonics)
        basis = self._wind.basis
        self._wind.__dict__["basis"] = dataclasses.replace(basis, p=_wind_basis(self._target))
        nondimensionalize, units = atmosphere.specs.nondimensionalize, scales.units
        self._pascal = float(nondimensionalize(1 * units.pascal))
        self._speed = float(nondimensionalize(1 * units.meter / units.second))
        self._gas_constant = float(atmosphere.specs.R / self._speed**2)

    @property
    def latitude(self) -> np.ndarray:
        """Degrees north, ascending, both poles, `[lat]`."""
        return np.round(np.rad2deg(self._target.latitudes), 6).astype(np.float32)

    @property
    def longitude(self) -> np.ndarray:
        """Degrees east, `[lon]`."""
        return np.round(np.rad2deg(self._target.longitudes), 6).astype(np.float32)

    def compiled(self) -> Callable[[Any], dict[str, jax.Array]]:
        """A compiled function: stacked states to fields by name.

        Fields are `[time, level, lat, lon]`, surface pressure `[time, lat, lon]`, float32.
        """
        return jax.jit(jax.vmap(self._fields))

    def _fields(self, state: Any) -> dict[str, jax.Array]:
        reference = jnp.asarray(self._atmosphere.reference_temperature, jnp.float32)
        temperature = self._target.to_nodal(state.temperature_variation)
        temperature += reference[:, None, None]
        log_surface = self._target.to_nodal(state.log_surface_pressure)[0] - np.log(self._pascal)
        east, north = spherical_harmonic.get_cos_lat_vector(
            state.vorticity, state.divergence, self._atmosphere.coords.horizontal, clip=False
        )
        log_levels = np.log(100.0 * np.array(LEVELS_HPA, np.float32))
        log_sigma = log_levels[:, None, None] - log_surface
        centers = np.log(self._atmosphere.coords.vertical.centers)
        weights, integrals = _vertical_weights(log_sigma, centers)

        def on_levels(field: jax.Array) -> jax.Array:
            return field[-1] + _combine(weights, field[:-1] - field[1:])

        warming = _combine(integrals, temperature[:-1] - temperature[1:])
        fields = {
            "temperature": on_levels(temperature),
            "u_component_of_wind": on_levels(self._wind.inverse_transform(east) / self._speed),
            "v_component_of_wind": on_levels(self._wind.inverse_transform(north) / self._speed),
            "geopotential": self._gas_constant * (warming - temperature[-1] * log_sigma),
            "mean_sea_level_pressure": jnp.exp(log_surface),
        }
        return {
            name: jnp.swapaxes(field, -1, -2).astype(jnp.float32) for name, field in fields.items()
        }


def _combine(weights: jax.Array, differences: jax.Array) -> jax.Array:
    return jnp.einsum("kzxy,kxy->zxy", weights, differences, precision="highest")


def _vertical_weights(log_sigma: jax.Array, centers: np.ndarray) -> tuple[jax.Array, jax.Array]:
    """How much each difference between neighbouring layers counts at each level.

    Fields are piecewise linear in log pressure between the layers' centres, constant above the
    highest, carried on linearly from the lowest to the surface, and constant below the ground.
    Geopotential is the hydrostatic integral of the temperature, with an isothermal lowest half
    layer, zero at the surface.

    Args:
        log_sigma: of the levels, `[level, lon, lat]`.
        centers: log sigma of the layers, ascending, `[layers]`.
    Returns:
        weights of values and of their integrals, each `[layers - 1, level, lon, lat]`.
    """
    thickness = np.diff(centers)
    ramps = [
        jnp.clip((below - log_sigma) / depth, 0, 1)
        for below, depth in zip(centers[1:], thickness, strict=True)
    ]
    integrals = [
        depth * jnp.square(ramp) / 2 + jnp.maximum(above - log_sigma, 0)
        for above, depth, ramp in zip(centers, thickness, ramps, strict=False)
    ]
    to_ground = jnp.minimum((centers[-1] - jnp.minimum(log_sigma, 0)) / thickness[-1], 0)
    ramps[-1] = ramps[-1] + to_ground
    return jnp.stack(ramps), jnp.stack(integrals)


def _wind_basis(target: Any) -> np.ndarray:
    """Legendre functions over the cosine of latitude, which have a limit at the poles.

    Only zonal wavenumber 1 is not zero there: P_l^1 / cos(lat) goes to
    -sqrt((2 l + 1) / 2 * l (l + 1)) / 2 in the north, times (-1)^(l + 1) in the south. A wind at a
    pole is then one vector, seen from every longitude.
    """
    zonal, _ = target.modal_axes
    legendre = np.array(target.spherical_harmonics.basis.p)
    degree = np.arange(legendre.shape[-1])
    over_cos = np.zeros_like(legendre)
    over_cos[:, 1:-1] = legendre[:, 1:-1] / np.array(target.cos_lat)[1:-1, None]
    limit = -0.5 * np.sqrt((2 * degree + 1) / 2 * degree * (degree + 1))
    is_one = np.abs(zonal) == 1 if len(zonal) == len(legendre) else np.arange(len(legendre)) == 1
    over_cos[is_one, -1] = limit
    over_cos[is_one, 0] = limit * (-1.0) ** (degree + 1)
    return over_cos
