"""The commands, run as a user runs them, in miniature."""

import json
import os
import re
import runpy
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import jax
import numpy as np
import pytest
import xarray as xr
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from typer.testing import CliRunner

from glidepath import Horizon, Phase, Plan, linear, presets
from glidepath.cli import main
from glidepath.cli.evaluations import too_few
from glidepath.plan import files
from glidepath.record import History
from glidepath.training.checkpoints import Keep
from glidepath.training.every import Every
from glidepath.training.how import How
from glidepath.training.settings import Settings
from glidepath.weather import checkpoint_format
from glidepath.weather.simulate import default_path
from tests.conftest import make_weather

ROOT = Path(__file__).parents[2]
TINY = ["--mesh", "1", "--latent", "8", "--layers", "1"]


def glidepath(*arguments):
    """Run the command as `main` does; returns (exit status, all that was printed)."""
    runner = CliRunner()
    result = runner.invoke(main.app, [str(a) for a in arguments], standalone_mode=False)
    error = result.exception
    if error is not None and not isinstance(error, ValueError | TypeError | OSError):
        raise error
    status = result.return_value if error is None else 1
    return status or 0, result.output + (f"error: {error}" if error else "")


def ok(*arguments):
    status, output = glidepath(*arguments)
    assert status == 0, output
    return output


@pytest.fixture(scope="module")
def short_plan(tmp_path_factory):
    """GraphCast's three phases in seven updates."""
    path = tmp_path_factory.mktemp("plans") / "short.toml"
    plan = presets.graphcast(
        peak=1e-2,
        warmup=2,
        total=7,
        longest_rollout=2,
        rollout_every=1,
        horizon=Horizon(samples=54_000, batch=2),
    )
    files.save(plan, path)
    return path


@pytest.fixture(scope="module")
def run(weather_file, short_plan, tmp_path_factory):
    """A run on a small file: two variables, two levels, 12-hourly."""
    out = tmp_path_factory.mktemp("runs") / "small"
    output = ok(
        "train", "graphcast", "--data", weather_file, "--plan", short_plan, "--out", out, *TINY
    )
    return out, output


def test_a_run_on_a_small_file_trains_judges_and_reports(run):
    out, output = run
    assert "compiled rollout 2" in output
    assert "train: 7 of 7" in output
    assert "`--evaluate-every 100` is more than the run's updates: it is evaluated at its" in output
    assert re.search(
        r"24 h: RMSE is \d\.\d+ of persistence on average, below it for \d of 4", output
    )
    history = History.open(out)
    assert history.column("rollout").tolist() == [1, 1, 1, 1, 1, 1, 2]
    assert history.texts("phase")[:3] == ["warm-up", "warm-up", "decay"]
    assert np.isfinite(history.column("loss")).all()
    assert history.known("seconds")[1].min() > 0
    assert history.evaluations("val_loss")[0].tolist() == [7]
    assert history.end["state"] == "finished"
    assert history.looks.is_known("mesh2grid/mesh/w0", "idle")
    idle = [bool(history.looks.is_known(name, "idle")) for name in history.looks.arrays]
    assert (history.looks.figure("gradient_norm") == 0).tolist() == [idle]
    assert files.load(out / "plan.toml").total_steps == 7
    page = (out / "report.html").read_text()
    assert "plotly" in page
    assert (out / "skill.png").stat().st_size > 10_000


def test_a_rule_stops_a_run_and_a_tracker_has_it_too(
    weather_file, short_plan, tmp_path, monkeypatch
):
    monkeypatch.setattr("glidepath.diagnosis.live.LEAST_SECONDS", 0.0)
    plan = Plan(Phase("too fast", 400, lr=linear(1e-3, 10.0)), clip=1e6)
    files.save(plan, tmp_path / "fast.toml")
    out = tmp_path / "run"
    options = ["--data", weather_file, "--plan", tmp_path / "fast.toml", "--out", out, *TINY]
    status, output = glidepath("train", "graphcast", *options, "--stop-on", "divergence",
                               "--track", "tensorboard", "--evaluate-every", 20)  # fmt: skip
    assert status == 3
    assert "(divergence: the loss went from" in output
    history = History.open(out)
    assert history.end["state"] == "stopped"
    assert history.end["reason"].startswith("divergence: ")
    assert history.checkpoints[-1] == history.num_done < 400
    reader = EventAccumulator(str(out / "tensorboard")).Reload()
    assert [one.step for one in reader.Scalars("loss")] == history.steps.tolist()


