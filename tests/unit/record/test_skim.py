"""A record without most of its updates says of the whole what the whole record says."""

import json

import pytest

from glidepath.record.history import History
from glidepath.record.skim import NEWEST, skim
from glidepath.record.state import patience
from tests.unit.view.small_runs import HELD, train


@pytest.fixture(scope="module")
def long_run(tmp_path_factory):
    """A run of more updates than are kept, stopped once and gone on with."""
    directory = tmp_path_factory.mktemp("skim") / "long"
    train(directory, 250, plan=HELD, close="stopped", total_steps=400)
    return train(directory, 400, start=240, plan=HELD, total_steps=400)


def test_what_is_skimmed_is_what_is_read(long_run):
    file = long_run / "record.jsonl"
    whole, skimmed = History.open(file), skim(file)
    assert NEWEST < len(skimmed) < NEWEST + 5 < len(whole) == 400
    assert len(skimmed.looks) == 0
    for name in ("num_done", "total_steps", "header", "end", "last_time", "restarts", "metrics"):
        assert getattr(skimmed, name) == getattr(whole, name), name
    assert skimmed.evaluations("val_loss")[1].tolist() == whole.evaluations("val_loss")[1].tolist()
    assert skimmed.column("loss")[-20:].tolist() == whole.column("loss")[-20:].tolist()
    assert patience(skimmed) == patience(whole) == 60.0


def test_half_a_last_line_is_left_out(long_run, tmp_path):
    text = (long_run / "record.jsonl").read_text()
    cut = tmp_path / "record.jsonl"
    cut.write_text(text[: text.rindex('"state"')])
    assert skim(cut).end is None
    assert skim(cut).num_done == 400


def test_a_damaged_line_is_named_by_its_number(tmp_path):
    file = tmp_path / "record.jsonl"
    file.write_text(json.dumps({"kind": "run", "schema": 1}) + "\nnonsense\n")
    with pytest.raises(ValueError, match="line 2"):
        skim(file)
