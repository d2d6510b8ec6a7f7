"""Event files, read back by TensorBoard's own readers."""

import json
import logging
import math
import os
import subprocess
import sys
import time

import numpy as np
import pytest
import tracked_lines

from glidepath.record.sinks import Background, TensorBoard

pytest.importorskip("tensorboard")

from tensorboard.backend.event_processing import event_accumulator, plugin_event_accumulator
from tensorboard.util import tensor_util

ALL = {"scalars": 0, "tensors": 0}
"""No reader leaves out a value."""


def record(directory, lines):
    background = Background(TensorBoard(directory), tell=pytest.fail)
    for line in lines:
        background.put(line)
    background.close()


def scalars(directory):
    """{tag: [(step, value, wall time)]}."""
    reader = event_accumulator.EventAccumulator(str(directory), size_guidance=ALL).Reload()
    return {
        tag: [(one.step, one.value, one.wall_time) for one in reader.Scalars(tag)]
        for tag in reader.Tags()["scalars"]
    }


def shown(directory):
    """{tag: [(step, value)]} of numbers and of texts, as the server reads them."""
    reader = plugin_event_accumulator.EventAccumulator(str(directory), size_guidance=ALL).Reload()
    found = {}
    for tag in reader.Tags()["tensors"]:
        events = reader.Tensors(tag)
        values = [tensor_util.make_ndarray(one.tensor_proto).item() for one in events]
        values = [value.decode() if isinstance(value, bytes) else value for value in values]
        found[tag] = list(zip((one.step for one in events), values, strict=True))
    return found


def expected(lines):
    """The numbers of lines, in float32."""
    return {
        tag: [(step, float(np.float32(value)), seconds) for step, value, seconds in found]
        for tag, found in tracked_lines.numbers(lines).items()
    }


def same(found, wanted):
    """Equal, also where both are NaN."""
    assert found.keys() == wanted.keys()
    for name in found:
        np.testing.assert_array_equal(np.array(found[name]), np.array(wanted[name]), name)
    return True


def test_every_number_of_a_run_is_read_back(tmp_path):
    lines = [*tracked_lines.run(0, 20)]
    record(tmp_path, lines)
    found = scalars(tmp_path)
    assert same(found, expected(lines))
    assert sum(map(len, found.values())) == 20 * 4 + 10 * 2 + 5 * 7
    assert math.isnan(found["lr"][0][1])
    assert [value for _, value, _ in found["lr"][1:3]] == [math.inf, -math.inf]


def test_what_was_there_of_a_run_that_never_began_is_hidden(tmp_path):
    record(tmp_path, tracked_lines.run(0, 6, account=100, state=None))
    lines = [*tracked_lines.run(0, 3)]
    record(tmp_path, lines)
    assert same({tag: of for tag, of in scalars(tmp_path).items() if of}, expected(lines))


def test_what_is_too_large_for_float32_is_infinite(tmp_path):
    record(tmp_path, [tracked_lines.update(5) | {"loss": 1e300}])
    assert scalars(tmp_path)["loss"] == [(5, math.inf, 1006.0)]


@pytest.mark.parametrize("killed_after", [4, 7, 8])
@pytest.mark.parametrize("restart", [1, 2, 4])
def test_a_run_that_goes_on_shows_each_step_once(tmp_path, killed_after, restart):
    first = [*tracked_lines.run(0, killed_after, state=None)]
    second = [*tracked_lines.run(restart, 10, restart=restart, account=100)]
    record(tmp_path, first)
    record(tmp_path, second)
    about_an_update = ("update", "layers")
    kept = [
        line for line in first
        if line.get("step", 0) < restart + (line["kind"] not in about_an_update)
    ]  # fmt: skip
    wanted = expected(kept + second)
    assert same(scalars(tmp_path), wanted)
    assert [step for step, _, _ in wanted["loss"]] == [*range(10)]
    assert [step for step, _, _ in wanted["evaluation/val_loss"]] == [1, 3, 5, 7, 9]
    everywhere = {tag: [pair[:2] for pair in pairs] for tag, pairs in wanted.items()}
    assert same({tag: of for tag, of in shown(tmp_path).items() if tag in wanted}, everywhere)


def test_a_run_that_goes_on_again_and_again_shows_each_step_once(tmp_path):
    for restart in (0, 3, 3, 6, 2):
        record(
            tmp_path,
            tracked_lines.run(
                restart, restart + 5, restart=restart or None, account=restart, state=None
            ),
        )
    assert [(step, value) for step, value, _ in scalars(tmp_path)["rollout"]] == [
        (step, 1 + step // 2) for step in range(7)
    ]


def test_a_clock_that_goes_back_changes_nothing(tmp_path, monkeypatch):
    for restart, seconds in ((None, 2e9), (3, 1e9), (4, 1e9)):
        monkeypatch.setattr(time, "time", lambda seconds=seconds: seconds)
        record(tmp_path, tracked_lines.run(restart or 0, 6, restart=restart, account=restart or 0))
    loss = [value for _, value, _ in scalars(tmp_path)["loss"]]
    wanted = [1.0 / (step + 1) + {3: 3, 4: 4, 5: 4}.get(step, 0) for step in range(6)]
    assert loss == [float(np.float32(value)) for value in wanted]
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        f"events.000{number}.out.tfevents" for number in (1, 2, 3)
    ]


