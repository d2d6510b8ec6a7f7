"""Radiation, clocks and weights, against known values."""

import numpy as np
import pytest

from glidepath.weather.loss import area_weights, channel_weights
from glidepath.weather.progress import progress_fields
from glidepath.weather.solar import TOTAL_SOLAR_IRRADIANCE, sun, toa_incident_solar_radiation
from glidepath.weather.variables import Task


def test_equinox_solstice_and_perihelion_are_where_the_almanac_has_them():
    """Times of 2020 from the U.S. Naval Observatory: seasons and apsides."""
    times = np.array(["2020-03-20T03:50", "2020-06-20T21:44", "2020-01-05T07:48"], "datetime64[s]")
    declination, _, distance = sun(times)
    assert np.rad2deg(declination[0]) == pytest.approx(0.0, abs=0.01)
    assert np.rad2deg(declination[1]) == pytest.approx(23.436, abs=0.005)
    assert distance[2] == pytest.approx(0.98324, abs=1e-4)


def test_the_equation_of_time_has_its_known_extremes():
    """-14 min 14 s about 11 February, +16 min 25 s about 3 November (Meeus 1998, chapter 28)."""
    times = np.array(["2020-02-11T12:00", "2020-11-03T12:00"], "datetime64[s]")
    minutes = np.rad2deg(sun(times)[1]) * 4
    assert minutes == pytest.approx([-14.2, 16.4], abs=0.1)


def test_a_day_s_radiation_over_the_globe_is_a_quarter_of_the_solar_constant():
    latitude, longitude = np.linspace(-90, 90, 181), np.arange(0.0, 360.0, 5.0)
    times = np.datetime64("2020-06-20T00", "s") + np.arange(24) * np.timedelta64(1, "h")
    energy = toa_incident_solar_radiation(times, latitude, longitude).mean(axis=(0, 2))
    mean_flux = (energy * area_weights(latitude)).mean() / 3600
    distance = sun(times)[2].mean()
    assert mean_flux == pytest.approx(TOTAL_SOLAR_IRRADIANCE / 4 / distance**2, rel=2e-4)


def test_the_pole_has_524_watts_at_midsummer_and_none_at_midwinter():
    """S sin(23.44 degrees) / 1.0163**2, whatever the hour."""
    times = np.array(["2020-06-20T21:00"], "datetime64[s]")
    poles = toa_incident_solar_radiation(times, np.array([-90.0, 90.0]), np.array([0.0, 77.0]))
    assert poles[0, 0] == pytest.approx([0.0, 0.0])
    assert poles[0, 1] / 3600 == pytest.approx(524.2, abs=0.5)


def test_the_closed_form_is_the_integral_over_the_hour():
    latitude, longitude = np.array([-50.0, 10.0, 70.0]), np.arange(0.0, 360.0, 7.0)
    time = np.array(["2021-10-05T15:00"], "datetime64[s]")
    got = toa_incident_solar_radiation(time, latitude, longitude)[0]
    seconds = np.arange(-3595, 5, 10)
    declination, greenwich, distance = sun(time + seconds.astype("timedelta64[s]"))
    hour_angle = greenwich[:, None, None] + np.deg2rad(longitude)
    phi = np.deg2rad(latitude)[:, None]
    cosine = np.sin(phi) * np.sin(declination)[:, None, None] + np.cos(phi) * np.cos(declination)[
        :, None, None
    ] * np.cos(hour_angle)
    flux = TOTAL_SOLAR_IRRADIANCE / distance[:, None, None] ** 2 * np.maximum(cosine, 0)
    assert got == pytest.approx(flux.sum(axis=0) * 10, rel=1e-3, abs=500)


def test_progress_turns_with_the_clock():
    times = np.array(["1970-01-01T00", "1970-01-01T06", "1970-07-02T15"], "datetime64[s]")
    fields = progress_fields(times, np.array([0.0, 90.0]))
    assert fields["day_progress_sin"][:, 0, 0] == pytest.approx([0, 1, -0.7071], abs=1e-3)
    assert fields["day_progress_cos"][0, 0] == pytest.approx([1, 0], abs=1e-6)
    assert fields["year_progress_cos"][:, 0, 0] == pytest.approx([1, 1, -1], abs=1e-3)
    assert fields["year_progress_sin"].shape == (3, 1, 2)


@pytest.mark.parametrize("latitude", [np.linspace(-90, 90, 19), np.linspace(-85, 85, 18)])
def test_area_weights_integrate_the_sphere(latitude):
    weights = area_weights(latitude)
    assert weights.mean() == pytest.approx(1.0)
    second_moment = (weights * np.sin(np.deg2rad(latitude)) ** 2).mean()
    assert second_moment == pytest.approx(1 / 3, abs=4e-3)


def test_the_loss_weighs_pressure_within_a_variable_and_variables_by_the_paper():
    task = Task(
        input_variables=("temperature", "2m_temperature", "mean_sea_level_pressure"),
        target_variables=("temperature", "2m_temperature", "mean_sea_level_pressure"),
        forcing_variables=(),
        pressure_levels=(250, 750),
        input_duration="12h",
    )
    names = [str(channel) for channel in task.state]
    assert names == ["2m_temperature", "mean_sea_level_pressure", "temperature@250",
                     "temperature@750"]  # fmt: skip
    assert channel_weights(task) == pytest.approx([1.0, 0.1, 0.25, 0.75])
