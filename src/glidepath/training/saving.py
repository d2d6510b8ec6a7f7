"""Saving a run's state when it is due, and finding one to go on from."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import final

from glidepath.plan import Plan
from glidepath.training.agreement import from_the_first
from glidepath.training.checkpoints import About, Checkpoints, Heard, discard_after
from glidepath.training.redraws import Redraws
from glidepath.training.run_directory import RunDirectory, identity_of
from glidepath.training.settings import Settings
from glidepath.training.update import State


@final
class Saving:
    """The checkpoints of a run.

    Args:
        directory: of the run.
        plan: that it was started with.
        settings: how often it is saved, and what is kept.
        tell: gets sentences for the run's owner.
    """

    def __init__(
        self,
        directory: RunDirectory,
        plan: Plan,
        settings: Settings,
        tell: Callable[[str], None],
    ) -> None:
        self._directory, self._settings = directory, settings
        self._identity = identity_of(plan, directory.open()[1])
        self._checkpoints = Checkpoints(directory.checkpoints, settings.keep, tell)
        self._last_time = time.monotonic()

    @property
    def seconds(self) -> float:
        """How long the longest saving took so far."""
        return self._checkpoints.seconds

    def newest(self, at: int | None = None) -> About | None:
        """The checkpoint to go on from; None where there is none yet.

        What comes after it is removed.

        Args:
            at: the one at this step alone.
        Raises:
            FileNotFoundError: if none is whole, or there was a run, and none is left.
            ValueError: if it is of another plan.
        """
        find = self._checkpoints.newest if at is None else lambda: self._checkpoints.at(at)
        about = self._chosen(find)
        if about is None:
            self._check_new()
        return about

    def newest_due(self) -> About:
        """The checkpoint to go back to: an uninterrupted run has the same.

        It is none that is there only because the run was stopped, and none from before the run
        was changed. What comes after it is removed.

        Raises:
            FileNotFoundError: if none is whole.
        """
        changed_at = self._directory.changed_at()
        about = self._chosen(
            lambda: self._checkpoints.newest(lambda one: one.is_due or one.step <= changed_at)
        )
        assert about is not None
        return about

    def _chosen(self, find: Callable[[], About | None]) -> About | None:
        """A checkpoint that the first process finds, for all."""
        step = from_the_first(lambda: -1 if (found := find()) is None else found.step)
        if step < 0:
            return None
        about = self._checkpoints.about(step)
        if about.identity not in [self._identity, *self._directory.earlier_identities()]:
            raise ValueError(
                f"the checkpoint at step {step:,} is of another plan or configuration than the run "
                f"in {self._directory.path}: put back its configuration.json as it was; what is to "
                "change is given to `glidepath resume`, with --accept-changes"
            )
        from_the_first(lambda: discard_after(self._directory.checkpoints, step))
        return about

    def _check_new(self) -> None:
        if self._directory.record_file.exists():
            raise FileNotFoundError(
                f"no checkpoint is left in {self._directory.checkpoints}, but the run has been "
                "going on; it is not started again by itself: put one back, or start a new run "
                "elsewhere"
            )

    def load(self, about: About, like: State) -> State:
        """The state of a checkpoint, where the arrays of `like` lie."""
        restored = self._checkpoints.restore(about.step, _arrays(like))
        return State(**restored)

    def is_step(self, done: int) -> bool:
        """Whether the state is saved after so many updates."""
        steps = self._settings.checkpoint_every.steps
        return steps is not None and done % steps == 0

    def is_time(self) -> bool:
        """Whether it is time to save, by the clock of this process."""
        seconds = self._settings.checkpoint_every.seconds
        return seconds is not None and time.monotonic() - self._last_time >= seconds

    def save(
        self,
        state: State,
        done: int,
        heard: Heard,
        redraws: Redraws,
        metrics: Mapping[str, float],
        *,
        is_due: bool,
    ) -> None:
        """Begin to save a state, unless it is there; it is when `finished` says so.

        Args:
            state: after `done` updates.
            done: updates.
            heard: what a plan that listens has heard so far.
            redraws: of samples, so far.
            metrics: that were measured of this state.
            is_due: whether it was time to; the run is stopped or ends otherwise.
        Raises:
            SaveError: if it could not be written.
        """
        self.wait()
        if from_the_first(lambda: int(done in self._checkpoints.steps)):
            return
        about = About(
            step=done,
            identity=self._identity,
            heard=tuple(heard),
            redraws=redraws.made,
            metrics=dict(metrics),
            is_due=is_due,
        )
        self._checkpoints.save(_arrays(state), about)
        self._last_time = time.monotonic()

    def finished(self) -> list[int]:
        """Steps of the checkpoints that are on the disk since the last call.

        Raises:
            SaveError: if one could not be written.
        """
        return self._checkpoints.saved()

    def wait(self) -> None:
        """Wait for the one that is being written.

        Raises:
            SaveError: if it could not be written.
        """
        self._checkpoints.wait()

    def close(self) -> None:
        """Finish what is being written, and let others write."""
        self._checkpoints.close()


def _arrays(state: State) -> dict[str, object]:
    return {"parameters": state.parameters, "optimizer": state.optimizer, "step": state.step}
