"""The record: what a run writes, and what is read of it, also when it was killed or goes on."""

import json
import math
import os
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from glidepath import Phase, Plan, cosine, from_function, linear
from glidepath.record import History, Recorder
from glidepath.record.history import runs_below
from glidepath.record.lines import Tail, read
from glidepath.record.schema import KINDS, as_text

PLAN = Plan(
    Phase("warm-up", 5, lr=linear(0.0, 0.1)), Phase("decay", 20, lr=cosine(0.1, 0.0)), beta1=0.9
)


def descend(recorder, start=0, end=25, rate=0.1):
    """Gradient descent on the squares of three weights."""
    weights = {"a": np.full(2, 0.8**start), "b": np.full(1, 2 * 0.8**start)}
    for step in range(start, end):
        loss = sum(float(np.sum(one**2)) for one in weights.values())
        grads = {name: 2 * one for name, one in weights.items()}
        updates = {name: -rate * one for name, one in grads.items()}
        recorder.log(step, loss, params=weights, grads=grads, updates=updates, batch=str(step))
        weights = {name: one + updates[name] for name, one in weights.items()}


@pytest.fixture
def directory(tmp_path):
    return tmp_path / "run"


def kinds(directory):
    return [line["kind"] for line in read(directory / "record.jsonl")]


def test_every_step_is_there_once_with_what_the_plan_says(directory):
    with Recorder(directory, PLAN) as recorder:
        descend(recorder)
    history = History.open(directory)
    assert history.steps.tolist() == list(range(25))
    assert history.column("lr").tolist() == PLAN["lr"](np.arange(25)).tolist()
    assert history.texts("phase") == [PLAN.phase_at(step).name for step in range(25)]
    assert history.texts("batch")[7] == "7"
    assert history.column("planned").tolist() == [1.0] * 25
    assert history.plan == PLAN
    assert history.total_steps == 25
    assert history.end["state"] == "finished"
    assert history.values == ["beta1", "lr"]


def test_a_value_that_was_seen_is_recorded_and_not_the_plan_s(directory):
    with Recorder(directory, PLAN) as recorder:
        recorder.log(0, 1.0, lr=0.3)
    history = History.open(directory)
    assert history.column("lr").tolist() == [0.3]
    assert history.column("beta1").tolist() == [0.9]
    assert "planned" not in history.names


def test_norms_and_looks_come_when_they_are_due(directory):
    with Recorder(directory, PLAN, norms_every=2, look_every=20) as recorder:
        descend(recorder)
    history = History.open(directory)
    steps, norms = history.known("gradient_norm")
    assert steps.tolist() == list(range(0, 25, 2))
    assert norms.tolist() == pytest.approx([2 * math.sqrt(6) * 0.8**step for step in steps], 1e-6)
    assert history.known("update_ratio")[1].tolist() == pytest.approx([0.2] * 13)
    looks = history.looks
    assert looks.steps.tolist() == [0, 10, 20]
    assert looks.arrays == ["a", "b"]
    assert looks.figure("norm")[:, 1].tolist() == pytest.approx([2 * 0.8**s for s in (0, 10, 20)])
    assert np.all(np.diff(looks.figure("checksum"), axis=0) != 0)
    assert np.isnan(looks.step_sizes()).all()


def test_a_killed_run_has_all_lines_but_the_one_that_was_being_written(directory):
    recorder = Recorder(directory, PLAN)
    descend(recorder, 0, 9)
    with (directory / "record.jsonl").open("a") as file:
        file.write('{"kind": "update", "step": 9, "lo')
    assert History.open(directory).steps.tolist() == list(range(9))


def test_a_run_that_goes_on_has_each_step_once(directory):
    recorder = Recorder(directory, PLAN)
    descend(recorder, 0, 9)
    recorder.evaluate(6, val_loss=0.5)
    recorder.saved(6)
    recorder.evaluate(8, val_loss=0.4)
    with (directory / "record.jsonl").open("a") as file:
        file.write('{"kind": "upd')
    with Recorder(directory, PLAN, start=6) as again:
        descend(again, 6)
    history = History.open(directory)
    assert history.steps.tolist() == list(range(25))
    assert history.column("loss").tolist() == pytest.approx([6 * 0.64**step for step in range(25)])
    assert history.restarts == [6]
    assert history.checkpoints == [6]
    assert history.evaluations("val_loss")[0].tolist() == [6]


