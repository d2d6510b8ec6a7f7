"""Which sample brought a NaN or an infinity: asked when there was one."""

from __future__ import annotations

from typing import Any, final

import jax
import numpy as np

from glidepath.record.arrays import named_arrays
from glidepath.training.problem import Problem, Tree


@final
class Blame:
    """Tries the samples of an update one by one.

    Args:
        problem: with its samples.
    """

    def __init__(self, problem: Problem) -> None:
        self._problem = problem
        loss = jax.value_and_grad(lambda p, batch, rollout: problem.loss(p, batch, rollout)[0])
        self._gradient = jax.jit(loss, static_argnums=2)

    def __call__(self, parameters: Tree, samples: np.ndarray, rollout: int) -> dict[str, list[Any]]:
        """What is known of where such a number came from.

        Args:
            parameters: before the update, or one later.
            samples: indices of the update's, `[size]`.
            rollout: of its loss.
        Returns:
            "samples", the indices of those that have such numbers themselves, or whose loss or
            gradient has alone; "sample_names"; and "batch", the names of the data's arrays with
            such numbers, if there are any.
        """
        unique = [int(one) for one in np.unique(samples)]
        batches = {one: self._problem.batch(np.array([one]), rollout) for one in unique}
        arrays = {one: _broken(batch) for one, batch in batches.items()}
        guilty = [one for one, names in arrays.items() if names]
        if not guilty and not _broken(parameters):
            guilty = [
                one
                for one, batch in batches.items()
                if _broken(self._gradient(parameters, batch, rollout))
            ]
        named = sorted({name for names in arrays.values() for name in names})
        found = {"samples": guilty, "sample_names": [self._problem.name(one) for one in guilty]}
        return found | ({"batch": named} if named else {})


def _broken(tree: Tree) -> list[str]:
    """Names of arrays that have NaN or infinity."""
    return [
        name
        for name, array in named_arrays(tree).items()
        if np.asarray(array).dtype.kind == "f" and not np.all(np.isfinite(np.asarray(array)))
    ]
