"""Every shape, operation and preset, once: what a conformance test takes all of."""

from glidepath import (
    Event,
    Horizon,
    Optimizer,
    Phase,
    Plan,
    constant,
    cosine,
    decay,
    exponential,
    from_function,
    inverse_sqrt,
    inverse_time,
    layerwise,
    linear,
    one_minus_sqrt,
    one_minus_square,
    piecewise_constant,
    piecewise_linear,
    plateau,
    polynomial,
    presets,
    rex,
    scaled,
    staircase,
    tanh,
)
from glidepath.plan.presets import PRESETS

HORIZON = Horizon(samples=54_000, batch=32, tokens_per_sample=512, total_steps=311_000)
UNEVEN = Horizon(samples=50_000, batch=128, total_steps=40_000)
"""An epoch of 390.625 steps: eight parts to a step."""

VAL_LOSS = plateau("val_loss", patience=2, min_delta=0.01)


def half_of(step: int) -> float:
    """A function of a user's own, which pickle finds by its name."""
    return 0.5 if step % 2 else 1.0 / (1 + step % 1000)


SEGMENTS = {
    "constant": constant(3e-7).over(1000),
    "linear": linear(0.0, 1e-3).over("1000 steps"),
    "linear down, sampled at the end": linear(0.5, -0.25).over(77, at="end"),
    "cosine": cosine(1e-3, 3e-7).over("299000 steps"),
    "cosine for two billion steps": cosine(1.0, 0.0).over(2**31 - 1),
    "cosine with an exponent": cosine(3e-3, 0.0, exponent=0.1).over("299000 steps"),
    "cosine per epoch": cosine(0.1, 0.0).over("90 epochs", per="epoch"),
    "linear per epoch, sampled at the end": linear(1.0, 0.0).over(
        "12 epochs", per="epoch", at="end"
    ),
    "exponential down": exponential(1e-2, 1e-7).over("20%"),
    "exponential up": exponential(1e-8, 10.0).over("10000 steps"),
    "exponential, negative": exponential(-1e-3, -1.0).over("2.5 epochs"),
    "decay in stairs": decay(0.1, 0.1, every="30 epochs", stair=True).over("90 epochs"),
    "decay in stairs of half epochs": decay(0.1, 0.5, every="1.5 epochs", stair=True).over(
        "90 epochs"
    ),
    "decay": decay(0.1, 0.94, every="2 epochs").over("90 epochs"),
    "decay per epoch": decay(0.1, 0.9, every="1 epoch").over("90 epochs", per="epoch"),
    "polynomial": polynomial(1e-2, 1e-4, power=0.9).over("10M tokens"),
    "polynomial of a high power": polynomial(1.0, 0.0, power=4).over("5M samples", at="end"),
    "inverse time": inverse_time(0.1, 0.5, every="10 epochs").over("100000 steps"),
    "inverse square root": inverse_sqrt(1e-3, timescale="4000 steps").over("100000 steps"),
    "one minus a root": one_minus_sqrt(1e-3, 0.0).over("20000 steps"),
    "one minus a square": one_minus_square(1e-3, 1e-5).over("20000 steps"),
    "tanh": tanh(0.1, 0.0).over("30 epochs"),
    "tanh of other bounds": tanh(0.1, 0.01, lower=-3, upper=3).over("30 epochs", per="epoch"),
    "rex": rex(0.1, 0.0).over("30 epochs"),
    "staircase": staircase(2, 12, every="1000 steps").over("11000 steps"),
    "staircase down by epochs": staircase(1.0, 0.1, every="2.5 epochs", by=0.3).over("20 epochs"),
    "function": from_function(half_of).over("5000 steps"),
}

CYCLE = cosine(12.5e-5, 2.5e-6).over("10 epochs")
TRIANGLE = linear(1e-4, 1e-2).over("2.5 epochs") >> linear(1e-2, 1e-4).over("2.5 epochs")