def test_a_finished_run_that_goes_on_has_one_end(directory):
    with Recorder(directory, PLAN, total_steps=5) as recorder:
        descend(recorder, 0, 5)
    with Recorder(directory, PLAN, start=5) as recorder:
        descend(recorder, 5)
    assert kinds(directory).count("end") == 1
    assert History.open(directory).end["step"] == 25


def test_a_record_is_not_lost_by_a_run_that_forgot_to_say_where_it_goes_on(directory):
    with Recorder(directory, PLAN) as recorder:
        descend(recorder)
    before = (directory / "record.jsonl").read_bytes()
    with pytest.raises(FileExistsError, match="25 updates: go on with the run by start=STEP"):
        Recorder(directory, PLAN)
    assert (directory / "record.jsonl").read_bytes() == before


def test_a_step_that_was_logged_is_refused(directory):
    recorder = Recorder(directory, PLAN)
    descend(recorder, 0, 3)
    with pytest.raises(ValueError, match="`step` must be 3 or later"):
        recorder.log(2, 1.0)
    with pytest.raises(TypeError, match=r"`step` must be a whole number, got 3\.0"):
        recorder.log(3.0, 1.0)
    recorder.close()
    with pytest.raises(ValueError, match="this recorder is closed"):
        recorder.log(3, 1.0)


@pytest.mark.parametrize(
    ("error", "state", "reason"),
    [(ZeroDivisionError("by zero"), "failed", "ZeroDivisionError: by zero"),
     (KeyboardInterrupt(), "stopped", "interrupted")],
)  # fmt: skip
def test_how_a_run_ended_is_on_record(directory, error, state, reason):
    with pytest.raises(type(error)), Recorder(directory, PLAN) as recorder:
        descend(recorder, 0, 3)
        raise error
    end = History.open(directory).end
    assert (end["state"], end["reason"], end["step"]) == (state, reason, 3)


def test_numbers_that_json_lacks_are_texts_and_come_back(directory):
    with Recorder(directory, PLAN) as recorder:
        recorder.log(0, math.nan, note=math.inf)
        recorder.log(1, -math.inf)
        recorder.log(2, 0.5)
        recorder.evaluate(3, val_loss=math.nan)

    def refuse(word):
        raise AssertionError(word)

    for text in (directory / "record.jsonl").read_text().splitlines():
        json.loads(text, parse_constant=refuse)
    history = History.open(directory)
    assert np.isnan(history.column("loss")[0])
    assert history.column("loss")[1:].tolist() == [-math.inf, 0.5]
    assert history.column("note")[0] == math.inf
    assert [line["step"] for line in history.nonfinite] == [0]
    assert np.isnan(history.evaluations("val_loss")[1][0])


def test_arrays_with_nan_are_named_once_for_as_long_as_they_are_the_same(directory):
    sound, broken = np.ones(2), np.array([1.0, math.nan])
    with Recorder(directory, norms_every=1) as recorder:
        recorder.log(0, 1.0, params={"a": sound, "b": sound}, grads={"a": sound, "b": sound})
        for step in (1, 2):
            recorder.log(
                step, 1.0, params={"a": sound, "b": sound}, grads={"a": broken, "b": sound}
            )
        recorder.log(3, 1.0, params={"a": sound, "b": broken}, grads={"a": broken, "b": sound})
    found = History.open(directory).nonfinite
    assert [(line["step"], line["gradients"], line.get("parameters")) for line in found] == [
        (1, ["a"], None),
        (3, ["a"], ["b"]),
    ]