@pytest.mark.parametrize(
    ("every", "num_steps", "holdout", "said"),
    [
        (None, 400, 0.2, "the rule needs 6 evaluations, and there will be 0"),
        (80, 400, 0.2, "the rule needs 6 evaluations, and there will be 5"),
        (66, 400, 0.0, "the rule needs 6 evaluations, and there will be 0"),
        (66, 400, 0.2, None),  # the seventh is at the end
        (500, 400, 0.2, "the run's updates: it is evaluated at its end alone\n`--stop-on over"),
        (500, 300, 0.2, "the run's updates: it is evaluated never\n`--stop-on overfitting` can't"),
    ],
)
def test_a_rule_that_cannot_stop_a_run_for_want_of_evaluations_is_named(
    every, num_steps, holdout, said
):
    run = SimpleNamespace(
        plan=Plan(Phase("all", 400, lr=1e-3)),
        how=How(stop_on=("divergence", "overfitting")),
        settings=Settings(1, 0, num_steps, Every(200), evaluate_every=every),
        configuration=SimpleNamespace(holdout=holdout),
    )
    words = "\n".join(too_few(run))
    assert words == "" if said is None else said in words


@pytest.mark.parametrize(
    ("options", "said"),
    [(["--stop-on", "warning"], "no rule is called 'warning': `--stop-on` takes the codes of "
                                "rules, not levels of findings; the nearest are "),
     (["--stop-on", "loss-spike"], "the nearest are loss-spikes, "),
     (["--track", "crystal-ball"], "must be one of tensorboard, trackio, wandb")],
)  # fmt: skip
def test_what_nobody_knows_is_refused_before_anything_is_made(options, said, tmp_path):
    status, output = glidepath("train", "graphcast", *options, "--out", tmp_path / "run")
    assert status == 1
    assert said in output
    assert not (tmp_path / "run").exists()


def test_checkpoints_that_are_kept_for_their_loss_and_have_none_are_told():
    settings = Settings(1, 0, 400, Every(30), Keep(best=2), evaluate_every=20)
    run = SimpleNamespace(settings=settings, how=How(), configuration=SimpleNamespace(holdout=0.2),
                          plan=Plan(Phase("all", 400, lr=1e-3)))  # fmt: skip
    assert "one every 60 updates" in "".join(too_few(run))
    run.settings = replace(settings, checkpoint_every=Every(40))
    assert "".join(too_few(run)) == ""
    for never in ({"evaluate_every": None}, {"checkpoint_every": Every(seconds=60.0)}):
        with pytest.raises(ValueError, match="`keep_best` keeps those whose val_loss was measured"):
            replace(settings, **never)


def test_a_sweep_over_rates_draws_and_writes_what_it_found(weather_file, short_plan, tmp_path):
    figure, table = tmp_path / "rate.png", tmp_path / "rate.json"
    output = ok("find-lr", "graphcast", "--data", weather_file, "--plan", short_plan, *TINY,
                "--steps", 40, "--highest", 100, "--out", figure, "--json", table)  # fmt: skip
    found = json.loads(table.read_text())
    assert len(found["rates"]) == len(found["losses"]) > 20
    assert found["rates"][0] == pytest.approx(1e-6)
    assert figure.stat().st_size > 10_000
    assert str(figure) in output


def test_the_final_model_is_a_published_checkpoint(run):
    checkpoint = checkpoint_format.read(run[0] / "model.npz")
    assert checkpoint.size.latent_size == 8
    assert checkpoint.task.pressure_levels == (500, 850)
    assert checkpoint.task.input_duration == "24h"


def test_a_graphcast_run_cut_short_goes_on_bit_for_bit(run, weather_file, short_plan, tmp_path):
    whole, _ = run
    common = ["train", "graphcast", "--data", weather_file, "--plan", short_plan, *TINY]
    out = tmp_path / "cut"
    ok(*common, "--out", out, "--steps", 3)
    assert "resumed at step 3" in ok("train", "graphcast", "--out", out, "--resume", "auto")
    a, b = (checkpoint_format.read(path / "model.npz").parameters for path in (whole, out))
    assert jax.tree.all(jax.tree.map(np.array_equal, a, b))


