"""Weight decay that does not go with its rate."""

from __future__ import annotations

from collections.abc import Iterator

from glidepath.plan.checks.finding import Finding
from glidepath.plan.checks.subject import Curve, Subject
from glidepath.plan.schedule import Schedule

USUAL = (1e-8, 1e-2)
"""From fine-tuning to SGD with strong decay."""


def find(subject: Subject) -> Iterator[Finding]:
    """Decay goes on where the rate has ended, or the product of both is unusual."""
    for rate in subject.rates:
        key = rate.key.replace("lr", "weight_decay", 1)
        if "weight_decay" in subject.plan:
            yield from _judge(rate, key, subject.plan[key])


def _judge(rate: Curve, key: str, decay: Schedule) -> Iterator[Finding]:
    products = [value * float(decay(step)) for step, value in rate.points.items()]
    largest = max(products)
    if largest > 0 and not USUAL[0] <= largest <= USUAL[1]:
        yield Finding(
            "unusual-decay",
            "warning",
            f"{rate.key} times {key}",
            f"is {largest:.2g} at most; {USUAL[0]:g} to {USUAL[1]:g} is usual",
            "weights forget over 1 / (lr * weight_decay) updates, "
            f"{1 / largest:,.0f} here, of the run's {rate.total_steps:,}",
            "choose the decay so that weights forget over some epochs "
            "(Wang and Aitchison 2024, arXiv:2405.13698)",
        )
    over = [s for s, value in rate.points.items() if s and value == 0 and float(decay(s)) > 0]
    if over:
        yield Finding(
            "decay-outlives-rate",
            "note",
            f"{key} at step {over[0]:,}",
            f"is {float(decay(over[0])):.4g} where the rate is 0",
            "decay that is multiplied by the rate (AdamW) does nothing there; decay that is not "
            "shrinks the weights, and nothing holds against it",
            "let the decay end with the rate, or the rate end above 0",
        )
