"""Every shape and preset, once: what a conformance test takes all of."""

from glidepath import Horizon, constant, cosine, linear, presets, staircase
from glidepath.plan.presets import PRESETS
from glidepath.plan.shapes import SHAPES

HORIZON = Horizon(samples=54_000, batch=32)

SEGMENTS = {
    "constant": constant(3e-7).over(1000),
    "linear": linear(0.0, 1e-3).over("1000 steps"),
    "linear down, sampled at the end": linear(0.5, -0.25).over(77, at="end"),
    "cosine": cosine(1e-3, 3e-7).over("299000 steps"),
    "cosine for two billion steps": cosine(1.0, 0.0).over(2**31 - 1),
    "cosine per epoch": cosine(0.1, 0.0).over("90 epochs", per="epoch"),
    "linear per epoch, sampled at the end": linear(1.0, 0.0).over(
        "12 epochs", per="epoch", at="end"
    ),
    "staircase": staircase(2, 12, every="1000 steps").over("11000 steps"),
    "staircase down by epochs": staircase(1.0, 0.1, every="2.5 epochs", by=0.3).over("20 epochs"),
}

SCHEDULES = {name: schedule.on(HORIZON) for name, schedule in SEGMENTS.items()}
SCHEDULES["three phases"] = (
    linear(0.0, 1e-3).over(1000) >> cosine(1e-3, 0.0).over(299_000) >> constant(3e-7).over(11_000)
)
SCHEDULES["epochs that begin in mid-epoch"] = (
    linear(0.0, 1.0).over("100 steps") >> linear(1.0, 0.0).over("3 epochs", per="epoch", at="end")
).on(HORIZON)
SCHEDULES["steps and epochs"] = (
    linear(0.0, 1.0).over("100 steps") >> cosine(1.0, 0.0).over("10 epochs", per="epoch")
).on(HORIZON)

PLANS = {name: make() for name, make in PRESETS.items()}
PLANS["graphcast, without its third phase"] = presets.graphcast(longest_rollout=1)


def test_the_registry_has_every_shape():
    used = {segment.shape.name for s in SEGMENTS.values() for segment in s.segments}
    assert used == set(SHAPES)