def test_a_second_bad_batch_is_told_of_though_it_has_the_same_arrays(directory):
    sound, broken = {"a": np.ones(2)}, {"a": np.array([1.0, math.nan])}
    asked = []
    recorder = Recorder(directory, norms_every=1, inquire=lambda step: asked.append(step) or {})
    for step, grads in enumerate([sound, broken, sound, broken]):
        recorder.log(step, 1.0, params=sound, grads=grads)
    assert [line["step"] for line in History.open(directory).nonfinite] == asked == [1, 3]


def test_steps_may_be_numpy_s(directory):
    with Recorder(directory, PLAN) as recorder:
        for step in np.arange(3):
            recorder.log(step, 1.0)
        recorder.saved(np.int64(3))
    assert History.open(directory).end["step"] == 3


def test_what_breaks_while_the_last_line_is_written_leaves_an_end_and_the_first_error(directory):
    def refuse(line):
        if line["kind"] == "update":
            raise FloatingPointError("not finite")

    recorder = Recorder(directory, PLAN, on_line=refuse)
    import jax.numpy as jnp

    recorder.log(0, jnp.float32(1.0))
    with pytest.raises(FloatingPointError):
        recorder.close()
    assert History.open(directory).end["reason"] == "FloatingPointError: not finite"
    with pytest.raises(KeyboardInterrupt), Recorder(directory, PLAN, start=1) as again:
        again._on_line = refuse
        again.log(1, jnp.float32(1.0))
        raise KeyboardInterrupt
    assert History.open(directory).end["state"] == "stopped"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [({"total_steps": -5}, "`total_steps` must be a whole number from 1, got -5"),
     ({"configuration": {"path": Path("x")}}, "`configuration` must hold plain texts")],
)  # fmt: skip
def test_what_can_t_be_recorded_is_refused_before_anything_is_written(directory, arguments, said):
    with pytest.raises((TypeError, ValueError), match=said):
        Recorder(directory, PLAN, **arguments)
    assert not directory.exists()


def test_a_figure_that_is_no_number_is_refused(directory):
    recorder = Recorder(directory, PLAN)
    with pytest.raises(ValueError, match="`time` is what every line has"):
        recorder.log(0, 1.0, time=3.0)
    with pytest.raises(TypeError, match="`loss` must be a number, got 'low'"):
        recorder.log(0, "low")
    with pytest.raises(ValueError, match="`step` must be at least 0, got -1"):
        recorder.saved(-1)
    with pytest.raises(TypeError, match=r"`loss` must be a number, got an array \[3\]"):
        recorder.log(0, np.ones(3))


def test_gradients_of_other_arrays_are_refused(directory):
    recorder = Recorder(directory, PLAN)
    with pytest.raises(ValueError, match="`grads` has 'c', and the parameters are a, b"):
        recorder.log(0, 1.0, params={"a": np.ones(1), "b": np.ones(1)}, grads={"c": np.ones(1)})
    with pytest.raises(TypeError, match="a tree of arrays, got dict without any"):
        recorder.log(0, 1.0, params={})


def test_a_plan_with_a_function_is_followed_though_a_file_can_t_hold_it(directory):
    plan = Plan(Phase("a", 4, lr=from_function(lambda step: 1.0 / (1 + step))))
    with Recorder(directory, plan) as recorder:
        for step in range(4):
            recorder.log(step, 1.0)
    history = History.open(directory)
    assert history.plan is None
    assert history.column("lr").tolist() == [1.0, 0.5, 1 / 3, 0.25]


def test_a_directory_that_can_t_be_written_is_an_error_at_once(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match="file"):
        Recorder(tmp_path / "file" / "run", PLAN)


@pytest.mark.parametrize("arguments", [{"norms_every": 0}, {"look_every": 1.5}, {"start": -1}])
def test_numbers_that_make_no_sense_are_refused(directory, arguments):
    with pytest.raises(ValueError, match=f"`{next(iter(arguments))}` must be a whole number from"):
        Recorder(directory, PLAN, **arguments)


def test_a_clock_that_goes_back_leaves_no_negative_time(directory, monkeypatch):
    times = iter(range(1_000_000, 0, -1000))
    monkeypatch.setattr("time.time", lambda: next(times))
    with Recorder(directory, PLAN) as recorder:
        descend(recorder)
    history = History.open(directory)
    assert np.all(np.diff(history.column("time")) < 0)
    assert history.known("seconds")[1].min() >= 0


