"""Opening trajectories: what is accepted, and errors that name what is wrong."""

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr

from glidepath.weather.learning import ForecastProblem
from glidepath.weather.opening import open_trajectory
from glidepath.weather.split import Split, starts_outside, training_period, usual_lead
from glidepath.weather.statistics import Statistics, compute_statistics
from glidepath.weather.trajectory import DataError
from glidepath.weather.variables import FORCING_VARIABLES
from tests.conftest import make_weather


def save(data, path):
    data.to_netcdf(path, engine="h5netcdf")
    return path


def test_either_latitude_order_and_either_dimension_order_give_the_same_fields(tmp_path):
    plain = make_weather()
    flipped = make_weather(descending=True).transpose("time", "level", "longitude", "latitude")
    a = open_trajectory(save(plain, tmp_path / "a.nc"))
    b = open_trajectory(save(flipped, tmp_path / "b.nc"))
    assert np.array_equal(a.latitude, b.latitude)
    assert np.array_equal(a.state(3), b.state(3))
    want = plain["temperature"].isel(time=3).transpose("latitude", "longitude", "level")
    assert np.array_equal(a.state(3)[:, :2], want.values.reshape(-1, 2))


def test_zarr_and_netcdf_give_the_same_fields(tmp_path):
    data = make_weather()
    data.to_zarr(tmp_path / "a.zarr", zarr_format=3, consolidated=False)
    data.to_zarr(tmp_path / "b.zarr", zarr_format=2, consolidated=True)
    states = [
        open_trajectory(path).state(5)
        for path in (tmp_path / "a.zarr", tmp_path / "b.zarr", save(data, tmp_path / "c.nc"))
    ]
    assert np.array_equal(states[0], states[1])
    assert np.array_equal(states[0], states[2])


def test_the_task_is_what_the_data_hold(weather_file):
    task = open_trajectory(weather_file).task
    assert set(task.target_variables) == {"temperature", "u_component_of_wind"}
    assert task.pressure_levels == (500, 850)
    assert task.input_duration == "24h"
    assert set(task.forcing_variables) == set(FORCING_VARIABLES)
    assert task.statics == ()
    assert [str(channel) for channel in task.state] == [
        "temperature@500",
        "temperature@850",
        "u_component_of_wind@500",
        "u_component_of_wind@850",
    ]


def test_surface_fields_alone_and_statics_will_do(tmp_path):
    data = make_weather()
    surface = data[["temperature"]].isel(level=0, drop=True).rename(temperature="2m_temperature")
    surface["land_sea_mask"] = xr.ones_like(surface["2m_temperature"].isel(time=0, drop=True))
    surface["geopotential_at_surface"] = surface["2m_temperature"] * 2
    trajectory = open_trajectory(save(surface, tmp_path / "surface.nc"))
    assert trajectory.task.pressure_levels == ()
    assert trajectory.task.target_variables == ("2m_temperature",)
    assert trajectory.statics.shape == (7 * 12, 2)


def test_a_forcing_in_the_data_is_used_as_given_and_computed_beyond_the_end(tmp_path):
    data = make_weather()
    given = xr.full_like(data["temperature"].isel(level=0, drop=True), 42.0)
    data["toa_incident_solar_radiation"] = given
    trajectory = open_trajectory(save(data, tmp_path / "given.nc"))
    column = [c.variable for c in trajectory.task.forcings].index("toa_incident_solar_radiation")
    assert (trajectory.forcings(39)[:, column] == 42.0).all()
    beyond = trajectory.forcings(40)[:, column]
    assert beyond.min() == 0.0
    assert beyond.max() > 4e6


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda d: d.isel(time=[0, 1, 2, 4, 5]), r"a gap in time: 2020-01-02T00:00 is followed by"),
        (lambda d: d.isel(time=[1, 0, 2, 3]), r"a gap in time|times must ascend"),
        (lambda d: d.isel(time=slice(2)), r"2 times; two to start from and one to predict"),
        (lambda d: d.isel(latitude=[0, 1, 3, 4, 5, 6]), r"`latitude` must be evenly spaced"),
        (lambda d: d.isel(longitude=[0, 1, 2, 4, 5]), r"`longitude` must be evenly spaced"),
        (lambda d: d.isel(longitude=slice(6)), r"longitudes must go once around the globe"),
        (lambda d: d.isel(latitude=slice(1, 5)), r"latitudes must reach both poles"),
        (lambda d: d.rename(temperature="tas", u_component_of_wind="ua"), r"none of GraphCast's"),
        (lambda d: d.drop_vars("time"), r"no coordinate `time`"),
        (lambda d: d.assign_coords(level=[500.5, 850]), r"`level` must be whole hPa"),
        (lambda d: d.assign_coords(level=[50000, 85000]), r"`level` must be whole hPa"),
        (lambda d: d.isel(level=[0, 0]), r"`level` must have each pressure once"),
        (lambda d: d.assign_coords(time=np.arange(40)), r"`time` must be dates"),
        (
            lambda d: d.assign(temperature=d["temperature"].isel(level=0)),
            r"`temperature` must have the dimensions latitude, level, longitude, time",
        ),
    ],
)
def test_unusable_data_are_refused_by_name(tmp_path, spoil, message):
    path = save(spoil(make_weather()), tmp_path / "bad.nc")
    with pytest.raises(DataError, match=message):
        open_trajectory(path)


