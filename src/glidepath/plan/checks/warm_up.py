"""A warm-up that is too short for its optimizer."""

from __future__ import annotations

import math
from collections.abc import Iterator

from glidepath.plan.checks.finding import Finding
from glidepath.plan.checks.subject import Subject

USUAL_BETA2 = 0.999


def find(subject: Subject) -> Iterator[Finding]:
    """The rate rises for fewer steps than the second moment remembers."""
    for rate in subject.main_rates:
        if not rate.peak > 0:
            continue
        top = next(step for step, value in rate.points.items() if value >= 0.999 * rate.peak)
        beta2 = float(subject.plan["beta2"](0)) if "beta2" in subject.plan else USUAL_BETA2
        memory = 1 / (1 - beta2) if beta2 < 1 else math.inf
        rises = rate.points[0] < 0.5 * rate.peak
        uses_adam = "momentum" not in subject.plan
        if rises and uses_adam and top + 1 < memory:
            source = "" if "beta2" in subject.plan else ", if beta2 is the usual 0.999"
            yield Finding(
                "short-warm-up",
                "note",
                f"{rate.key} until step {top:,}",
                f"the warm-up takes {top:,} steps; Adam remembers {memory:,.0f}{source}",
                "until then the second moment is an average over few gradients, and the steps are "
                "as noisy as they are large (Ma and Yarats 2021, arXiv:1910.04209, who advise "
                "2 / (1 - beta2) steps)",
                f"warm up for {2 * memory:,.0f} steps, or lower beta2",
            )