def test_a_damaged_line_is_named(directory):
    with Recorder(directory, PLAN) as recorder:
        descend(recorder)
    file = directory / "record.jsonl"
    lines = file.read_text().splitlines()
    lines[4] = "garbage"
    file.write_text("\n".join(lines) + "\n")
    with pytest.raises(ValueError, match="line 5, is no line of a record, but 'garbage'"):
        History.open(directory)


def test_no_record_is_an_error_that_says_where_one_would_be(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no record of a run at .*record\.jsonl"):
        History.open(tmp_path)
    with pytest.raises(NotADirectoryError, match="give the one that your runs are in"):
        list(runs_below(tmp_path / "none"))


def test_a_record_of_a_later_version_is_refused():
    with pytest.raises(ValueError, match="schema 99, and this glidepath knows 1"):
        History([{"kind": "run", "schema": 99}])


def test_kinds_of_a_later_version_are_passed_over():
    assert len(History([{"kind": "omen"}, {"kind": "update", "step": 0, "loss": 1.0}])) == 1


def test_a_tail_reads_a_long_record_in_pieces_of_whole_lines(directory, monkeypatch):
    monkeypatch.setattr("glidepath.record.lines.PIECE", 1_000)
    directory.mkdir()
    file = directory / "record.jsonl"
    file.write_text("".join(f'{{"kind": "update", "step": {i}}}\n' for i in range(100)))
    with file.open("a") as more:
        more.write(f'{{"kind": "notice", "text": "{"long " * 1_000}"}}\n{{"kind": "up')
    tail, pieces = Tail(file), []
    while tail.is_behind:
        pieces.append(tail.new_lines()[1])
    assert max(map(len, pieces)) < 40
    assert [line.get("step") for piece in pieces for line in piece] == [*range(100), None]
    assert tail.new_lines() == (False, [])


def test_a_tail_reads_what_is_new_and_notices_that_the_run_went_back(directory):
    tail = Tail(directory / "record.jsonl")
    assert tail.new_lines() == (False, [])
    recorder = Recorder(directory, PLAN)
    descend(recorder, 0, 3)
    is_new, lines = tail.new_lines()
    assert not is_new
    assert [line["step"] for line in lines if line["kind"] == "update"] == [0, 1, 2]
    with (directory / "record.jsonl").open("a") as file:
        file.write('{"kind": "update", "step": 3, ')
    assert tail.new_lines() == (False, [])
    with Recorder(directory, PLAN, start=2) as again:
        descend(again, 2, 4)
    is_new, lines = tail.new_lines()
    assert is_new
    assert [line["step"] for line in lines if line["kind"] == "update"] == [0, 1, 2, 3]


def test_every_line_has_what_the_schema_says_and_nothing_else(directory):
    with Recorder(directory, PLAN, look_every=10) as recorder:
        descend(recorder, 0, 12)
        recorder.evaluate(12, val_loss=1.0)
        recorder.saved(12)
        recorder.notice("something")
    quantities = {"lr", "beta1", "val_loss"}
    for line in read(directory / "record.jsonl"):
        said = " ".join(KINDS[line["kind"]]).replace(",", " ").split()
        assert set(line) <= {*said, *quantities, "kind", "time", "step"}, line


def test_runs_are_found_below_a_directory(tmp_path):
    for name in ("b", "a/deep"):
        Recorder(tmp_path / name, PLAN).close()
    assert list(runs_below(tmp_path)) == [tmp_path / "a/deep", tmp_path / "b"]


def test_a_line_is_one_line_whatever_is_in_it():
    text = as_text({"kind": "notice", "text": "two\nlines and \u2028"})
    assert text.count("\n") == 1
    assert json.loads(text)["text"] == "two\nlines and \u2028"


class Broken:
    """A tracker that refuses everything, or never answers."""

    def __init__(self, hangs=None):
        self.hangs = hangs

    def write(self, line):
        if self.hangs is not None:
            self.hangs.wait(30)
        raise RuntimeError("no such project")

    def close(self):
        raise RuntimeError("no such project")


def test_trackers_that_raise_or_hang_stop_nothing_and_are_told_of(directory):
    released, told = threading.Event(), []
    sinks = [Broken(), Broken(released)]
    with Recorder(directory, PLAN, sinks=sinks, tell=told.append) as recorder:
        descend(recorder)  # while one of them still hangs at its first line
        assert not released.is_set()
        released.set()
    history = History.open(directory)
    assert history.steps.tolist() == list(range(25))
    assert history.end["state"] == "finished"
    assert "no such project" in told[0]
    assert all("the run" in text for text in told)
    notices = [line["text"] for line in history.notices]
    assert notices
    assert set(notices) <= set(told)


# What users got wrong, and what went wrong around them


@pytest.mark.parametrize("name", ["bfloat16", "float8_e4m3fn", "float16"])
def test_a_loss_may_be_of_any_floating_type(directory, name):
    import jax.numpy as jnp
    import ml_dtypes
    import torch

    losses = [
        jnp.asarray(1.5, getattr(jnp, name)),
        np.asarray(1.5, getattr(ml_dtypes, name, name)),
        torch.tensor(1.5).to(getattr(torch, name)),
    ]
    with Recorder(directory) as recorder:
        for step, loss in enumerate(losses):
            recorder.log(step, loss, lr=loss)
    history = History.open(directory)
    assert history.column("loss").tolist() == history.column("lr").tolist() == [1.5] * 3


@pytest.mark.parametrize(
    ("figures", "said"),
    [({"lr": "x"}, "`lr` must be a number, got 'x'"),
     ({"beta1": "x"}, "`beta1` must be a number, got 'x'"),
     ({"num_updates": "many"}, "`num_updates` must be a number, got 'many'"),
     ({"data_seconds": "slow"}, "`data_seconds` must be a number, got 'slow'"),
     ({"seconds": -1}, "`seconds` must be 0 or more, got -1"),
     ({"loss": 10**400}, "`loss` must be a number up to 1.8e308"),
     ({"grads": {"a": np.ones(2)}}, "give params=model, too"),
     ({"params": {"a": np.ones(2)}, "grads": {"a": np.ones(3)}},
      r"`grads` has 'a' as \[3\], and the parameter is \[2\]"),
     ({"batch": {1, 2}}, r"`batch` must be the indices of its samples, such as \[3, 1, 2\]")],
)  # fmt: skip
def test_what_is_logged_and_would_be_lost_is_an_error_that_says_what_would_work(
    directory, figures, said
):
    plan = Plan(Phase("a", 5, lr=0.1, beta1=0.9))
    with Recorder(directory, plan) as recorder:
        with pytest.raises((TypeError, ValueError), match=said):
            recorder.log(0, **figures)
        recorder.log(0, 1.0)
    assert History.open(directory).steps.tolist() == [0]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [({"val_loss": "x"}, "`val_loss` must be a number, got 'x'"),
     ({"val_loss": 1.0, "seconds": "x"}, "`seconds` must be a number, got 'x'"),
     ({"val_loss": 1.0, "seconds": -3}, "`seconds` must be 0 or more, got -3"),
     ({"val_loss": 10**400}, "`val_loss` must be a number up to 1.8e308")],
)  # fmt: skip
def test_an_evaluation_measures_numbers(directory, arguments, said):
    recorder = Recorder(directory)
    with pytest.raises((TypeError, ValueError), match=said):
        recorder.evaluate(1, **arguments)


