"""What many tests share: a small trajectory, and JAX on the CPU with a cache for compiled code."""

import os

os.environ["JAX_PLATFORMS"] = "cpu"
# Keras chooses its backend once, when it is first imported.
os.environ.setdefault("KERAS_BACKEND", "jax")

import numpy as np
import pytest
import xarray as xr
from hypothesis import settings

settings.register_profile("shared machine", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "shared machine")


@pytest.fixture(scope="session", autouse=True)
def compiled_code_is_kept(tmp_path_factory):
    import jax

    jax.config.update("jax_compilation_cache_dir", str(tmp_path_factory.mktemp("compiled")))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.2)


def make_weather(
    num_times=40, latitudes=7, longitudes=12, levels=(500, 850), hours=12, descending=False
):
    """Waves that travel east: two variables, in the layout of WeatherBench 2."""
    time = np.datetime64("2020-01-01T00", "ns") + np.arange(num_times) * np.timedelta64(hours, "h")
    latitude = np.linspace(-90, 90, latitudes)
    longitude = np.arange(longitudes) * 360.0 / longitudes
    t, p, y, x = np.meshgrid(
        np.arange(num_times),
        np.array(levels),
        np.deg2rad(latitude),
        np.deg2rad(longitude),
        indexing="ij",
    )
    noise = np.random.default_rng(0).normal(size=t.shape)
    wave = np.cos(y) * np.sin(2 * x - 0.5 * t + p / 300)
    dims = ("time", "level", "latitude", "longitude")
    data = xr.Dataset(
        {
            "temperature": (dims, (250 + 30 * wave + 0.1 * noise).astype("float32")),
            "u_component_of_wind": (dims, (10 + 8 * wave**2).astype("float32")),
            "sea_ice_cover": (("time",), np.zeros(num_times)),
        },
        {"time": time, "level": list(levels), "latitude": latitude, "longitude": longitude},
    )
    data["temperature"].attrs["units"] = "K"
    return data.isel(latitude=slice(None, None, -1)) if descending else data


@pytest.fixture(scope="session")
def weather_file(tmp_path_factory):
    """A small NetCDF file: two variables, two levels, 12-hourly, northernmost latitude first."""
    path = tmp_path_factory.mktemp("weather") / "weather.nc"
    make_weather(descending=True).to_netcdf(path, engine="h5netcdf")
    return path
