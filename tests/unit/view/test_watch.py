"""A run that is looked at while it goes on, in terminals of all kinds."""

import io
import json
import re
import time
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from glidepath import Event, Phase, Plan, cosine, plateau
from glidepath.diagnosis.finding import Finding
from glidepath.diagnosis.rule import Rule
from glidepath.record.history import History
from glidepath.record.state import state_of
from glidepath.view.canvas import Chart, Line
from glidepath.view.series import smoothed, thinned
from glidepath.view.watch import follower as following
from glidepath.view.watch.follower import Follower
from glidepath.view.watch.page import Page
from glidepath.view.watch.watching import can_be_live, show_once, watch
from tests.unit.view.small_runs import PLAN, append, train


def rule_of(*findings):
    return Rule("made-up", "all", "none", "none", lambda history: iter(findings))


FINDING = Finding("made-up", "warning", "likely", 12, "it [b]wobbles[/b]", "why", ("sit down", "x"))


def console(width=100, height=40, *, terminal=False, **options):
    file = io.TextIOWrapper(io.BytesIO(), encoding=options.pop("encoding", "utf-8"))
    return Console(file=file, width=width, height=height, force_terminal=terminal,
                   highlight=False, **options)  # fmt: skip


def printed(console):
    console.file.flush()
    return console.file.buffer.getvalue().decode(console.file.encoding)


def page(history, *, width=100, height=40, findings=(), age=1.0, **options):
    out = console(width, height)
    out.print(Page(history, state_of(history, age), findings, "run", height=height, **options))
    return printed(out)


@pytest.fixture(scope="module")
def going_on(tmp_path_factory):
    return train(tmp_path_factory.mktemp("watch") / "run", 20, close=None)


def test_the_page_says_where_the_run_is_and_how_it_goes(going_on):
    text = page(History.open(going_on))
    assert re.search(rf"run   going on   plan {PLAN.fingerprint}", text)
    assert "step 20 of 40 (50%), phase decay, epoch 2.5" in text
    assert re.search(r"loss \d\S*, val_loss \d\S*( \(lowest \S+ after \d+\))?, accuracy 0.75", text)
    assert "rollout 1" in text
    assert re.search(r"took .*, .* left, .* updates/s, .* samples/s, memory .*B", text)
    assert "━" * 50 + "─" * 50 in text


@pytest.mark.parametrize(
    ("end", "said"),
    [(None, "silent for 2 h: it has died, or hangs"), (True, "finished 2 h ago"),
     ("failed", "failed 2 h ago: the power was cut")],
)  # fmt: skip
def test_the_page_says_what_has_become_of_the_run(tmp_path, end, said):
    text = page(History.open(train(tmp_path / "run", 9, close=end)), age=7_200.0)
    assert said in text.splitlines()[0]
    assert " left" not in text


def test_a_run_that_has_done_nothing_yet_has_a_page(tmp_path):
    assert "no update has been recorded yet" in page(History())
    started = train(tmp_path / "run", 0, close=None)
    assert "going on" in page(History.open(started))


