"""What the loop needs to know of whatever it trains."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

Tree = Any
"""A nested dictionary of arrays."""


class Problem(Protocol):
    """A model, its loss and its data. Every method is a pure function of its arguments."""

    def init(self, seed: int) -> Tree:
        """Fresh parameters."""
        ...

    def loss(self, parameters: Tree, batch: Tree, rollout: int) -> tuple[Any, dict[str, Any]]:
        """The loss of a batch, and parts of it by name; compiled by the caller."""
        ...

    def batch(self, seed: int, step: int, size: int, rollout: int) -> Tree:
        """The batch of an update, as NumPy arrays."""
        ...

    def decays(self, parameters: Tree) -> Tree:
        """Which parameters weight decay acts on, as a tree of booleans."""
        ...

    def export(self, parameters: Tree, path: Path) -> None:
        """Write the final model in the format that its users read."""
        ...