def test_nan_is_named_with_its_variable_and_time(tmp_path):
    data = make_weather()
    data["u_component_of_wind"][7, 1, 2, 3] = np.nan
    trajectory = open_trajectory(save(data, tmp_path / "nan.nc"))
    trajectory.state(6)
    with pytest.raises(DataError, match=r"`u_component_of_wind` is NaN .* 2020-01-04T12:00"):
        trajectory.state(7)
    problem = ForecastProblem(None, None, trajectory, Split(40, 0.0))
    with pytest.raises(DataError, match="is NaN"):
        problem.batch(np.array([5]), 1)
    batch = replace(problem, allows_nan=True).batch(np.array([5]), 1)
    assert np.isnan(batch["state"]).sum() == 1
    with pytest.raises(DataError, match="is NaN"):
        trajectory.state(7)


def test_a_range_of_times_can_be_picked(weather_file):
    picked = open_trajectory(weather_file, first="2020-01-03", last="2020-01-05")
    assert [str(t)[:13] for t in picked.times[[0, -1]]] == ["2020-01-03T00", "2020-01-05T12"]
    assert np.array_equal(picked.state(0), open_trajectory(weather_file).state(4))
    with pytest.raises(DataError, match="has no times from 2031 to its last"):
        open_trajectory(weather_file, first="2031")
    with pytest.raises(DataError, match="no times from soon to None"):
        open_trajectory(weather_file, first="soon")


def test_urls_open_zarr_and_netcdf(weather_file, tmp_path):
    make_weather().to_zarr(tmp_path / "a.zarr", zarr_format=3, consolidated=False)
    local = open_trajectory(weather_file).state(3)
    for url in (f"file://{weather_file}", f"file://{tmp_path / 'a.zarr'}"):
        assert np.array_equal(open_trajectory(url).state(3), local)
    with pytest.raises((FileNotFoundError, DataError), match=r"none\.zarr"):
        open_trajectory(f"file://{tmp_path / 'none.zarr'}")


def test_what_is_no_data_is_refused(tmp_path):
    (tmp_path / "text.nc").write_text("not a file of numbers")
    (tmp_path / "empty.zarr").mkdir()
    for name in ("text.nc", "empty.zarr"):
        with pytest.raises((DataError, FileNotFoundError), match=name):
            open_trajectory(tmp_path / name)


def test_a_forcing_may_have_fewer_dimensions(tmp_path):
    data = make_weather()
    data["year_progress_sin"] = ("time", np.linspace(0, 1, 40))
    data["day_progress_cos"] = (("time", "longitude"), np.ones((40, 12)) * np.arange(12))
    trajectory = open_trajectory(save(data, tmp_path / "few.nc"))
    names = [channel.variable for channel in trajectory.task.forcings]
    forcings = trajectory.forcings(39).reshape(7, 12, 5)
    assert (forcings[..., names.index("year_progress_sin")] == 1).all()
    assert (forcings[..., names.index("day_progress_cos")] == np.arange(12)).all()


def test_both_ends_of_the_circle_are_one_too_many(tmp_path):
    wide = make_weather(longitudes=180)
    again = wide.isel(longitude=[0]).assign_coords(longitude=[360.0])
    twice = xr.concat([wide, again], "longitude", data_vars="minimal")
    with pytest.raises(DataError, match="once around the globe"):
        open_trajectory(save(twice, tmp_path / "twice.nc"))