def test_texts_stand_at_their_steps_and_are_shown_as_they_are(tmp_path):
    lines = [
        *tracked_lines.run(0, 4, state=None),
        {"kind": "event", "step": 4, "event": "cuts", "target": "decay/lr", "time": 1.0},
        {"kind": "event", "step": 4, "event": "cuts", "target": "decay/beta1", "time": 1.0},
        {"kind": "notice", "step": 4, "text": "<script>alert(1)</script>\n# a title", "time": 1.0},
        {"kind": "nonfinite", "step": 4, "gradients": ["w"], "policy": "skip", "time": 1.0},
        {"kind": "end", "step": 5, "state": "failed", "reason": "KeyError", "time": 1.0},
    ]
    record(tmp_path, lines)
    found = shown(tmp_path)
    assert found["phase"] == [(0, "    warm-up"), (3, "    decay")]
    assert found["event"][-1] == (3, "    cuts decay/lr\n    cuts decay/beta1")
    assert found["notice"] == [(3, "    <script>alert(1)</script>\n    # a title")]
    assert found["nonfinite"] == [(4, "    gradients: w; policy: skip")]
    assert found["end"] == [(4, "    failed: KeyError")]
    assert found["run/name"] == [(0, "    a run")]
    assert found["run/total_steps"] == [(0, "    100")]
    ((step, plan),) = found["run/plan"]
    assert (step, [line[:4] for line in plan.splitlines()]) == (0, ["    "] * 3)
    assert [line[4:] for line in plan.splitlines()] == tracked_lines.PLAN.splitlines()
    ((_, configuration),) = found["run/configuration"]
    assert json.loads(configuration)["sizes"] == [1, 2]


def test_the_plan_of_a_run_that_goes_on_is_shown_where_it_goes_on(tmp_path):
    record(tmp_path, tracked_lines.run(0, 6, state="stopped"))
    record(tmp_path, tracked_lines.run(6, 8, restart=6))
    found = shown(tmp_path)
    assert [step for step, _ in found["run/plan"]] == [0, 6]
    assert found["restart"] == [(5, "    goes on at step 6")]
    assert found["end"] == [(5, "    stopped"), (7, "    finished")]
    assert [step for step, _ in found["loss"]] == [*range(8)]


NAMES = ["<script>alert(1)</script>", "../../x", "a\nb", "/etc/passwd", "s3://bucket", "", "ü☃"]


@pytest.mark.parametrize("name", NAMES)
def test_no_name_leads_out_of_the_directory_or_breaks_a_file(tmp_path, name):
    below = tmp_path / "a" / "b"
    lines = [
        tracked_lines.header(name),
        {"kind": "update", "step": 0, "phase": name, name or "x": 1.5, "time": 5.0},
        {"kind": "evaluation", "step": 1, name: 2.5, "time": 5.0},
        {"kind": "layers", "step": 0, "arrays": {name: {"norm": 3.5}}, "time": 5.0},
    ]
    record(below, lines)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert [path.relative_to(below).as_posix() for path in files] == ["events.0001.out.tfevents"]
    found = scalars(below)
    assert sorted(value for ((_, value, _),) in found.values()) == [1.5, 2.5, 3.5]
    assert not any(set(tag) & set("<>\n") for tag in found)


def test_other_files_in_the_directory_are_left_alone(tmp_path):
    for name in ("events.0007.out.tfevents", "events.out.tfevents.17.host", "notes.txt"):
        (tmp_path / name).write_bytes(b"")
    record(tmp_path, tracked_lines.run(0, 2))
    assert (tmp_path / "events.0008.out.tfevents").stat().st_size > 0
    assert (tmp_path / "events.0007.out.tfevents").stat().st_size == 0


def test_a_directory_that_can_not_be_made_is_told_and_the_run_goes_on(tmp_path):
    (tmp_path / "file").write_text("")
    told = []
    background = Background(TensorBoard(tmp_path / "file" / "below"), tell=told.append)
    for line in tracked_lines.run(0, 20):
        background.put(line)
    background.close()
    assert told[0].startswith('TensorBoard did not take the line "model" of step 0 (NotADirectory')
    assert "TensorBoard failed 10 times in a row" in told[1]


def test_lines_are_there_to_be_looked_at_while_the_run_goes_on(tmp_path):
    sink = TensorBoard(tmp_path)
    sink.write(tracked_lines.header())
    sink.write(tracked_lines.update(0))
    sink._flushed_at = -math.inf  # as after a second
    sink.write(tracked_lines.update(1))
    assert [step for step, _, _ in scalars(tmp_path)["loss"]] == [0, 1]
    sink.close()


def test_it_loads_neither_torch_nor_tensorflow(tmp_path):
    fake = tmp_path / "packages" / "tensorflow"
    fake.mkdir(parents=True)
    (fake / "__init__.py").write_text("raise AssertionError('TensorFlow was imported')")
    text = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from glidepath.record.sinks import TensorBoard\n"
        "sink = TensorBoard(sys.argv[2])\n"
        "sink.write({'kind': 'run', 'name': 'n', 'time': 1.0})\n"
        "sink.write({'kind': 'update', 'step': 0, 'phase': 'p', 'loss': 1.0, 'time': 1.0})\n"
        "sink.close()\n"
        "print([name for name in ('torch', 'tensorflow', 'jax') if name in sys.modules])"
    )
    ran = subprocess.run(
        [sys.executable, "-c", text, fake.parent, tmp_path / "run"],
        capture_output=True, text=True, check=True, env=os.environ | {"PYTHONPATH": ""},
    )  # fmt: skip
    assert ran.stdout.strip() == "[]", ran.stderr
    assert scalars(tmp_path / "run") == {"loss": [(0, 1.0, 1.0)]}


@pytest.fixture(autouse=True)
def readers_are_silent():
    """They log that they hide what a run does again."""
    logging.getLogger("tensorboard").setLevel(logging.ERROR)
