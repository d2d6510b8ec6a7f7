"""What the loop needs to know of whatever it trains."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Protocol

import numpy as np

Tree = Any
"""A nested dictionary of arrays."""


class Problem(Protocol):
    """A model, its loss and its data. Every method is a pure function of its arguments."""

    def init(self, seed: int) -> Tree:
        """Fresh parameters."""
        ...

    def loss(self, parameters: Tree, batch: Tree, rollout: int) -> tuple[Any, dict[str, Any]]:
        """The mean loss of a batch's samples, and parts of it by name; compiled by the caller."""
        ...

    def samples(self, seed: int, step: int, size: int, rollout: int, attempt: int) -> np.ndarray:
        """Which samples an update learns from: their indices, `[size]`.

        `attempt` is 0 but after the run was rolled back, when it shall learn from others.
        """
        ...

    def held_out(self, rollout: int) -> np.ndarray:
        """Samples that no update learns from, `[sample]`, to validate on; maybe none."""
        ...

    def batch(self, samples: np.ndarray, rollout: int) -> Tree:
        """The batch of these samples, as NumPy arrays; their first axis is the sample's."""
        ...

    def name(self, sample: int) -> str:
        """What a user calls a sample, such as its time."""
        ...

    def decays(self, parameters: Tree) -> Tree:
        """Which parameters weight decay acts on, as a tree of booleans."""
        ...

    def by_layer(self, tree: Tree) -> Tree:
        """Parameters, or what is like them, with an array of its own for each layer."""
        ...

    def idle(self, parameters: Tree) -> Iterable[str]:
        """Names of arrays of `by_layer` whose gradient is zero by construction."""
        ...

    def export(self, parameters: Tree, path: Path) -> None:
        """Write the final model in the format that its users read."""
        ...
