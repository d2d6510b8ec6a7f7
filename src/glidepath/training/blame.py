"""Which sample brought a NaN or an infinity: asked when there was one."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np

from glidepath.record.arrays import named_arrays
from glidepath.training.problem import Problem, Tree


def blame(
    problem: Problem, parameters: Tree, samples: np.ndarray, rollout: int
) -> dict[str, list[Any]]:
    """What is known of where it came from.

    Args:
        problem: with its samples.
        parameters: before the update, or one later.
        samples: indices of the update's, `[size]`.
        rollout: of its loss.
    Returns:
        "samples", the indices of those that have such numbers themselves, or whose loss or gradient
        has alone; "sample_names"; and "batch", the names of the data's arrays with such numbers.
    """
    unique = np.unique(samples)
    batches = {int(one): problem.batch(np.array([one]), rollout) for one in unique}
    arrays = {one: _broken(batch) for one, batch in batches.items()}
    guilty = [one for one, names in arrays.items() if names]
    if not guilty and not _broken(parameters):
        gradient = jax.jit(jax.value_and_grad(lambda p, b: problem.loss(p, b, rollout)[0]))
        guilty = [one for one, batch in batches.items() if _broken(gradient(parameters, batch))]
    named = sorted({name for names in arrays.values() for name in names})
    found = {"samples": guilty, "sample_names": [problem.name(one) for one in guilty]}
    return found | ({"batch": named} if named else {})


def _broken(tree: Tree) -> list[str]:
    """Names of arrays that have NaN or infinity."""
    return [
        name
        for name, array in named_arrays(tree).items()
        if np.asarray(array).dtype.kind == "f" and not np.all(np.isfinite(np.asarray(array)))
    ]
