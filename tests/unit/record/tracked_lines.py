"""Lines of a record as a run writes them, for the tests of sinks; all numbers differ."""

import math
from collections import defaultdict

PLAN = 'lr = 0.1\n[[phase]]\nname = "<script>alert(1)</script>"\n'
WARM_UP_STEPS = 3


def header(name="a run"):
    return {
        "kind": "run",
        "schema": 1,
        "name": name,
        "plan": PLAN,
        "fingerprint": "0123abcd",
        "total_steps": 100,
        "environment": {"python": "3.11.7", "packages": {"numpy": "2.0"}},
        "configuration": {"seed": 7, "sizes": [1, 2], "worst": math.nan},
        "time": 1000.0,
    }


def update(step, account=0):
    """Those that are done again differ from the first account of them."""
    return {
        "kind": "update",
        "step": step,
        "phase": "warm-up" if step < WARM_UP_STEPS else "decay",
        "loss": 1.0 / (step + 1) + account,
        "lr": {0: math.nan, 1: math.inf, 2: -math.inf}.get(step, 0.1 * step),
        "rollout": 1 + step // 2,
        "planned": True,
        "batch": "ab12",
        "memory_bytes": 10**9 + step,
        "time": 1001.0 + step,
    }


def layers(step):
    one = {"norm": 1.0 + step, "gradient_norm": 0.5, "checksum": 3, "step_size": [0.1, 0.2, 0.3]}
    return {
        "kind": "layers",
        "step": step,
        "arrays": {"encoder/w": one, "b": {"norm": 2.0}},
        "memory": 0.25,
        "time": 1001.5 + step,
    }


def evaluation(step, account=0):
    return {
        "kind": "evaluation",
        "step": step,
        "val_loss": 2.0 / (step + 1) + account,
        "seconds": 0.5,
        "time": 1001.25 + step,
    }


def run(start, end, *, restart=None, account=0, state="finished", name="a run"):
    """The updates from `start` to `end`, an evaluation after every second one."""
    yield header(name)
    if restart is not None:
        yield {"kind": "restart", "step": restart, "time": 1000.5}
    yield {"kind": "model", "step": start, "arrays": {"b": {"shape": [2]}}, "time": 1000.75}
    for step in range(start, end):
        yield update(step, account)
        if step % 2:
            yield evaluation(step + 1, account)
            yield {"kind": "checkpoint", "step": step + 1, "time": 1001.75 + step}
        if step % 4 == 0:
            yield layers(step)
    if state is not None:
        yield {"kind": "end", "step": end, "state": state, "time": 2000.0}


def numbers(lines):
    """{name: [(step, value, seconds)]}, put together in another way than by the sinks."""
    found = defaultdict(list)
    for line in lines:
        for name, value in _numbers_of(line):
            step = line["step"] - (line["kind"] == "evaluation")
            found[name].append((step, value, line["time"]))
    return dict(found)


def _numbers_of(line):
    if line["kind"] == "update":
        return [(name, line[name]) for name in ("loss", "lr", "rollout", "memory_bytes")]
    if line["kind"] == "evaluation":
        return [(f"evaluation/{name}", line[name]) for name in ("val_loss", "seconds")]
    if line["kind"] != "layers":
        return []
    whole, norm = line["arrays"]["encoder/w"], line["arrays"]["b"]["norm"]
    sizes = zip((5, 50, 95), whole["step_size"], strict=True)
    return [
        ("layers/memory", line["memory"]),
        ("layers/norm/b", norm),
        ("layers/norm/encoder/w", whole["norm"]),
        ("layers/gradient_norm/encoder/w", whole["gradient_norm"]),
        *((f"layers/step_size_p{part}/encoder/w", value) for part, value in sizes),
    ]
