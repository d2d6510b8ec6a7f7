"""Runs as Trackio and W&B see them, each in a process of its own, without a network."""

import json
import math
import os
import struct
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest
import tracked_lines

pytestmark = pytest.mark.heavy

TIMEOUT_SECONDS = 120

PROGRAM = """
import socket, sys
connect = socket.socket.connect
def guarded(self, address):
    if self.family != socket.AF_UNIX and address[0] != "127.0.0.1":
        print("NETWORK", address, file=sys.stderr)
        raise OSError("no network in tests")
    return connect(self, address)
socket.socket.connect = guarded

import tracked_lines
from glidepath.record.sinks import Background, Trackio, WandB, sink_named

def record(sink, lines, *, close=True):
    background = Background(sink, tell=lambda text: print("TOLD", text, file=sys.stderr))
    for line in lines:
        background.put(line)
    if close:
        background.close()
    return background
"""


@pytest.fixture
def run(tmp_path):
    """Runs a program with the above and returns what it prints."""
    kept = {name: of for name, of in os.environ.items() if not name.startswith(("WANDB", "HF_"))}
    own = {
        "HOME": str(tmp_path / "home"),
        "PYTHONPATH": str(Path(__file__).parent),
        "TRACKIO_DIR": str(tmp_path / "trackio"),
        # Trackio asks the Hub for a user's name, W&B sends what goes wrong in it to its maker.
        "HF_HUB_OFFLINE": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "WANDB_ERROR_REPORTING": "false",
        "WANDB_BASE_URL": "http://127.0.0.1:9",
    }
    (tmp_path / "home").mkdir()

    def ran(text):
        ended = subprocess.run(
            [sys.executable, "-W", "error", "-c", PROGRAM + text, str(tmp_path)], cwd=tmp_path,
            env=kept | own, capture_output=True, text=True, timeout=TIMEOUT_SECONDS, check=False,
        )  # fmt: skip
        assert ended.returncode == 0, ended.stderr
        for word in ("NETWORK", "TOLD", "Traceback", "Warning"):
            assert word not in ended.stderr, ended.stderr
        return ended.stdout

    return ran


def trackio_runs(run, project):
    """[(name, configuration, {figure: [(step, value)]})] of a project, in order."""
    printed = run(f"""
import json, trackio
from trackio.sqlite_storage import SQLiteStorage
found = [
    (one.name, one.config, SQLiteStorage.get_logs({project!r}, one.name, run_id=one.id))
    for one in trackio.Api().runs({project!r})
]
print("FOUND" + json.dumps(found))
""")
    found = []
    for name, configuration, rows in json.loads(printed.split("FOUND")[1]):
        figures = defaultdict(list)
        for row in rows:
            for key in row.keys() - {"step", "timestamp"}:
                figures[key].append((row["step"], row[key]))
        found.append((name, configuration, dict(figures)))
    return found


def numbers(lines):
    return {
        name: [(step, value) for step, value, _ in found]
        for name, found in tracked_lines.numbers(lines).items()
    }


def only_numbers(figures):
    return {
        name: of
        for name, of in figures.items()
        if all(isinstance(one, int | float) for _, one in of)
    }


def same(found, wanted):
    """Equal to the bit, NaN included."""
    assert found.keys() == wanted.keys()
    for name in found:
        first, second = ([(step, repr(float(one))) for step, one in of[name]]
                         for of in (found, wanted))  # fmt: skip
        assert first == second, name
    return True


def test_trackio_has_every_number_of_a_run(run):
    run('record(Trackio("weather"), tracked_lines.run(0, 20))')
    ((name, configuration, figures),) = trackio_runs(run, "weather")
    assert name == "a run"
    assert configuration["plan"] == tracked_lines.PLAN
    assert configuration["configuration"]["seed"] == 7
    assert same(only_numbers(figures), numbers(tracked_lines.run(0, 20)))
    assert figures["phase"] == [(0, "warm-up"), (3, "decay")]
    assert figures["end"] == [(19, "finished")]


def test_trackio_shows_a_run_that_goes_on_as_one_with_each_step_once(run):
    run("""
record(Trackio("weather", "mine"), tracked_lines.run(0, 8, state=None))
record(Trackio("weather", "mine"), tracked_lines.run(4, 12, restart=4, account=100))
record(Trackio("weather", "mine"), tracked_lines.run(0, 2))
""")
    (_, _, first), (_, _, other) = trackio_runs(run, "weather")
    wanted = [*tracked_lines.run(0, 8), *tracked_lines.run(8, 12, account=100)]
    assert same(only_numbers(first), numbers(wanted))
    assert [step for step, _ in first["loss"]] == [*range(12)]
    assert same(only_numbers(other), numbers(tracked_lines.run(0, 2)))


def test_trackio_keeps_names_inside_of_its_folder(run, tmp_path):
    run('record(Trackio("../../<p>"), tracked_lines.run(0, 2, name="../../<script>\\n"))')
    ((name, _, figures),) = trackio_runs(run, "../../<p>")
    assert name == "../../<script>\n"
    assert figures["rollout"] == [(0, 1), (1, 1)]
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert {path.parent for path in written if path.suffix == ".db"} == {tmp_path / "trackio"}


BLOCK, HEAD = 32768, struct.Struct("<IHB")


def wandb_records(file):
    """What stands in a .wandb file: records in pieces, in blocks, after a head of seven bytes."""
    from wandb.proto.wandb_internal_pb2 import Record

    data, at, whole, found = file.read_bytes(), 7, b"", []
    assert data[:4] == b":W&B"
    while at + HEAD.size <= len(data):
        if BLOCK - at % BLOCK < HEAD.size:
            at += BLOCK - at % BLOCK
            continue
        _, size, piece = HEAD.unpack_from(data, at)
        whole += data[at + HEAD.size : at + HEAD.size + size]
        at += HEAD.size + size
        if piece in (1, 4):  # the only one, the last one
            found.append(Record.FromString(whole))
            whole = b""
    assert not whole
    return found