def test_a_run_is_not_started_over_another_and_not_resumed_as_another(run, weather_file):
    out, _ = run
    again = ["train", "graphcast", "--data", weather_file, "--out", out, *TINY]
    assert "is not empty: go on with the run in it by --resume" in glidepath(*again)[1]
    assert "started with the size" in glidepath(*again[:6], "--resume", "auto", "--latent", "16")[1]
    assert "--accept-changes" in glidepath(*again, "--resume", "auto", "--plan", "graphcast")[1]


def test_evaluate_writes_json_with_every_number(run, tmp_path):
    out, _ = run
    ok(
        "evaluate",
        out,
        "--lead",
        3,
        "--json",
        tmp_path / "skill.json",
        "--figure",
        tmp_path / "s.svg",
    )
    table = json.loads((tmp_path / "skill.json").read_text())
    assert table["lead_hours"] == [12, 24, 36]
    assert np.array(table["rmse"]["climatology"]).shape == (3, 4)
    assert (tmp_path / "s.svg").read_text().startswith("<?xml")


def test_persistence_and_climatology_are_judged_right(run, weather_file, tmp_path):
    """Against the RMSE that xarray computes from the same file."""
    out, _ = run
    ok("evaluate", out, "--lead", 1, "--json", tmp_path / "skill.json")
    table = json.loads((tmp_path / "skill.json").read_text())
    data = make_weather()["temperature"].sel(level=500).astype(float)
    weights = np.cos(np.deg2rad(data.latitude)) * np.sin(np.deg2rad(15))
    weights[[0, -1]] = np.sin(np.deg2rad(7.5)) ** 2
    starts, truth = data.isel(time=slice(33, 39)), data.isel(time=slice(34, 40))
    persistence = ((truth.values - starts) ** 2).weighted(weights).mean() ** 0.5
    mean = data.isel(time=slice(0, 32)).mean("time")
    climatology = ((truth - mean) ** 2).weighted(weights).mean() ** 0.5
    assert table["num_starts"] == 6
    assert table["rmse"]["persistence"][0][0] == pytest.approx(float(persistence), rel=1e-5)
    assert table["rmse"]["climatology"][0][0] == pytest.approx(float(climatology), rel=1e-5)


def test_a_forecast_is_in_the_layout_of_the_data(run, tmp_path):
    out, _ = run
    file = tmp_path / "forecast.nc"
    output = ok("forecast", out, "--start", "2020-01-20T12", "--steps", 5, "--out", file)
    assert "2020-01-21T00:00 to 2020-01-23T00:00, 5 times" in output
    with xr.open_dataset(file) as forecast:
        assert dict(forecast.sizes) == {"time": 5, "level": 2, "latitude": 7, "longitude": 12}
        assert forecast["temperature"].dims == ("time", "level", "latitude", "longitude")
        assert forecast["temperature"].attrs["units"] == "K"
        assert forecast["latitude"].values.tolist() == np.linspace(90, -90, 7).tolist()
        assert np.isfinite(forecast["temperature"]).all()
        assert 150 < float(forecast["temperature"].mean()) < 350


def test_a_checkpoint_forecasts_the_same_as_its_run(run, weather_file, tmp_path):
    out, _ = run
    common = ["--start", "2020-01-20", "--steps", 2, "--data", weather_file]
    ok("forecast", out, *common, "--out", tmp_path / "a.nc")
    stats = ["--stats", out / "statistics"]
    ok("forecast", out / "model.npz", *common, *stats, "--out", tmp_path / "b.nc")
    with xr.open_dataset(tmp_path / "a.nc") as a, xr.open_dataset(tmp_path / "b.nc") as b:
        xr.testing.assert_equal(a, b)


def test_a_forecast_may_go_beyond_the_data(run, tmp_path):
    ok("forecast", run[0], "--start", "2020-01-20T12", "--steps", 3, "--out", tmp_path / "f.nc")
    with xr.open_dataset(tmp_path / "f.nc") as forecast:
        assert forecast.time.values[-1] == np.datetime64("2020-01-22T00")


