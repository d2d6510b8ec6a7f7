"""States of a run on disk, to go on from; by orbax, without pickle."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jax
import orbax.checkpoint as ocp

from glidepath.training.update import State

Heard = Sequence[tuple[int, dict[str, float]]]
"""Pairs of a number of updates and what was measured after them."""

KEPT = 2
"""How many checkpoints are kept, so that the one before the last is there if the last is broken."""


class Checkpoints:
    """The checkpoints of one run.

    Args:
        path: a directory.
        fingerprint: of the run's plan; a checkpoint of another plan is refused.
    """

    def __init__(self, path: Path, fingerprint: str) -> None:
        self._path = path
        self._fingerprint = fingerprint
        options = ocp.CheckpointManagerOptions(
            max_to_keep=KEPT, enable_async_checkpointing=False, cleanup_tmp_directories=True
        )
        self._manager = ocp.CheckpointManager(path.absolute(), options=options)

    @property
    def latest_step(self) -> int | None:
        """The number of updates in the newest checkpoint, or None where there is none."""
        return self._manager.latest_step()

    def save(self, state: State, heard: Heard = ()) -> None:
        """Write a state, unless it is there already.

        Args:
            state: to go on from.
            heard: what a plan that listens has heard so far, which its events follow from.
        """
        step = int(state.step)
        if step in self._manager.all_steps():
            return
        arrays = {"parameters": state.parameters, "optimizer": state.optimizer, "step": state.step}
        self._manager.save(
            step,
            args=ocp.args.Composite(
                state=ocp.args.StandardSave(arrays),
                about=ocp.args.JsonSave(
                    {"step": step, "fingerprint": self._fingerprint, "heard": list(heard)}
                ),
            ),
        )

    def restore(self, like: State) -> tuple[State, Heard]:
        """Read the newest state, and what its plan had heard.

        Args:
            like: a state with the same shapes.
        Raises:
            FileNotFoundError: if there is no checkpoint.
            ValueError: if the checkpoint belongs to another plan.
        """
        step = self.latest_step
        if step is None:
            raise FileNotFoundError(f"no checkpoint in {self._path} to go on from")
        arrays: Any = {
            "parameters": like.parameters,
            "optimizer": like.optimizer,
            "step": like.step,
        }
        abstract = jax.tree.map(ocp.utils.to_shape_dtype_struct, arrays)
        restored = self._manager.restore(
            step,
            args=ocp.args.Composite(
                state=ocp.args.StandardRestore(abstract), about=ocp.args.JsonRestore()
            ),
        )
        fingerprint = restored["about"]["fingerprint"]
        if fingerprint != self._fingerprint:
            raise ValueError(
                f"the checkpoint at step {step} follows the plan {fingerprint}, "
                f"this run the plan {self._fingerprint}"
            )
        heard = [(step, measured) for step, measured in restored["about"].get("heard", ())]
        return State(**restored["state"]), heard

    def close(self) -> None:
        """Finish what is being written."""
        self._manager.close()
