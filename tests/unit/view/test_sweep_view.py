"""A sweep's table and its figure, from plain values."""

import math

import pytest
from rich.console import Console

from glidepath.view.sweep_figure import sweep_figure
from glidepath.view.sweep_table import sweep_summary, sweep_table


def trial(number, state, loss, peak, **more):
    values = {"plan.peak": peak, "shape": "[b]", "stair": True}
    return {"number": number, "state": state, "loss": loss, "values": values, "steps": 1200,
            "seconds": 75.0, "directory": f"trials/{number:04d}", "error": None} | more  # fmt: skip


SWEEP = {
    "metric": "val_loss",
    "base": "wsd",
    "vary": {
        "plan.peak": {"low": 1e-4, "high": 1e-2, "log": True, "step": None},
        "shape": {"values": ("linear", "[b]")},
        "stair": {"values": (False, True)},
    },
    "best": 2,
    "num_trials": 6,
    "trials": [
        trial(2, "finished", 0.01, 1e-3),
        trial(0, "finished", 0.5, 1e-2),
        trial(1, "pruned", 2.0, 1e-4),
        trial(3, "running", None, 1e-3, seconds=None),
        trial(4, "failed", None, 1e-3, error="FloatingPointError: \x1b[2Jthe loss is NaN"),
    ],
}


def printed(sweep):
    console = Console(width=120, record=True, file=None)
    with console.capture() as capture:
        console.print(sweep_table(sweep))
    return capture.get().splitlines()


def test_the_table_has_a_row_for_each_trial_in_order():
    lines = printed(SWEEP)
    assert lines[0].split() == ["trial", "val_loss", "plan.peak", "shape", "stair", "steps", "took",
                                "state"]  # fmt: skip
    assert lines[1].split() == ["2", "0.01", "1e-3", "[b]", "true", "1,200", "1", "min", "15", "s",
                                "finished"]  # fmt: skip
    assert [line.split()[0] for line in lines[1:]] == ["2", "0", "1", "3", "4"]
    assert lines[4].split()[-2:] == ["-", "running"]


def test_the_summary_counts_and_says_why_trials_failed():
    counted, why = sweep_summary(SWEEP).splitlines()
    assert counted == "5 of 6 trials: 2 finished, 1 pruned, 1 running, 1 failed"
    assert why == "trial 4: FloatingPointError: \\x1b[2Jthe loss is NaN"
    assert sweep_summary(SWEEP | {"trials": []}) == "0 of 6 trials: none yet"


def test_the_figure_has_an_axis_for_each_value_and_a_line_for_each_trial():
    panel = sweep_figure(SWEEP, "peaks").axes[0]
    names = [label.get_text() for label in panel.get_xticklabels()]
    assert names == ["plan.peak", "shape", "stair", "val_loss"]
    lines = sorted(list(line.get_ydata()) for line in panel.lines if len(line.get_ydata()) == 4)
    place = math.log(0.5 / 0.01) / math.log(2.0 / 0.01)
    assert lines[0] == [0.0, 1.0, 1.0, 1.0]
    assert lines[1] == pytest.approx([0.5, 1.0, 1.0, 0.0])
    assert lines[2] == pytest.approx([1.0, 1.0, 1.0, place])
    labels = {line.get_label() for line in panel.lines} - {""}
    assert "the best, trial 2: 0.01" in labels


def test_one_trial_is_drawn_and_none_is_refused():
    alone = SWEEP | {"trials": SWEEP["trials"][:1]}
    assert sweep_figure(alone, "one").axes[0].lines
    with pytest.raises(ValueError, match="no trial has a loss yet"):
        sweep_figure(SWEEP | {"trials": SWEEP["trials"][3:]}, "none")