def test_other_data_are_judged_outside_the_training_period(run, tmp_path):
    later = make_weather(num_times=60)
    later.to_netcdf(tmp_path / "later.nc", engine="h5netcdf")
    options = ["--data", tmp_path / "later.nc", "--lead", 2, "--json", tmp_path / "skill.json"]
    ok("evaluate", run[0], *options, "--figure", tmp_path / "skill.png")
    table = json.loads((tmp_path / "skill.json").read_text())
    assert table["num_starts"] == 60 - 32 - 3
    assert table["first_start"] == "2020-01-17T12:00"


def test_data_of_another_time_step_or_grid_are_refused(run, tmp_path):
    make_weather(hours=6).to_netcdf(tmp_path / "six.nc", engine="h5netcdf")
    make_weather(latitudes=13).to_netcdf(tmp_path / "fine.nc", engine="h5netcdf")
    options = ["--start", "2020-01-05", "--out", tmp_path / "f.nc", "--data"]
    six = glidepath("forecast", run[0], *options, tmp_path / "six.nc")
    assert "a time step of 6 h, and the model was trained on 12 h" in six[1]
    fine = glidepath("evaluate", run[0], "--data", tmp_path / "fine.nc")
    assert "a grid of 15 degrees, and the model was trained on 30" in fine[1]


def test_a_run_whose_data_have_grown_is_not_resumed(short_plan, tmp_path):
    data, out = tmp_path / "data.nc", tmp_path / "run"
    make_weather().to_netcdf(data, engine="h5netcdf")
    ok(
        "train",
        "graphcast",
        "--data",
        data,
        "--plan",
        short_plan,
        "--out",
        out,
        "--steps",
        1,
        *TINY,
    )
    data.unlink()
    make_weather(num_times=60).to_netcdf(data, engine="h5netcdf")
    status, output = glidepath("train", "graphcast", "--out", out, "--resume", "auto")
    assert status == 1
    assert "data (their fingerprint): " in output


@pytest.mark.heavy
def test_a_run_goes_on_from_another_directory(weather_file, short_plan, tmp_path, monkeypatch):
    (tmp_path / "data.nc").write_bytes(weather_file.read_bytes())
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)
    options = ["--data", "data.nc", "--plan", short_plan, "--holdout", 0, *TINY]
    ok("train", "graphcast", *options, "--out", "a run, ü", "--steps", 1)
    monkeypatch.chdir(tmp_path / "elsewhere")
    output = ok("train", "graphcast", "--out", "../a run, ü", "--resume", "auto", "--steps", 2)
    assert "resumed at step 1" in output
    assert "a run, ü" in output


@pytest.mark.heavy
@pytest.mark.parametrize(("num_times", "lead"), [(16, "12 h"), (10, None)])
def test_few_times_are_judged_as_far_as_they_go(num_times, lead, short_plan, tmp_path):
    make_weather(num_times=num_times).to_netcdf(tmp_path / "few.nc", engine="h5netcdf")
    options = ["--data", tmp_path / "few.nc", "--plan", short_plan, "--steps", 1]
    output = ok("train", "graphcast", *options, "--out", tmp_path / "run", *TINY)
    assert (f"{lead}: RMSE is" if lead else "nothing is judged: too few times") in output
    assert (tmp_path / "run" / "report.html").exists()


def test_no_holdout_trains_on_everything_and_judges_nothing(weather_file, short_plan, tmp_path):
    out = tmp_path / "all"
    options = ["--data", weather_file, "--plan", short_plan, "--holdout", 0, "--steps", 1]
    output = ok("train", "graphcast", *options, "--out", out, *TINY)
    assert "RMSE" not in output
    assert not (out / "skill.png").exists()
    assert (out / "model.npz").exists()


