"""AdamW whose every number may follow the plan."""

from __future__ import annotations

from typing import Any

import optax

from glidepath.plan import Plan

DEFAULTS = {"weight_decay": 0.1, "beta1": 0.9, "beta2": 0.95, "eps": 1e-8, "clip": 32.0}
"""What holds where the plan is silent (Lam et al. 2023, supplement 4.4); eps is optax's."""

LOOP_QUANTITIES = ("rollout",)
"""What the loop, not the optimizer, takes from a plan."""


def check(plan: Plan) -> None:
    """Refuse a plan with a quantity that nothing here follows.

    Raises:
        ValueError: naming the quantity, or if the plan has no learning rate or listens to the run.
    """
    known = ["lr", *DEFAULTS, *LOOP_QUANTITIES]
    for name in plan.names:
        if name not in known:
            raise ValueError(
                f"AdamW and the training loop have no `{name}`; they follow {', '.join(known)}"
            )
    if plan.listens:
        raise ValueError(
            "the plan listens to the run (`until` or `cut`), and this training measures nothing "
            "that it could hear: leave the conditions out, or branch off where you want to"
        )
    if "lr" not in plan:
        raise ValueError("the plan has no `lr`, and nothing can be trained without one")


def values_at(plan: Plan, step: Any) -> dict[str, Any]:
    """The optimizer's numbers at a step, which may be traced."""
    scheduled = {name: plan[name](step) for name in plan.names if name not in LOOP_QUANTITIES}
    return DEFAULTS | scheduled


def adamw(values: dict[str, Any], decays: Any) -> optax.GradientTransformation:
    """Clip by the global norm, then AdamW with decoupled decay.

    Args:
        values: of `values_at`; they may be traced, for the state does not depend on them.
        decays: which parameters decay, as a tree of booleans.
    """
    return optax.chain(
        optax.clip_by_global_norm(values["clip"]),
        optax.scale_by_adam(b1=values["beta1"], b2=values["beta2"], eps=values["eps"]),
        optax.add_decayed_weights(values["weight_decay"], mask=decays),
        optax.scale_by_learning_rate(values["lr"]),
    )