def test_the_rate_is_drawn_with_a_cursor_where_the_run_is(going_on):
    rows = page(History.open(going_on), width=75).splitlines()
    start = next(i for i, row in enumerate(rows) if re.match(r" +lr   ─ plan   ─ used", row))
    chart = [row for row in rows[start + 1 :] if "│" in row][:5]
    columns = {row.index("┊") - row.index("│") - 1 for row in chart if "┊" in row}
    width = 75 - 12
    assert columns == {20 * width // 40}


def test_a_schedule_without_an_end_is_drawn_as_far_as_the_run_is(tmp_path):
    plan = cosine(0.1, 0.0).over(10).repeat()
    text = page(History.open(train(tmp_path / "run", 20, plan=plan, close=None)), width=75)
    assert "step 20, phase schedule" in text
    assert " left" not in text
    lr = text.split("lr   ─ plan")[1]
    assert re.search(r"0 +20\n", lr)
    assert len(re.findall(r"[⡇⢸⡏⢹]", lr.split("└")[0])) > 4, "the rate jumps up once"


def test_a_loss_of_nan_is_said(tmp_path):
    directory = train(tmp_path / "run", 9, close=None)
    append(directory, {"kind": "update", "step": 9, "loss": "nan", "lr": 0.1, "time": time.time()})
    assert "loss nan" in page(History.open(directory))


def test_findings_and_notices_are_told_and_what_has_no_room_is_counted(tmp_path):
    directory = train(tmp_path / "run", 9, hear=lambda recorder, done: None, close=None)
    append(directory, {"kind": "notice", "step": 3, "text": "a tracker\x1b[2J failed"})
    history = History.open(directory)
    text = page(history, findings=[FINDING])
    assert "warning made-up at step 12: it [b]wobbles[/b]; try: sit down" in text
    assert "· a tracker\\x1b[2J failed" in text
    assert page(history, width=24).splitlines()[:2] == ["run", "going on   plan 3c848b0c"]
    few = page(history, findings=[FINDING] * 30, height=20)
    assert len(few.splitlines()) == 20
    assert few.splitlines()[-1].strip() == "and more: glidepath diagnose run"


def test_events_and_restarts_are_told(tmp_path):
    until = plateau("val_loss", patience=2)
    plan = Plan(Phase("first", 30, lr=0.1, until=until), Phase("last", 10, lr=0.01))

    def hear(recorder, done):
        if done == 20:
            events = [Event(20, "ends", "first")]
            recorder.events(events, recorder.plan.with_events(events))

    directory = train(tmp_path / "run", 21, plan=plan, close="stopped", hear=hear)
    text = page(History.open(train(directory, 22, plan=plan, start=21)))
    assert "phase first has ended, from step 20 on" in text
    assert "went on at step 21" in text
    assert "step 22 of 30 (73%)" in text


@pytest.mark.parametrize(("width", "height"), [(40, 10), (20, 3), (80, 24), (200, 60), (76, 1)])
def test_the_page_is_never_larger_than_the_terminal(going_on, width, height):
    rows = page(History.open(going_on), width=width, height=height, findings=[FINDING]).splitlines()
    assert len(rows) <= height
    assert max(map(len, rows)) <= width


def test_what_does_not_fit_has_no_charts_and_what_is_wide_has_two_in_a_row(going_on):
    history = History.open(going_on)
    assert "│" not in page(history, width=40, height=10)
    assert re.search(r"loss .* lr ", page(history, width=120))
    assert not re.search(r"loss .* lr ", page(history, width=70).split("samples/s")[1])


def test_without_colours_lines_are_told_apart_by_their_marks(going_on):
    text = page(History.open(going_on))
    assert "o val_loss" in text
    assert text.split("o val_loss")[1].split("└")[0].count("o") == 2


def test_a_terminal_that_has_only_ascii_gets_only_ascii(going_on):
    out = console(encoding="ascii")
    show_once(Follower(going_on / "record.jsonl", ()), out, "run")
    assert "step 20 of 40 (50%)" in printed(out)
    printed(out).encode("ascii")


def test_what_was_written_since_is_read_and_what_is_half_written_is_not(tmp_path):
    directory = train(tmp_path / "run", 9, close=None)
    follower = Follower(directory / "record.jsonl", ())
    follower.look()
    assert len(follower.history) == 9
    with (directory / "record.jsonl").open("a") as file:
        file.write('{"kind": "update", "step": 9, "loss": 2.0')
    follower.look()
    assert len(follower.history) == 9
    with (directory / "record.jsonl").open("a") as file:
        file.write(', "time": 1.0}\n')
    follower.look()
    assert follower.history.num_done == 10


def test_a_run_that_goes_on_from_an_earlier_step_is_read_again(tmp_path):
    directory = train(tmp_path / "run", 20, close="stopped")
    follower = Follower(directory / "record.jsonl", ())
    follower.look()
    assert follower.history.num_done == 20
    train(directory, 12, start=8, close=None)
    follower.look()
    assert follower.history.num_done == 12
    assert follower.history.steps.tolist() == list(range(12))
    assert follower.history.restarts == [8]


def test_a_record_that_is_damaged_for_a_moment_is_read_again(tmp_path):
    file = train(tmp_path / "run", 9, close=None) / "record.jsonl"
    follower = Follower(file, ())
    follower.look()
    whole = file.read_bytes()
    file.write_bytes(whole + b"\0\0\0\n")
    follower.look()
    file.write_bytes(whole)
    follower.look()
    assert follower.history.num_done == 9
    file.write_bytes(whole + b"\0\0\0\n")
    with pytest.raises(ValueError, match="is no line of a record"):
        for _ in range(following.MOST_FAILURES):
            follower.look()


@pytest.fixture
def in_pieces(tmp_path, monkeypatch):
    """A run of yesterday whose record is read in many pieces."""
    file = train(tmp_path / "run", 40, close=None) / "record.jsonl"
    then = time.time() - 86_400
    told = [
        json.loads(line) | {"time": then + i}
        for i, line in enumerate(file.read_text().splitlines())
    ]
    file.write_text("".join(json.dumps(line) + "\n" for line in told))
    monkeypatch.setattr("glidepath.record.lines.PIECE", 2_000)
    return file


def test_a_long_record_is_read_without_a_pause_and_judged_once(in_pieces):
    judged = []
    rule = Rule("x", "all", "none", "none", lambda history: judged.append(len(history)) or iter(()))
    follower, out = Follower(in_pieces, [rule]), console(90, 30, terminal=True, _environ={})

    def sleep(seconds):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        watch(follower, out, "run", sleep=sleep)
    assert follower.num_readings > 5
    assert judged == [40]
    live, left = printed(out).rsplit("\x1b[?1049l", 1)
    assert "still reading its record" in live
    assert "step 40 of 40" in left
    assert "silent for 24 h" in left or "silent for 1 d" in left
    out = console()
    show_once(Follower(in_pieces, ()), out, "run")
    assert "step 40 of 40" in printed(out)


def test_who_stops_watching_while_a_record_is_read_is_told_that_it_was(in_pieces, monkeypatch):
    out = console(90, 30, terminal=True, _environ={})

    def interrupt(*_):
        raise KeyboardInterrupt

    follower = Follower(in_pieces, ())
    monkeypatch.setattr(History, "add", interrupt)
    with pytest.raises(KeyboardInterrupt):
        watch(follower, out, "run")
    assert "still reading its record" in printed(out)
    assert "started" not in printed(out)


def test_lines_say_that_a_long_record_is_still_read_and_then_where_the_run_is(in_pieces):
    out = console()

    def sleep(seconds):
        append(in_pieces.parent, {"kind": "end", "step": 40, "state": "finished", "time": 1.0})

    watch(Follower(in_pieces, ()), out, "run", sleep=sleep)
    lines = printed(out).splitlines()
    assert lines[:2] == ["run", "still reading its record"]
    assert lines[2].startswith("step 40 of 40")


def test_a_file_without_a_line_is_said_to_be_no_record_yet(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "any.txt").touch()
    said = "has not started yet: waiting for the first line of any.txt, which is no record yet"
    out = console()
    show_once(Follower(Path("any.txt")), out, "any.txt")
    assert said in printed(out)
    show_once(Follower(Path("later.jsonl")), out, "later")
    assert "has not started yet: waiting for later.jsonl" in printed(out)


def test_what_is_no_record_is_refused_at_once(tmp_path):
    (tmp_path / "record.jsonl").write_text("hello\n")
    with pytest.raises(ValueError, match="line 1, is no line of a record"):
        Follower(tmp_path / "record.jsonl").look()


class Clock:
    """Time that passes where it is told to."""

    def __init__(self, monkeypatch):
        self.now = 1_000.0
        monkeypatch.setattr(time, "monotonic", lambda: self.now)


def test_diagnosing_takes_less_than_a_twentieth_of_the_time(tmp_path, monkeypatch):
    clock, directory = Clock(monkeypatch), train(tmp_path / "run", 2, close=None)
    judged = []

    def find(history):
        judged.append(history.num_done)
        clock.now += 2.0
        yield FINDING

    follower = Follower(directory / "record.jsonl", [Rule("slow", "all", "none", "none", find)])
    began = clock.now
    for step in range(2, 202):
        append(directory, {"kind": "update", "step": step, "loss": 1.0, "time": time.time()})
        follower.look()
        clock.now += 1.0
    assert 4 <= len(judged) <= 6
    assert 2.0 * len(judged) / (clock.now - began) < 0.06
    append(directory, {"kind": "end", "step": 202, "state": "finished", "time": time.time()})
    follower.look()
    assert judged[-1] == 202
    follower.look()
    assert judged.count(202) == 1


def test_the_age_of_a_run_does_not_depend_on_the_clock_of_another_machine(tmp_path, monkeypatch):
    clock, directory = Clock(monkeypatch), train(tmp_path / "run", 9, close=None)
    follower = Follower(directory / "record.jsonl", ())
    follower.look()
    for line_time in (time.time() - 7_200, time.time() + 7_200):
        append(directory, {"kind": "notice", "text": "x", "time": line_time})
        follower.look()
        clock.now += 5.0
        assert follower.state.age == 5.0
    clock.now += 100.0
    assert follower.state.name == "silent"


def test_lines_say_everything_once_and_end_with_the_run(tmp_path):
    directory = train(tmp_path / "run", 9, close=None)
    out = console(terminal=False)
    waited = []

    def sleep(seconds):
        waited.append(seconds)
        if len(waited) == 1:
            return
        if len(waited) == 2:
            append(directory, {"kind": "update", "step": 9, "loss": 0.5, "time": time.time()})
            append(
                directory, {"kind": "notice", "step": 10, "text": "now\nthen", "time": time.time()}
            )
        else:
            append(directory, {"kind": "end", "step": 10, "state": "finished", "time": time.time()})

    follower = Follower(directory / "record.jsonl", [rule_of(FINDING)])
    watch(follower, out, "a [run]", sleep=sleep)
    lines = printed(out).splitlines()
    assert waited == [10.0] * 3
    assert lines[0] == "a [run]"
    assert lines[1].startswith("step 9 of 40 (22%), phase warm-up, epoch 1.125, loss ")
    assert lines[2] == "warning made-up at step 12: it [b]wobbles[/b]; try: sit down"
    assert lines[3] == "going on"
    assert lines[4].startswith("step 10 of 40 (25%)")
    assert lines[5] == "now\\nthen"
    assert lines[-1].startswith("finished")
    assert len([line for line in lines if line.startswith("warning")]) == 1
    assert "\x1b" not in printed(out)


def test_a_live_page_follows_the_run_and_leaves_the_last_page_behind(tmp_path):
    directory = train(tmp_path / "run", 20, close=None)
    out = console(90, 30, terminal=True, color_system="standard", _environ={})

    def sleep(seconds):
        assert seconds == 0.5
        train(directory, 40, start=20)

    watch(Follower(directory / "record.jsonl", ()), out, "run", every=0.5, sleep=sleep)
    text = printed(out)
    live, left = text.rsplit("\x1b[?1049l", 1)
    assert "\x1b[?1049h" in live
    assert "step 20 of 40" in live
    assert "step 40 of 40 (100%)" in left
    assert "finished" in left


def test_who_stops_watching_is_left_with_the_last_page(tmp_path):
    directory = train(tmp_path / "run", 20, close=None)
    out = console(90, 30, terminal=True, _environ={})

    def sleep(seconds):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        watch(Follower(directory / "record.jsonl", ()), out, "run", sleep=sleep)
    assert "step 20 of 40" in printed(out).rsplit("\x1b[?1049l", 1)[1]


def test_a_run_that_is_not_there_yet_is_waited_for(tmp_path):
    out, naps = console(), []

    def sleep(seconds):
        naps.append(seconds)
        if len(naps) == 2:
            train(tmp_path / "later", 5)

    watch(Follower(tmp_path / "later" / "record.jsonl", ()), out, "later", every=2.0, sleep=sleep)
    assert naps == [2.0, 2.0]
    assert "has not started yet" in printed(out)
    assert "step 5 of 40" in printed(out)


def test_what_is_no_terminal_or_a_dumb_or_a_tiny_one_gets_lines():
    environment = {"TERM": "xterm-256color"}
    assert can_be_live(console(80, 24, terminal=True, _environ=environment))
    assert not can_be_live(console(80, 24, _environ=environment))
    assert not can_be_live(console(80, 24, terminal=True, _environ={"TERM": "dumb"}))
    assert not can_be_live(console(20, 24, terminal=True, _environ=environment))
    assert not can_be_live(console(80, 5, terminal=True, _environ=environment))


def test_looking_writes_nothing(going_on):
    before = {one.name: one.stat().st_mtime_ns for one in going_on.iterdir()}
    show_once(Follower(going_on / "record.jsonl"), console(), "run")
    assert {one.name: one.stat().st_mtime_ns for one in going_on.iterdir()} == before


def test_the_highest_and_the_lowest_value_are_in_the_chart():
    line = Line("x", np.arange(5), np.array([0.0, 4.0, 1.0, 2.0, 3.0]), "blue")
    rows = [row.plain for row in Chart("x", [line], 4).draw(40, 11)]
    assert rows[1].startswith(f"{'4':>10} │")
    body = [row.split("│")[1] for row in rows if "│" in row]
    assert body[0].strip("⠀")
    assert body[-1].strip("⠀")
    assert body[-1][0] != "⠀"
    assert [len(row) for row in body] == [28] * 8


def test_losses_that_differ_much_are_drawn_on_a_logarithmic_axis():
    values = 10.0 ** -np.arange(5.0)
    line = Line("x", np.arange(5), values, "blue")
    rows = [row.plain for row in Chart("x", [line], 4, may_be_logarithmic=True).draw(40, 11)]
    body = [row.split("│")[1] for row in rows if "│" in row]
    first_columns = [len(row) - len(row.lstrip("⠀")) for row in body]
    assert first_columns == sorted(first_columns)
    assert first_columns[-1] > 20


def test_a_line_that_is_thinned_keeps_its_spikes_and_its_ends():
    values = np.zeros(10_000)
    values[[3_333, 7_000]] = [9.0, -9.0]
    steps, kept = thinned(np.arange(10_000), values, 100)
    assert len(steps) <= 102
    assert {0, 3_333, 7_000, 9_999} <= set(steps.tolist())
    assert (kept.max(), kept.min()) == (9.0, -9.0)


def test_a_smoothed_line_is_the_mean_of_neighbours_and_meets_the_ends():
    values = np.random.default_rng(0).normal(size=50)
    found = smoothed(values, 7)
    assert found[20] == pytest.approx(values[17:24].mean())
    assert found[1] == pytest.approx(values[:3].mean())
    assert (found[0], found[-1]) == (pytest.approx(values[0]), pytest.approx(values[-1]))
    assert smoothed(values, 1) == pytest.approx(values)
    for count in (0, 1, 2, 5, 21, 22):
        for width in (1, 3, 5, 11):
            half = [min(width // 2, i, count - 1 - i) for i in range(count)]
            means = [values[i - h : i + h + 1].mean() for i, h in enumerate(half)]
            assert smoothed(values[:count], width) == pytest.approx(means), (count, width)


def test_a_smoothed_line_stays_true_where_values_fall_by_many_powers_of_ten():
    values = 10.0 ** -np.arange(0, 40, 0.5)
    assert smoothed(values, 3)[60] == pytest.approx(values[59:62].mean(), rel=1e-12)