@pytest.mark.heavy
def test_given_statistics_are_used(run, weather_file, short_plan, tmp_path):
    stats = run[0] / "statistics"
    with xr.open_dataset(stats / "mean_by_level.nc") as mean:
        shifted = mean.load() + 1
    for name in ("stddev_by_level.nc", "diffs_stddev_by_level.nc"):
        (tmp_path / name).write_bytes((stats / name).read_bytes())
    shifted.to_netcdf(tmp_path / "mean_by_level.nc")
    out = tmp_path / "run"
    options = ["--data", weather_file, "--plan", short_plan, "--steps", 1, "--stats", tmp_path]
    ok("train", "graphcast", *options, "--out", out, *TINY)
    with xr.open_dataset(out / "statistics" / "mean_by_level.nc") as used:
        xr.testing.assert_equal(used.load(), shifted)


@pytest.mark.heavy
def test_bfloat16_trains(weather_file, short_plan, tmp_path):
    out = tmp_path / "low"
    options = ["--data", weather_file, "--plan", short_plan, "--precision", "bfloat16"]
    ok("train", "graphcast", *options, "--holdout", 0, "--steps", 3, "--out", out, *TINY)
    assert np.isfinite(History.open(out).column("loss")).all()
    first = checkpoint_format.read(out / "model.npz").parameters["mesh"]["edges"]["w0"]
    assert first.dtype == np.float32


def test_simulated_weather_is_made_and_trained_on(tmp_path, short_plan):
    store = tmp_path / "weather.zarr"
    output = ok("weather", "simulate", "--out", store, "--days", 3, "--spin-up", 1)
    assert "simulate: 3 of 3" in output
    with xr.open_zarr(store, consolidated=False, chunks=None) as data:
        assert dict(data.sizes) == {"time": 12, "level": 8, "latitude": 33, "longitude": 64}
        assert data["temperature"].encoding["chunks"] == (1, 8, 33, 64)
        assert set(data["latitude"].values[[0, -1]]) == {-90.0, 90.0}
        assert float(data["mean_sea_level_pressure"].mean()) == pytest.approx(1e5, rel=0.01)
        assert float(data["geopotential"].sel(level=500).mean()) == pytest.approx(5.5e4, rel=0.1)
    out = tmp_path / "run"
    options = ["--data", store, "--plan", short_plan, "--steps", 1, "--holdout", 0]
    ok("train", "graphcast", *options, "--out", out, *TINY)
    assert checkpoint_format.read(out / "model.npz").task.target_variables == (
        "mean_sea_level_pressure",
        "temperature",
        "geopotential",
        "u_component_of_wind",
        "v_component_of_wind",
    )
    assert "exists already" in glidepath("weather", "simulate", "--out", store)[1]