COMPOSED = {
    "three phases": linear(0.0, 1e-3).over(1000)
    >> cosine(1e-3, 0.0).over(299_000)
    >> constant(3e-7).over(11_000),
    "epochs that begin in mid-epoch": linear(0.0, 1.0).over("100 steps")
    >> linear(1.0, 0.0).over("3 epochs", per="epoch", at="end"),
    "steps and epochs": linear(0.0, 1.0).over("100 steps")
    >> cosine(1.0, 0.0).over("10 epochs", per="epoch"),
    "all units": linear(0.0, 1.0).over("1M samples")
    >> constant(1.0).over("1.2B tokens")
    >> rex(1.0, 0.1).over("5%")
    >> linear(0.1, 0.0).over("1.7 epochs"),
    "piecewise constant": piecewise_constant([0.1, 0.01, 0.001], ["30 epochs", "60.5 epochs"]),
    "piecewise linear": piecewise_linear([0.0, 1.0, 0.2, 0.2], [10, 1000, 2000]),
    "restarts": CYCLE.repeat(),
    "restarts that end": CYCLE.repeat(5, scale=0.5),
    "restarts by steps": cosine(1.0, 0.0).over(1000).repeat(scale=0.99),
    "restarts per epoch": cosine(1.0, 0.1).over("3 epochs", per="epoch").repeat(),
    "restarts after a warm-up": linear(0.0, 12.5e-5).over("2.5 epochs") >> CYCLE.repeat(),
    "growing restarts": CYCLE.repeat(growth=2),
    "growing restarts that shrink in height": CYCLE.repeat(growth=1.5, scale=0.7),
    "restarts that become shorter": CYCLE.repeat(4, growth=0.5),
    "triangles": TRIANGLE.repeat(scale=0.9999),
    "triangles in restarts": (TRIANGLE.repeat(3) >> CYCLE).repeat(),
    "stairs in restarts": decay(1.0, 0.5, every="1.5 epochs", stair=True)
    .over("7.25 epochs")
    .repeat(),
    "times a number": 0.1 * TRIANGLE,
    "times a schedule": cosine(1.0, 0.1).over("50 epochs") * TRIANGLE.repeat() * 2.0,
    "plus a number": 0.01 + TRIANGLE.repeat(scale=0.5),
    "plus a schedule": 0.1 * (cosine(1.0, 0.1).over("50 epochs") + TRIANGLE.repeat()) + 1,
    "then": (linear(1.0, 0.0).over("1.5 epochs") >> CYCLE).then(0.5),
    "shifted per epoch": linear(0.1, 1.0).over("6 epochs", per="epoch").shift("390 steps"),
    "shifted far": linear(0.0, 1.0).over(25).shift("1000 steps").repeat(growth=3),
    "stairs cut off": decay(1.0, 0.5, every="3 steps", stair=True).over("1.5 epochs").repeat(2)
    >> constant(0.1).over("0.3 epochs"),
    "stairs that last": staircase(1, 9, every="1 step", by=1)
    .over("1.1 epochs")
    .lasting("2 epochs"),
    "clipped": (2.0 * cosine(1.0, 0.0).over(5000)).clip(0.25, 1.5),
    "clipped from above": cosine(1.0, 0.0).over(5000).clip(max=0.5),
    "shifted": CYCLE.shift("3.3 epochs").repeat(),
    "lasting longer": CYCLE.lasting("40 epochs"),
    "lasting shorter": CYCLE.repeat().lasting("25 epochs") >> linear(1e-5, 0.0).over(1000),
    "cut": cosine(1.0, 0.5).over(10_000).cut(0.1, on=VAL_LOSS, lowest=0.02, steps=(100, 5000)),
}

SCHEDULES = {name: schedule.on(HORIZON) for name, schedule in (SEGMENTS | COMPOSED).items()}
SCHEDULES |= {
    f"{name}, uneven epochs": schedule.on(UNEVEN)
    for name, schedule in COMPOSED.items()
    if "all units" not in name
}

PLANS = {name: make() for name, make in PRESETS.items()}
PLANS["graphcast, without its third phase"] = presets.graphcast(longest_rollout=1)
PLANS["groups"] = Plan(
    Phase("warm-up", "10%", lr=linear(0.0, 1e-3), at="end"),
    Phase(
        "training",
        "rest",
        lr={
            "default": cosine(1e-3, 1e-5),
            "backbone": scaled(0.1, after="20 epochs"),
            "head": CYCLE.repeat(),
        },
        momentum=0.9,
    ),
    lr=layerwise(0.8, 3),
    momentum={"default": 0.8, "head": 0.5},
    weight_decay=cosine(0.1, 0.0),
    groups=["backbone", "head", "layer_0", "layer_1", "layer_2"],
    horizon=UNEVEN,
)
PLANS["listening"] = Plan(
    Phase("stable", "20 epochs", lr=1e-3, until=VAL_LOSS),
    Phase("cut", "20 epochs", lr=constant(1e-3).over("20 epochs").cut(0.5, on=VAL_LOSS)),
    lr={"head": scaled(2.0)},
    groups=["head"],
    quantities=["mixup"],
    mixup=0.2,
    horizon=UNEVEN,
    events=[Event(1000, "ends", "stable"), Event(3000, "cuts", "cut/lr")],
)
PLANS["with an optimizer"] = Plan(
    Phase("training", "5 epochs", lr=cosine(1e-3, 0.0), clip=linear(0.5, 1.0)),
    weight_decay={"default": 0.1, "head": 0.0},
    groups=["head"],
    horizon=UNEVEN,
    optimizer=Optimizer("adamw", beta2=0.95, eps=1e-6, decays="matrices"),
)
PLANS["with an optimizer and words"] = Plan(
    Phase("training", "100 steps", at="end", lr=linear(0.0, 1.0)),
    optimizer=Optimizer("prodigy", safeguard_warmup=True, d_coef=2, clip=1),
)
PLANS["branched"] = presets.graphcast().branch(
    150_000, Phase("cool-down", "5000 steps", lr=linear(5e-4, 0.0))
)
PLANS["extended"] = PLANS["groups"].extend(Phase("more", "3 epochs", lr=1e-5, momentum=0.0))

SCHEDULES |= {f"{name}: {key}": plan[key] for name, plan in PLANS.items() for key in plan.names}

UNSAVED = ("function",)
"""What no file can hold."""
