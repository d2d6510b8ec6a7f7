"""AdamW whose every number may follow the plan."""

from __future__ import annotations

from typing import Any

import jax
import optax

from glidepath.plan import Plan

DEFAULTS = {"weight_decay": 0.1, "beta1": 0.9, "beta2": 0.95, "eps": 1e-8, "clip": 32.0}
"""What holds where the plan is silent (Lam et al. 2023, supplement 4.4); eps is optax's."""

LOOP_QUANTITIES = ("rollout",)
"""What the loop, not the optimizer, takes from a plan."""


def check(plan: Plan) -> None:
    """Refuse a plan with a quantity that nothing here follows, or with another optimizer.

    Raises:
        ValueError: naming the quantity, or if the plan has no learning rate.
    """
    if plan.optimizer is not None and plan.optimizer.name != "adamw":
        raise ValueError(
            f"the plan names `{plan.optimizer.name}`, and this training knows AdamW alone: leave "
            'the optimizer out, or take optimizer="adamw"'
        )
    known = ["lr", *DEFAULTS, *LOOP_QUANTITIES]
    for name in plan.names:
        if name not in known:
            raise ValueError(
                f"AdamW and the training loop have no `{name}`; they follow {', '.join(known)}"
            )
    if "lr" not in plan:
        raise ValueError("the plan has no `lr`, and nothing can be trained without one")


def values_at(plan: Plan, step: Any) -> dict[str, Any]:
    """The optimizer's numbers at a step, which may be traced.

    A plan that names its optimizer means the same here as anywhere: what it leaves open is that
    optimizer's default, not GraphCast's. `clip` is then None unless it is given, and "decays" says
    which parameters decay.
    """
    constants = DEFAULTS if plan.optimizer is None else plan.optimizer.settings()
    return constants | {name: plan[name](step) for name in scheduled(plan)}


def scheduled(plan: Plan) -> list[str]:
    """The optimizer's numbers that the plan gives."""
    return [name for name in plan.names if name not in LOOP_QUANTITIES]


def adamw(values: dict[str, Any], decays: Any) -> optax.GradientTransformation:
    """Clip by the global norm, then AdamW with decoupled decay.

    Args:
        values: of `values_at`; they may be traced, for the state does not depend on them.
        decays: which parameters decay, as a tree of booleans, where the plan does not say.
    """
    clip = values["clip"]
    return optax.chain(
        optax.identity() if clip is None else optax.clip_by_global_norm(clip),
        optax.scale_by_adam(b1=values["beta1"], b2=values["beta2"], eps=values["eps"]),
        optax.add_decayed_weights(
            values["weight_decay"], mask=WHAT_DECAYS.get(values.get("decays"), decays)
        ),
        optax.scale_by_learning_rate(values["lr"]),
    )


def _all(parameters: Any) -> Any:
    return jax.tree.map(lambda _: True, parameters)


def _matrices(parameters: Any) -> Any:
    return jax.tree.map(lambda parameter: parameter.ndim >= 2, parameters)


WHAT_DECAYS = {"all": _all, "matrices": _matrices}
"""Which parameters decay, by a plan's word for it."""