@pytest.mark.heavy
def test_without_data_the_simulated_weather_in_the_cache_is_used(tmp_path, short_plan):
    """In a process of its own, by the installed command, with its exit status."""
    environment = os.environ | {"GLIDEPATH_CACHE": str(tmp_path / "cache")}
    in_cache = default_path().name
    make_weather(hours=6).to_zarr(tmp_path / "cache" / in_cache, zarr_format=3, consolidated=False)
    options = ["--plan", short_plan, "--out", tmp_path / "run", "--steps", 1, *TINY]
    command = [sys.executable, "-m", "glidepath", "train", "graphcast", *map(str, options)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert in_cache in done.stdout
    assert "RMSE" in done.stdout
    again = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert again.returncode == 1
    assert again.stderr.startswith("error: ")
    assert again.stderr.count("\n") == 1


@pytest.mark.heavy
def test_the_benchmark_runs(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["graphcast.py", "--repeats", "1", "--batch", "1", "--json"])
    runpy.run_path(str(ROOT / "benchmarks" / "graphcast.py"), run_name="__main__")
    figures = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert figures["parameters"] == 70_739
    assert figures["step_seconds"] > 0


@pytest.mark.parametrize("name", ["graphcast", "graphcast-demo"])
def test_show_draws_a_preset(name):
    output = ok("show", name)
    assert output.count("│") == 16
    for word in ("warm-up", "decay", "autoregressive", "weight_decay = 0.1", "rollout", "lr"):
        assert word in output


@pytest.mark.parametrize("suffix", ["png", "svg", "pdf"])
def test_show_saves_a_figure(short_plan, tmp_path, suffix):
    figure = tmp_path / f"plan.{suffix}"
    ok("show", short_plan, "--save", figure)
    starts = {"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF"}
    assert figure.read_bytes().startswith(starts[suffix])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["show", "graphcats"], "did you mean `graphcast`?"),
        (["show", "graphcast", "--save", "plan.bmp"], "must end in .png, .svg, .pdf"),
        (["train", "graphcast", "--data", "none.nc"], "no data at "),
        (["train", "graphcast", "--size", "huge"], "must be one of demo, 1deg, 0.25deg"),
        (["train", "graphcast", "--data", "DATA", "--steps", "0"], "`--steps` must be from 1"),
        (["train", "graphcast", "--data", "DATA", "--batch", "5"], "not the plan's batch of 4"),
        (["train", "graphcast", "--data", "DATA", "--precision", "float8"], "must be one of"),
        (["train", "graphcast", "--data", "DATA", "--holdout", "1"], "must be at least 0 and"),
        (["train", "graphcast", "--data", "DATA", "--plan", "graphcast", "--holdout", "0.7"],
         "a rollout of 12 needs 14 times in a row"),
        (["train", "graphcast", "--data", "DATA", "--checkpoint-every", "0"], "at least 1, got 0"),
        (["train", "graphcast", "--data", "DATA", "--seed", "-1"], "`seed` must be at least 0"),
        (["train", "graphcast", "--data", "DATA", "--mesh", "12"], "`mesh_size` must be at most 9"),
        (["train", "graphcast", "--data", "DATA", "--stats", "none"], "statistics need mean_by"),
        (["train", "graphcast", "--data", "DATA", "--lead", "20"], "a lead of 20 time steps needs"),
        (["train", "graphcast", "--data", "DATA", "--lead", "0"], "at least 1 time step, got 0"),
        (["train", "graphcast", "--data", "DATA", "--out", "a[1]"], "would be lost"),
        (["resume", "RUN", "--lead", "50"], "a lead of 50 time"),
        (["find-lr", "graphcast", "--out", "a.bmp"], "must end in .png, .svg, .pdf, got 'a.bmp'"),
        (["find-lr", "graphcast", "--out", "."], "--out must be a file, got the directory ."),
        (["find-lr", "graphcast", "--out", "a.png", "--json", "./a.png"],
         "--out and --json must be two files, got a.png for both"),
        (["find-lr", "graphcast", "--lowest", "0"], "`--lowest` must be positive, got 0.0"),
        (["find-lr", "graphcast", "--lowest", "2"], "`--highest` must be above `--lowest`, 2, got"),
        (["find-lr", "graphcast", "--steps", "9"], "`--steps` must be at least 10, got 9"),
        (["evaluate", "RUN", "--figure", "a.bmp"], "must end in .png, .svg, .pdf, got 'a.bmp'"),
        (["evaluate", "RUN", "--starts", "0"], "`--starts` must be at least 1"),
        (["evaluate", "RUN", "--json", "no/s.json"], "no directory no"),
        (["evaluate", "nowhere"], "there is no run in nowhere"),
        (["evaluate", "RUN", "--lead", "50"], "a lead of 50 time steps needs 52 times"),
        (["forecast", "RUN", "--start", "soon", "--out", "f.nc"], "must be a time such as"),
        (["forecast", "RUN", "--start", "1999-01-01", "--out", "f.nc"], "has no time 1999-01-01"),
        (["forecast", "RUN", "--start", "2020-01-01", "--out", "f.nc"], "the state one time step"),
        (["forecast", "RUN", "--start", "2020-01-09", "--out", "no/f.nc"], "no directory no"),
        (["forecast", "RUN/model.npz", "--start", "2020-01-09", "--out", "f.nc"], "give --data"),
        (["forecast", "PLAN", "--start", "2020-01-09", "--out", "f.nc"], "give --data and"),
    ],
)  # fmt: skip
def test_bad_requests_say_what_would_work_and_leave_nothing(
    arguments, message, run, weather_file, short_plan, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    places = {"DATA": str(weather_file), "RUN": str(run[0]), "PLAN": str(short_plan)}
    filled = [
        a.replace("RUN", places["RUN"]) if "RUN" in a else places.get(a, a) for a in arguments
    ]
    status, output = glidepath(*filled)
    assert status == 1
    assert message in output
    assert "sweep:" not in output
    assert list(tmp_path.iterdir()) == []
