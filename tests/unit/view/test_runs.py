"""Many runs in a table."""

import io
import json
import re

import pytest
from rich.console import Console

from glidepath.record.history import runs_below
from glidepath.view.run_table import (
    SORTS,
    errors_text,
    plain_rows,
    rows_of,
    run_table,
    sorted_rows,
)
from tests.unit.view.small_runs import HELD, append, train


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Four runs, of which one went well, one has just begun, one failed, and one is damaged."""
    below = tmp_path_factory.mktemp("runs")
    train(below / "b" / "long", 40)
    train(below / "a", 9, plan=HELD, close=None)
    train(below / "fails", 17, plan=HELD, lr=3.0, close="failed")
    damaged = train(below / "damaged", 9, close=None)
    append(damaged, {"no": "kind"})
    return below


def rows(runs, by="name"):
    return sorted_rows(rows_of(runs_below(runs), runs), by)


def test_every_run_has_a_row_with_what_it_has_come_to(runs):
    by_name = {row.name: row for row in rows(runs)}
    assert list(by_name) == ["a", "b/long", "damaged", "fails"]
    long, young = by_name["b/long"], by_name["a"]
    assert (long.steps, long.total_steps, long.state) == (40, 40, "finished")
    assert (young.steps, young.total_steps, young.state) == (9, 40, "going on")
    assert (young.plan, by_name["fails"].state) == (HELD.fingerprint, "failed")
    text = (runs / "b" / "long" / "record.jsonl").read_text()
    measured = [json.loads(line) for line in text.splitlines()]
    losses = [line["loss"] for line in measured if line["kind"] == "update"]
    assert long.loss == pytest.approx(sum(losses[-20:]) / 20)
    assert set(long.metrics) == {"val_loss", "accuracy"}
    assert (
        long.validation["lowest"] <= long.validation["last"] < by_name["fails"].validation["last"]
    )
    assert "lowest" not in long.metrics["accuracy"]


def test_a_record_that_cannot_be_read_is_a_row_with_its_error(runs):
    row = {one.name: one for one in rows(runs)}["damaged"]
    assert (row.state, row.loss) == ("unreadable", None)
    assert "is no line of a record" in row.error
    assert errors_text(rows(runs)).startswith("damaged: ValueError: ")


@pytest.mark.parametrize(
    ("by", "first", "last"),
    [("name", "a", "fails"), ("steps", "b/long", "damaged"), ("loss", "b/long", "damaged"),
     ("validation", "b/long", "damaged"), ("state", "fails", "damaged"),
     ("lowest", "b/long", "damaged"), ("age", "damaged", "damaged"), ("plan", None, "damaged")],
)  # fmt: skip
def test_rows_are_sorted_by_what_is_asked_for(runs, by, first, last):
    names = [row.name for row in rows(runs, by)]
    if by == "age":
        ages = [row.age for row in rows(runs, by)[:-1]]
        assert ages == sorted(ages)
    elif first:
        assert names[0] == first
    assert names[-1] == last
    assert set(SORTS) == {"name", "plan", "steps", "loss", "validation", "lowest", "state", "age"}


def test_the_table_has_a_line_for_every_run(runs):
    out = io.StringIO()
    Console(file=out, width=140).print(run_table(rows(runs)))
    lines = out.getvalue().splitlines()
    assert lines[0].split() == [
        "run", "plan", "steps", "loss", "validation", "lowest", "state", "age",
    ]  # fmt: skip
    assert lines[2].split()[:5] == ["b/long", rows(runs)[1].plan, "40", "of", "40"]
    assert "unreadable" in lines[3]
    assert len(lines) == 5


def test_rows_are_strict_json(tmp_path):
    directory = train(tmp_path / "run", 3, close=None)
    append(directory, {"kind": "evaluation", "step": 3, "val_loss": "nan", "time": 1.0})
    append(directory, {"kind": "update", "step": 3, "loss": "inf", "time": 1.0})
    (row,) = json.loads(json.dumps(plain_rows(rows(tmp_path)), allow_nan=False))
    assert row["metrics"]["val_loss"] == {"last": None, "lowest": None}
    assert row["loss"] is None
    assert row["not_finite"] == {
        "loss": "inf",
        "metrics.val_loss.last": "nan",
        "metrics.val_loss.lowest": "nan",
    }


def test_a_loss_of_nan_is_told_from_one_that_was_not_recorded(tmp_path):
    append(train(tmp_path / "bad", 3, close=None), {"kind": "update", "step": 3, "loss": "nan"})
    append(train(tmp_path / "seldom", 3, close=None), {"kind": "update", "step": 3})
    (tmp_path / "never").mkdir()
    append(tmp_path / "never", {"kind": "run"}, {"kind": "update", "step": 0})
    out = io.StringIO()
    Console(file=out, width=140).print(run_table(rows(tmp_path)))
    cells = [re.split(r"  +", line.strip())[3] for line in out.getvalue().splitlines()[1:]]
    assert cells[:2] == ["nan", "-"]
    assert float(cells[2]) > 0
    assert [row["not_finite"] for row in plain_rows(rows(tmp_path))] == [{"loss": "nan"}, {}, {}]


def test_names_and_states_of_runs_are_no_markup_and_no_commands_of_the_terminal(tmp_path):
    directory = train(tmp_path / "[red]x\x1b[2J", 3, close=None)
    append(directory, {"kind": "end", "step": 3, "state": "[bold]\x1b[2J", "time": 1.0})
    out = io.StringIO()
    Console(file=out, width=140).print(run_table(rows(tmp_path)))
    assert "[red]x\\x1b[2J" in out.getvalue()
    assert "[bold]\\x1b[2J" in out.getvalue()
    assert "\x1b" not in out.getvalue()