def test_a_damaged_chunk_is_named(tmp_path):
    store = tmp_path / "a.zarr"
    make_weather().chunk(time=1).to_zarr(store, zarr_format=3, consolidated=False)
    chunk = store / "temperature" / "c" / "7" / "0" / "0" / "0"
    chunk.write_bytes(chunk.read_bytes()[:-40])
    with pytest.raises(DataError, match=r"`temperature` can't be read at 2020-01-04T12:00"):
        open_trajectory(store).state(7)


def test_a_missing_file_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError, match="no data at"):
        open_trajectory(tmp_path / "none.zarr")


def test_a_time_that_is_not_there_is_an_error_with_the_range(weather_file):
    with pytest.raises(DataError, match=r"it goes from 2020-01-01T00:00 to .* by 12 h"):
        open_trajectory(weather_file).index_of(np.datetime64("2031-01-01"))


def test_a_model_s_task_picks_its_levels_and_misses_its_variables(weather_file, tmp_path):
    few = make_weather(levels=(850,))
    task = open_trajectory(save(few, tmp_path / "few.nc")).task
    picked = open_trajectory(weather_file, task)
    assert picked.state(0).shape == (84, 2)
    assert np.array_equal(picked.state(4), open_trajectory(weather_file).state(4)[:, [1, 3]])
    with pytest.raises(DataError, match=r"the model needs the levels \[500\] hPa"):
        open_trajectory(tmp_path / "few.nc", open_trajectory(weather_file).task)


def test_too_few_times_for_a_rollout_are_named():
    split = Split(num_times=10, holdout=0.2)
    assert split.num_training_times == 8
    assert split.num_training_windows(6) == 1
    with pytest.raises(DataError, match="a rollout of 7 needs 9 times in a row and there are 8"):
        split.num_training_windows(7)
    with pytest.raises(ValueError, match="`holdout` must be"):
        Split(10, 1.0)


def test_training_windows_and_judged_forecasts_never_share_a_time():
    split = Split(num_times=40, holdout=0.25)
    times = np.datetime64("2020-01-01", "h") + np.arange(40) * np.timedelta64(6, "h")
    period = training_period(times, split)
    for rollout in (1, 4):
        last_seen = split.num_training_windows(rollout) - 1 + rollout + 1
        starts = starts_outside(times, period, rollout)
        assert starts[0] - 1 == last_seen + 1 == 30
        assert starts[-1] + rollout == 39
    before = starts_outside(times, ("2020-01-05", "2020-01-31"), 2)
    assert times[before[-1] + 2] < np.datetime64("2020-01-05") <= times[before[-1] + 3]
    with pytest.raises(DataError, match="a lead of 9 time steps needs 11 times in a row outside"):
        starts_outside(times, period, 9)
    assert usual_lead(times, period) == 4
    assert [usual_lead(times[:count], period) for count in (35, 34, 33, 32)] == [3, 2, 1, 0]
    with pytest.raises(ValueError, match="at least 1 time step"):
        starts_outside(times, period, 0)


def test_statistics_are_those_of_numpy(weather_file):
    trajectory = open_trajectory(weather_file)
    statistics = compute_statistics(trajectory, 30)
    states = np.stack([trajectory.state(i) for i in range(30)]).astype(np.float64)
    channels = trajectory.task.state
    assert statistics.of("mean", channels) == pytest.approx(states.mean((0, 1)), rel=1e-6)
    assert statistics.of("std", channels) == pytest.approx(states.std((0, 1)), rel=1e-6)
    changes = np.diff(states, axis=0).std((0, 1))
    assert statistics.of("diff_std", channels) == pytest.approx(changes, rel=1e-6)


def test_statistics_survive_their_files_and_know_what_is_missing(weather_file, tmp_path):
    trajectory = open_trajectory(weather_file)
    statistics = compute_statistics(trajectory, 10)
    statistics.write(tmp_path / "stats")
    again = Statistics.read(tmp_path / "stats")
    everything = (*trajectory.task.state, *trajectory.task.forcings)
    for which in ("mean", "std"):
        assert np.array_equal(again.of(which, everything), statistics.of(which, everything))
    partly = Statistics(again.mean.drop_vars("temperature"), again.std, again.diff_std)
    with pytest.raises(ValueError, match=r"no temperature \(mean, in mean_by_level.nc\)"):
        partly.check(trajectory.task)
    (tmp_path / "stats" / "stddev_by_level.nc").unlink()
    with pytest.raises(FileNotFoundError, match=r"stddev_by_level\.nc: statistics need"):
        Statistics.read(tmp_path / "stats")
