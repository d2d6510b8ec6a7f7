"""What the plan says of a step, where nobody saw what was used."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from glidepath.plan import Plan


def planned(plan: Plan | None, step: int, seen: Mapping[str, Any]) -> dict[str, Any]:
    """Figures of an update's line.

    Args:
        plan: that the run follows, or None.
        step: of the update.
        seen: figures by name, which count more than the plan's.
    """
    if plan is None:
        return {}
    moment = plan.at(step)
    unseen = {name: value for name, value in moment.values.items() if name not in seen}
    is_all_planned = len(unseen) == len(moment.values)
    return {"phase": moment.phase} | unseen | ({"planned": True} if is_all_planned else {})