def test_a_step_that_no_file_can_hold_is_refused(directory):
    recorder = Recorder(directory)
    with pytest.raises(ValueError, match=r"`step` must be below 2\*\*63"):
        recorder.log(2**70, 1.0)


@pytest.mark.parametrize("of", [list, tuple, np.array])
def test_a_batch_is_the_indices_of_its_samples_however_they_come(directory, of):
    with Recorder(directory) as recorder:
        recorder.log(0, 1.0, batch=of([0, 1, 2]))
        recorder.log(1, 1.0, batch=range(3))
        recorder.log(2, 1.0, batch=of([0, 2, 1]))
    first, second, third = History.open(directory).texts("batch")
    assert first == second != third


def test_a_line_with_a_step_that_is_none_is_named(directory):
    with Recorder(directory) as recorder:
        recorder.log(0, 1.0)
    with (directory / "record.jsonl").open("a") as file:
        file.write('{"kind": "update", "step": "a", "time": 1.0}\n')
    with pytest.raises(ValueError, match=r"record\.jsonl, line 4, is no line of a record"):
        History.open(directory)


def test_names_that_clash_are_told_apart_by_numbers(directory):
    import jax

    tree = {"a/b": np.full(1, 3.0), "a": {"b": np.full(1, 4.0)}, "key": jax.random.key(0)}
    with Recorder(directory) as recorder:
        recorder.log(0, 1.0, params=tree, grads=tree)
    history = History.open(directory)
    assert history.looks.arrays == ["a/b", "a/b (2)"]
    assert history.looks.figure("norm").tolist() == [[3.0, 4.0]]
    assert history.column("parameter_norm").tolist() == [5.0]


