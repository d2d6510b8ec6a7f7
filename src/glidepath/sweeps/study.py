"""The engine, Optuna: it suggests values, prunes, and remembers; several processes share it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, final

import numpy as np
from filelock import FileLock

from glidepath.sweeps.directory import SweepDirectory
from glidepath.sweeps.domains import Domain, Range, Scalar
from glidepath.sweeps.storage import open_storage
from glidepath.sweeps.sweep import Sweep
from glidepath.training.checkpoints import complete_steps

ERROR = "error"
"""Of a trial's attributes: why it failed."""

TAKES = "takes"
"""Likewise: how often it was taken without getting further, and how far it was."""


@dataclass(frozen=True)
class Taken:
    """A trial that this process works on, and no other.

    Attributes:
        number: of the trial, from 0.
        values: that it tries.
        is_old: whether another process had begun it.
        trial: Optuna's.
        lock: held until the trial is done.
        num_takes: how often it was taken, by this process and by those that have died, since it
            last got further.
        reached: how far it was when it was taken, in updates.
    """

    number: int
    values: dict[str, Scalar]
    is_old: bool
    trial: Any
    lock: FileLock
    num_takes: int = 1
    reached: int = 0

    def release(self) -> None:
        """Let others have it."""
        self.lock.release()

    def put_back(self) -> None:
        """This process could end in order: that it was taken does not count."""
        self.trial.set_user_attr(TAKES, [self.num_takes - 1, self.reached])

    def report(self, step: int, loss: float) -> None:
        """Tell what was measured; once for each step, though a run that goes on measures again."""
        if step not in self._reported() and math.isfinite(loss):
            self.trial.report(loss, step)

    def should_end(self) -> bool:
        """Whether what was reported so far is too bad to go on."""
        return bool(self._reported() and self.trial.should_prune())

    @property
    def last_step(self) -> int:
        """The last step whose loss was reported."""
        return max(self._reported(), default=0)

    def _reported(self) -> dict[int, float]:
        trials = self.trial.study.get_trials(deepcopy=False)
        reported: dict[int, float] = trials[self.number].intermediate_values
        return reported


@final
class Study:
    """The trials of a sweep.

    A trial that is running has its lock held by the process that runs it. One whose lock is free
    was left by a process that has ended: the next that asks for a trial goes on with it, with the
    same number, the same values and the same directory.

    Args:
        directory: of the sweep, the same for all processes.
        sweep: that is there.
        storage: as of `open_storage`.
    Raises:
        ValueError: if trials were begun, and the storage does not know of them.
    """

    def __init__(self, directory: SweepDirectory, sweep: Sweep, storage: str | None = None) -> None:
        self._directory, self._sweep = directory, sweep
        with directory.alone():
            kept = open_storage(directory, storage)
            self._study = self._begun(kept) if directory.trials.exists() else self._begin(kept)

    def _begin(self, storage: Any) -> Any:
        """The study, made if this is the first process to look for it."""
        import optuna

        return optuna.create_study(
            study_name=self._directory.table()["study"],
            storage=storage,
            direction="minimize",
            pruner=_pruner(self._sweep),
            load_if_exists=True,
        )

    def _begun(self, storage: Any) -> Any:
        """The study that the run directories are of."""
        import optuna

        table = self._directory.table()
        try:
            return optuna.load_study(
                study_name=table["study"], storage=storage, pruner=_pruner(self._sweep)
            )
        except KeyError:
            raise ValueError(
                f"what is known of the trials in {self._directory.trials} is not in "
                f"{table['storage'] or self._directory.journal}: put it back there, or give by "
                "`storage` where it is now; or begin anew in another directory"
            ) from None

    def take(self) -> Taken | None:
        """The next trial to run; None if there is none left that nobody else runs."""
        with self._directory.alone():
            return self._abandoned() or self._new()

    def _abandoned(self) -> Taken | None:
        from optuna.trial import Trial, TrialState

        for one in self._study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
            lock = self._directory.claim_trial(one.number)
            if lock is None:
                continue
            if self.trials()[one.number].state != TrialState.RUNNING:  # it has just ended
                lock.release()
                continue
            self._seed(one.number)
            # Optuna has no public way back to a trial that is running.
            return self._taken(Trial(self._study, one._trial_id), lock, is_old=True)
        return None

    def _new(self) -> Taken | None:
        num_begun = len(self.trials())
        if num_begun >= self._sweep.trials:
            return None
        self._seed(num_begun)
        trial = self._study.ask()
        lock = self._directory.claim_trial(trial.number)
        assert lock is not None, f"trial {trial.number} is new, and has a lock"
        return self._taken(trial, lock, is_old=False)

    def _seed(self, number: int) -> None:
        """A sampler of its own for each trial: one restarted would repeat what it suggested."""
        import optuna

        seed = int(np.random.SeedSequence([self._sweep.seed, number]).generate_state(1)[0])
        samplers = {"tpe": optuna.samplers.TPESampler, "random": optuna.samplers.RandomSampler}
        self._study.sampler = samplers[self._sweep.sampler](seed=seed)

    def _taken(self, trial: Any, lock: FileLock, *, is_old: bool) -> Taken:
        values = {name: _suggest(trial, name, one) for name, one in self._sweep.vary.items()}
        had, before = trial.user_attrs.get(TAKES, (0, 0))
        reached = self._reached(trial.number)
        num_takes = had + 1 if reached <= before else 1
        trial.set_user_attr(TAKES, [num_takes, reached])
        return Taken(trial.number, values, is_old, trial, lock, num_takes, reached)

    def _reached(self, number: int) -> int:
        """How far a trial has come: its last checkpoint, or the last loss that was reported."""
        saved = complete_steps(self._directory.trial(number).checkpoints)
        return max([0, *saved, *self.trials()[number].intermediate_values])

    def finished(self, taken: Taken, loss: float) -> None:
        """Write down what a trial came to."""
        self._study.tell(taken.trial, loss)

    def pruned(self, taken: Taken) -> None:
        """Write down that a trial was ended early."""
        from optuna.trial import TrialState

        self._study.tell(taken.trial, state=TrialState.PRUNED)

    def failed(self, taken: Taken, reason: str) -> None:
        """Write down that a trial could not be trained."""
        from optuna.trial import TrialState

        taken.trial.set_user_attr(ERROR, reason)
        self._study.tell(taken.trial, state=TrialState.FAIL)

    def trials(self) -> list[Any]:
        """Optuna's frozen trials, by their numbers."""
        trials: list[Any] = self._study.get_trials(deepcopy=False)
        return trials

    @property
    def num_done(self) -> int:
        """Trials that are over."""
        return sum(one.state.is_finished() for one in self.trials())


def _suggest(trial: Any, name: str, domain: Domain) -> Scalar:
    if not isinstance(domain, Range):
        value: Scalar = trial.suggest_categorical(name, domain.values)
        return value
    if domain.is_whole:
        step = 1 if domain.step is None else domain.step
        whole: int = trial.suggest_int(name, domain.low, domain.high, step=step, log=domain.log)
        return whole
    number: float = trial.suggest_float(
        name, domain.low, domain.high, step=domain.step, log=domain.log
    )
    return number


def _pruner(sweep: Sweep) -> Any:
    from optuna import pruners

    if sweep.pruner == "median":
        return pruners.MedianPruner(n_warmup_steps=sweep.prune_after)
    if sweep.pruner == "halving":
        least = max(sweep.evaluate_every, sweep.prune_after)
        return pruners.SuccessiveHalvingPruner(min_resource=least)
    return pruners.NopPruner()
