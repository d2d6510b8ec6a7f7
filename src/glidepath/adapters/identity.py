"""Which plan a saved state belongs to."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import unified_diff
from typing import Any

from glidepath.plan import Plan
from glidepath.plan.files import dumps


def identity(plan: Plan) -> dict[str, Any]:
    """What a saved state keeps of its plan: texts.

    Returns:
        "fingerprint", which is "" for a plan with a function, and "plan", its file or, with a
        function, the expression that makes it.
    """
    try:
        return {"fingerprint": plan.fingerprint, "plan": dumps(plan)}
    except ValueError:
        return {"fingerprint": "", "plan": f"{plan!r}\n"}


def check_same(plan: Plan, saved: Mapping[str, Any], way_out: str) -> None:
    """Refuse the state of another plan.

    Args:
        plan: of the run that goes on.
        saved: what `identity` gave.
        way_out: what to write if the plan was changed on purpose.
    Raises:
        ValueError: with the lines of both that differ.
    """
    ours = identity(plan)
    same = "fingerprint" if ours["fingerprint"] else "plan"
    if ours[same] == saved[same]:
        return
    both = (text["plan"].splitlines() for text in (saved, ours))
    lines = list(unified_diff(*both, "saved", "this plan", lineterm="", n=1))
    raise ValueError("the state was saved with another plan:\n" + "\n".join(lines) + f"\n{way_out}")