def wandb_figures(records):
    """{figure: [(step, value)]}."""
    figures = defaultdict(list)
    for record in records:
        if record.WhichOneof("record_type") == "history":
            row = {
                item.key or ".".join(item.nested_key): json.loads(item.value_json)
                for item in record.history.item
            }
            for name in (name for name in row if not name.startswith("_")):
                value = row[name]
                special = isinstance(value, str) and value in ("NaN", "Infinity", "-Infinity")
                figures[name].append((row["_step"], float(value) if special else value))
    return dict(figures)


def wandb_files(tmp_path):
    return sorted((tmp_path / "run").glob("wandb/offline-run-*/run-*.wandb"))


def test_wandb_has_every_number_of_a_run(run, tmp_path):
    run(f"""
sink = WandB("weather", directory={str(tmp_path / "run")!r}, mode="offline")
record(sink, tracked_lines.run(0, 20, state="failed"))
""")
    (file,) = wandb_files(tmp_path)
    records = wandb_records(file)
    figures = wandb_figures(records)
    assert same(only_numbers(figures), numbers(tracked_lines.run(0, 20)))
    assert math.isnan(figures["lr"][0][1])
    assert figures["phase"] == [(0, "warm-up"), (3, "decay")]
    (about,) = [one.run for one in records if one.WhichOneof("record_type") == "run"]
    assert (about.project, about.display_name) == ("weather", "a run")
    assert about.run_id == (tmp_path / "run" / "wandb.id").read_text().strip()
    told = {
        item.key: json.loads(item.value_json)
        for one in records if one.WhichOneof("record_type") == "config"
        for item in one.config.update
    }  # fmt: skip
    assert told["plan"] == tracked_lines.PLAN
    assert told["configuration"]["seed"] == 7
    assert [one.exit.exit_code for one in records if one.WhichOneof("record_type") == "exit"] == [1]


def test_wandb_goes_on_with_a_run_under_its_id(run, tmp_path):
    for text in ("0, 4, state=None", "2, 6, restart=2", "0, 2"):
        run(f"""
sink = WandB("weather", directory={str(tmp_path / "run")!r}, mode="offline")
record(sink, tracked_lines.run({text}))
""")
    runs = [
        next(
            one.run.run_id for one in wandb_records(file) if one.WhichOneof("record_type") == "run"
        )
        for file in wandb_files(tmp_path)
    ]
    assert len(runs) == 3
    assert len(set(runs)) == 2
    assert runs.count((tmp_path / "run" / "wandb.id").read_text().strip()) == 1


def test_wandb_leaves_the_screen_and_the_program_s_own_run_alone(run, tmp_path):
    printed = run(f"""
import wandb
own = wandb.init(project="own", mode="offline", dir={str(tmp_path)!r}, id="own",
                 settings={{"console": "off"}})
stdout = sys.stdout
record(WandB("weather", directory={str(tmp_path / "run")!r}, mode="offline"),
       tracked_lines.run(0, 3))
own.log({{"mine": 1.5}}, step=0)
print(wandb.run is own, sys.stdout is stdout)
own.finish()
""")
    assert printed.split() == ["True", "True"]
    (file,) = tmp_path.glob("wandb/offline-run-*-own/run-own.wandb")
    assert wandb_figures(wandb_records(file)) == {"mine": [(0, 1.5)]}
    (file,) = wandb_files(tmp_path)
    assert [step for step, _ in wandb_figures(wandb_records(file))["loss"]] == [0, 1, 2]


@pytest.mark.parametrize("name", ["trackio", "wandb"])
def test_a_run_that_closes_nothing_loses_nothing(name, run, tmp_path):
    run(f"""
import os, time
from pathlib import Path
os.environ["WANDB_MODE"] = "offline"
sink = sink_named("{name}", Path({str(tmp_path / "run")!r}), "<script>")
background = record(sink, tracked_lines.run(0, 20), close=False)
while background._num_delivered < 2:
    time.sleep(0.001)
""")
    if name == "trackio":
        ((_, _, figures),) = trackio_runs(run, "glidepath")
    else:
        (file,) = wandb_files(tmp_path)
        figures = wandb_figures(wandb_records(file))
    assert same(only_numbers(figures), numbers(tracked_lines.run(0, 20)))


def test_wandb_that_no_server_answers_does_not_keep_a_program_from_its_end(tmp_path):
    text = (
        PROGRAM
        + """
import os
closed = socket.socket()
closed.bind(("127.0.0.1", 0))  # and never listens
os.environ |= {
    "WANDB_BASE_URL": f"http://127.0.0.1:{closed.getsockname()[1]}",
    "WANDB_API_KEY": "a" * 40, "HOME": sys.argv[1], "WANDB_ERROR_REPORTING": "false",
}
sink = WandB("weather", directory=sys.argv[1], mode="online", settings={"init_timeout": 1.0})
background = Background(sink, tell=print, patience_seconds=0.5)
for line in tracked_lines.run(0, 3):
    background.put(line)
background.close()
print("the run is done")
"""
    )
    ended = subprocess.run(
        [sys.executable, "-c", text, tmp_path], capture_output=True, text=True, check=False,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parent)}, timeout=TIMEOUT_SECONDS,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    told, done = ended.stdout.splitlines()
    assert told.startswith("WandB did not get 8 of 9 lines within 0.5 s of the run's end")
    assert done == "the run is done"
