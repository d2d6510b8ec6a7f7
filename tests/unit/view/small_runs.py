"""Real runs in miniature: a line is fitted by gradient descent, and the record of it kept."""

import json

import numpy as np

from glidepath import Horizon, Phase, Plan, constant, linear, staircase
from glidepath.record import Recorder

PLAN = Plan(
    Phase("warm-up", 10, lr=linear(0.0, 0.2)),
    Phase("decay", 30, lr=linear(0.2, 0.02), rollout=staircase(1, 3, every=15)),
    rollout=1,
    weight_decay=0.1,
    horizon=Horizon(samples=64, batch=8),
)
HELD = Plan(Phase("all", 40, lr=constant(0.1)))


def train(directory, steps=40, *, start=None, close=True, seed=0, lr=None, hear=None, **options):
    """Fit y = x @ w, and record it.

    Args:
        directory: of the run.
        steps: updates, from the start on to this one.
        start: as of `Recorder`.
        close: "finished" if True; else how the run ends; None to leave it open.
        seed: of data and parameters.
        lr: the rate that is used; the plan's where None.
        hear: gets the recorder and the number of updates after each.
        **options: of `Recorder`, `plan` among them.
    Returns:
        the directory.
    """
    options = {"plan": PLAN, "norms_every": 1, "look_every": 8} | options
    rng = np.random.default_rng(seed)
    x, truth = rng.normal(size=(64, 3)), np.array([1.0, -2.0, 0.5])
    model = {"layer/w": rng.normal(size=3), "layer/b": np.zeros(1)}
    recorder = Recorder(directory, start=start, **options)
    for step in range(start or 0, steps):
        at = rng.integers(0, 64, 8)
        error = x[at] @ (model["layer/w"] - truth) + model["layer/b"]
        grads = {"layer/w": x[at].T @ error / 8, "layer/b": error.mean(keepdims=True)}
        rate = recorder.plan["lr"](step) if lr is None else lr
        updates = {name: -rate * grad for name, grad in grads.items()}
        recorder.log(
            step, np.mean(error**2), params=model, grads=grads, updates=updates, lr=rate,
            samples=8, batch=at,
        )  # fmt: skip
        model = {name: model[name] + updates[name] for name in model}
        if step % 8 == 7:
            off = x @ (model["layer/w"] - truth) + model["layer/b"]
            recorder.evaluate(step + 1, val_loss=np.mean(off**2), accuracy=step / steps)
            recorder.saved(step + 1)
        if hear is not None:
            hear(recorder, step + 1)
    if close is None:
        recorder._writer.close()  # as a process that is killed leaves it
    else:
        recorder.close() if close is True else recorder.close(close, "the power was cut")
    return directory


def append(directory, *lines):
    """Add lines to a record, as another process would."""
    with (directory / "record.jsonl").open("a") as file:
        file.writelines(json.dumps(line) + "\n" for line in lines)
