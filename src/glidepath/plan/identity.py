"""Which plan a saved state belongs to."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from difflib import unified_diff
from typing import Any

import numpy as np

from glidepath.plan.files import dumps, loads
from glidepath.plan.plan import Plan

SOME_STEPS = (*range(16), *(2**power for power in range(4, 17)))
"""At which functions are told apart."""


def identity(plan: Plan) -> dict[str, str]:
    """What a saved state keeps of its plan.

    Returns:
        "fingerprint" and "plan", the text of its file. A plan with a function has none: then it is
        the expression that makes it, and the fingerprint is of that and of values at some steps.
    """
    try:
        return {"fingerprint": plan.fingerprint, "plan": dumps(plan)}
    except ValueError:
        text = re.sub(r" at 0x[0-9a-fA-F]+", "", f"{plan!r}\n")  # addresses, which change
        values = [_value(plan, name, step) for name in plan.names for step in SOME_STEPS]
        digest = hashlib.sha256("\n".join([text, *values]).encode()).hexdigest()
        return {"fingerprint": f"function {digest[:16]}", "plan": text}


def _value(plan: Plan, name: str, step: int) -> str:
    """A function may know fewer steps than these; that, too, tells it from others."""
    try:
        return float(plan[name](step)).hex()
    except Exception as error:
        return type(error).__name__


def check_same(plan: Plan, saved: Mapping[str, Any], way_out: str) -> None:
    """Refuse the state of another plan.

    Args:
        plan: of the run that goes on.
        saved: what `identity` gave.
        way_out: what to write if the plan was changed on purpose.
    Raises:
        ValueError: with the lines of both that differ.
    """
    told = difference(plan, saved)
    if told is not None:
        raise ValueError(f"the state was saved with another plan:\n{told}\n{way_out}")


def difference(plan: Plan, saved: Mapping[str, Any]) -> str | None:
    """The lines of a saved plan and of this one that differ; None where it is the same.

    Args:
        plan: of the run that goes on.
        saved: what `identity` gave.
    """
    ours = identity(plan)
    if ours["fingerprint"] == saved["fingerprint"]:
        return None
    before, now = saved["plan"].splitlines(), ours["plan"].splitlines()
    lines = list(unified_diff(before, now, "saved", "this plan", lineterm="", n=1))
    return "\n".join(lines) or "its function gives other values"


def has_same_past(plan: Plan, saved: Mapping[str, Any], steps: int) -> bool:
    """Whether a plan gives what the saved one gave at every step before so many.

    A plan with a function can't be read again, and has none.
    """
    try:
        before = loads(saved["plan"])
    except ValueError:
        return False
    past = np.arange(max(steps, 0))
    return before.names == plan.names and all(
        np.array_equal(before[name](past), plan[name](past)) for name in plan.names
    )