class FullDisk:
    """A file on it."""

    def write(self, text):
        raise OSError(28, "No space left on device")

    def close(self):
        raise OSError(28, "No space left on device")


@pytest.mark.parametrize("own", [None, RuntimeError("my own")])
def test_a_full_disk_closes_the_trackers_and_hides_no_error(directory, own):
    class Sink:
        def __init__(self):
            self.kinds, self.is_closed = [], False

        def write(self, line):
            self.kinds.append(line["kind"])

        def close(self):
            self.is_closed = True

    sink = Sink()
    recorder = Recorder(directory, sinks=[sink])
    with pytest.raises((RuntimeError, OSError)) as caught, recorder:
        recorder.log(0, 1.0)
        recorder._writer._file.close()
        recorder._writer._file = FullDisk()
        if own is not None:
            raise own
        recorder.log(1, 1.0)
    assert sink.is_closed
    assert sink.kinds[-1] == "end"
    assert "No space left on device" in "".join(caught.value.__notes__)
    if own is None:
        assert caught.value.filename == str(directory / "record.jsonl")
    else:
        assert caught.value is own


def test_a_recorder_that_was_taken_over_says_so(directory):
    first = Recorder(directory)
    with Recorder(directory) as second:
        with pytest.raises(ValueError, match=r"another Recorder of this process has taken .*reco"):
            first.log(0, 1.0)
        second.log(0, 2.0)
    assert History.open(directory).column("loss").tolist() == [2.0]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
@pytest.mark.filterwarnings("ignore:.*fork:")
def test_a_forked_process_is_refused_and_its_parent_keeps_the_record(directory):
    with Recorder(directory) as recorder:
        recorder.log(0, 1.0)
        reading, writing = os.pipe()
        if not (child := os.fork()):
            try:
                recorder.log(1, 9.0)
            except RuntimeError as error:
                os.write(writing, str(error).encode())
            recorder._writer._end()  # as at the exit of a child that falls through
            os._exit(0)
        os.waitpid(child, 0)
        said = os.read(reading, 1000).decode()
        assert f"belongs to process {os.getpid()}, and this is {child}, forked from it" in said
        code = f"from glidepath.record import Recorder; Recorder({str(directory)!r}, start=1)"
        other = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=False
        )
        assert "is being written by process" in other.stderr
        recorder.log(1, 2.0)
    assert History.open(directory).column("loss").tolist() == [1.0, 2.0]


def test_threads_that_share_a_recorder_write_whole_steps_in_order(directory):
    with Recorder(directory) as recorder:

        def log(thread):
            for step in range(50):
                with suppress(ValueError):  # another thread was faster
                    recorder.log(step, float(thread))

        threads = [threading.Thread(target=log, args=(i,)) for i in range(4)]
        for one in threads:
            one.start()
        for one in threads:
            one.join()
    assert History.open(directory).steps.tolist() == list(range(50))
