"""What is drawn and printed."""

import io
import re

from rich.console import Console

from glidepath import Horizon, Phase, Plan, linear, presets, staircase
from glidepath.view.curves import curves, short
from glidepath.view.figures import plan_figure, save
from glidepath.view.progress import Activity, TrainingProgress
from glidepath.view.skill_table import print_skill, summary
from glidepath.view.terminal import draw_plan

SKILL = {
    "channels": [
        {"variable": "2m_temperature", "level": None},
        {"variable": "temperature", "level": 500},
    ],
    "lead_hours": [6.0, 12.0],
    "rmse": {
        "model": [[1.0, 2.0], [1500.0, 3.0]],
        "persistence": [[2.0, 1.0], [3000.0, 6.0]],
        "climatology": [[4.0, 4.0], [4.0, 4.0]],
    },
    "mean_over_persistence": [1.25, 0.5],
    "share_below_persistence": [0.5, 1.0],
    "num_starts": 7,
    "first_start": "2001-01-01T00:00",
    "last_start": "2001-01-05T00:00",
}

LINE = {
    "kind": "update", "step": 0, "phase": "warm-up", "loss": 1.5, "lr": 1e-3, "rollout": 1,
    "gradient_norm": 2.0, "update_ratio": 1e-3, "seconds": 0.1,
}  # fmt: skip


def test_numbers_are_short():
    assert [short(x) for x in (0.0, 1e-3, 3e-7, 0.25, 1.0, 12, 311_000, 2.5e9)] == [
        "0", "1e-3", "3e-7", "0.25", "1", "12", "311,000", "2.5e9",
    ]  # fmt: skip


def test_curves_hold_both_sides_of_every_seam_and_put_the_rate_first():
    drawn = curves(presets.graphcast(), resolution=10)
    assert [curve.name for curve in drawn] == ["lr", "rollout", "weight_decay"]
    assert {0, 999, 1_000, 299_999, 300_000, 310_999} <= set(drawn[0].steps)
    assert drawn[2].is_flat


def test_a_plan_of_one_step_can_be_drawn():
    text = draw_plan(Plan(Phase("only", 1, lr=0.1)), "tiny", width=80)
    assert "throughout: lr = 0.1" in text


def test_extreme_plans_can_be_drawn(tmp_path):
    tiny = Plan(Phase("tiny", 10, lr=linear(5e-324, 1e-323)))
    assert "throughout: lr" in draw_plan(tiny, "x", 80)
    endless = Plan(Phase("endless", 10**30, lr=linear(0.0, 1.0)))
    save(plan_figure(endless, "x"), tmp_path / "endless.png")
    assert (tmp_path / "endless.png").stat().st_size > 5_000


def test_a_drawing_is_as_wide_as_it_is_told():
    plan = presets.graphcast()
    for width in (60, 100):
        rows = [row for row in draw_plan(plan, "x", width).splitlines() if "│" in row]
        assert {len(row) for row in rows} == {width - 1}


def test_the_curve_is_drawn_where_the_values_are():
    """A straight line up: each row of the canvas has its dots left of those in the row above."""
    plan = Plan(Phase("up", 100, lr=linear(0.0, 1.0)))
    rows = [row.split("│")[1] for row in draw_plan(plan, "x", 80).splitlines() if "│" in row]
    firsts = [re.search(r"[^⠀]", row).start() for row in rows]
    assert firsts == sorted(firsts, reverse=True)
    assert firsts[0] > firsts[-1] + 40


def test_a_curve_that_stays_at_its_highest_value_is_drawn_there_to_the_last_step():
    plan = Plan(Phase("up", 10, lr=linear(0.0, 1.0)), Phase("stay", 90, lr=1.0))
    rows = [row.split("│")[1] for row in draw_plan(plan, "x", 80).splitlines() if "│" in row]
    assert all(ord(dots) & 0b1001 for dots in rows[0][10:]), rows[0]  # the uppermost of its dots


def test_phases_are_listed_with_their_epochs():
    plan = Plan(
        Phase("a", "2 epochs", lr=0.1),
        Phase("b", "2 epochs", lr=linear(0.1, 0.0), rollout=staircase(1, 2, every=3)),
        rollout=1,
        horizon=Horizon(samples=100, batch=10),
    )
    text = draw_plan(plan, "x", 80)
    assert re.search(r"a\s+0 to 20\s+0 to 2\s+lr 0\.1", text)
    assert re.search(r"b\s+20 to 40\s+2 to 4\s+lr linear\(0\.1, 0\.0\), rollout staircase", text)


def printed(width, terminal=False):
    out = io.StringIO()
    print_skill(SKILL, Console(file=out, width=width, force_terminal=terminal, no_color=True))
    return out.getvalue()


def test_the_skill_table_has_every_number_and_fits():
    text = printed(80)
    for number in ("1500", "3000", "temperature", "500", "climate"):
        assert number in text
    assert "6 h: RMSE is 1.250 of persistence on average, below it for 1 of 2 fields" in text
    narrow = printed(64, terminal=True)
    assert max(len(row) for row in narrow.splitlines() if "model" in row) <= 64
    assert narrow.count("model") == 2


def test_the_summary_has_a_line_for_every_lead_time():
    assert len(summary(SKILL)) == 3


def test_progress_without_a_terminal_is_plain_lines(tmp_path):
    out = io.StringIO()
    with Activity(Console(file=out, width=80)) as activity:
        observer = TrainingProgress(activity, num_steps=2, record=tmp_path / "record.jsonl")
        observer.compiling(1)
        observer.compiled(1, 2.5)
        observer.wrote(LINE)
        observer.wrote({**LINE, "step": 1, "rollout": 3})
        observer.wrote({"kind": "evaluation", "step": 2, "val_loss": 0.5, "seconds": 1.0})
        observer.wrote({**LINE, "step": 1, "phase": "[/a] [b]"})
        observer.wrote({"kind": "event", "step": 2, "event": "ends", "target": "warm-up"})
        observer.wrote({"kind": "checkpoint", "step": 2})
        observer.notice("TensorBoard is slow")
        activity.say("/data/[era5]/x.zarr")
    text = out.getvalue()
    assert "\x1b" not in text
    assert "[/a] [b]  loss 1.5000  lr 1e-3  val_loss 0.5000" in text
    assert "step 2: warm-up ends" in text
    assert "saved a checkpoint at step 2" in text
    assert "TensorBoard is slow" in text
    assert "/data/[era5]/x.zarr" in text
    assert "train: 1 of 2  warm-up  loss 1.5000  lr 1e-3" in text
    assert "train: 2 of 2  warm-up  loss 1.5000  lr 1e-3  rollout 3" in text
