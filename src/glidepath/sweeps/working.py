"""Taking trials and running them, one after another: what each process of a sweep does."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from glidepath.record import History
from glidepath.sweeps.directory import SweepDirectory
from glidepath.sweeps.failures import check_hope, ends_the_sweep
from glidepath.sweeps.storage import reached
from glidepath.sweeps.study import Study, Taken
from glidepath.sweeps.sweep import Sweep, words
from glidepath.sweeps.trial import Trainer, Trial, Watcher
from glidepath.training.stopping import Asked, StoppedError
from glidepath.training.validation import METRIC

Tell = Callable[[str], None]
"""Gets sentences for the sweep's owner."""

COMPILED_SECONDS = 0.2
"""What took less to compile is not kept."""

MOST_TAKES = 3
"""How often a trial is taken whose process dies before it has got any further."""

DIED = (
    f"its process has died {MOST_TAKES} times without getting further: the system ends one that "
    "takes all memory"
)


def say(text: str) -> None:
    """A sentence for the sweep's owner, from any process."""
    print(text, flush=True)


@dataclass(frozen=True)
class Job:
    """What a process needs to work on a sweep.

    Attributes:
        path: of the sweep's directory, absolute.
        trainer: of its trials.
        storage: as of `open_storage`.
    """

    path: Path
    trainer: Trainer
    storage: str | None = None

    @property
    def directory(self) -> SweepDirectory:
        """The sweep's."""
        return SweepDirectory(self.path)

    def sweep(self) -> Sweep:
        """The sweep that is there."""
        return self.directory.sweep(self.trainer.keys)

    def study(self) -> Study:
        """Its trials."""
        return Study(self.directory, self.sweep(), self.storage)


def work(
    job: Job, *, asked: Sequence[Asked] = (), tell: Tell = say, most: int | None = None
) -> int:
    """Take trials and run them until there are none left.

    Args:
        job: on which sweep.
        asked: asked between two updates, and between two trials, whether to stop.
        tell: what happens.
        most: trials to run; None for all that there are.
    Returns:
        how many were run.
    Raises:
        StoppedError: if one of those asked wanted it; the trial can go on.
        ValueError: if the first trials have all failed.
        OSError: if a disk is full, or nothing can be written, or the storage fails; likewise.
    """
    _keep_compiled(job.directory)
    with reached():
        return _work(job, asked, tell, most)


def _work(job: Job, asked: Sequence[Asked], tell: Tell, most: int | None) -> int:
    worker = Worker(job, job.sweep(), job.study(), asked, tell)
    num_run, num_before = 0, worker.study.num_done
    while most is None or num_run < most:
        check_hope(worker.study, num_before)
        if stop := next((wish for ask in asked if (wish := ask()) is not None), None):
            raise StoppedError(stop, 0)
        taken = worker.study.take()
        if taken is None:
            break
        try:
            worker.run(taken)
        except BaseException:
            with suppress(Exception):  # the error that ends the work says more
                taken.put_back()
            raise
        finally:
            taken.release()
        num_run += 1
    return num_run


@dataclass(frozen=True)
class Worker:
    """Runs the trials that it is given.

    Attributes:
        job: that it has.
        sweep: that is there.
        study: its trials.
        asked: whether to stop.
        tell: what happens.
    """

    job: Job
    sweep: Sweep
    study: Study
    asked: Sequence[Asked]
    tell: Tell

    def run(self, taken: Taken) -> None:
        """Run a trial to its end, write down what it came to, and tell it."""
        name = f"trial {taken.number}"
        self.tell(f"{name}: {words(taken.values)}{' (going on)' if taken.is_old else ''}")
        self.tell(f"{name}: {self._outcome(taken)}")

    def _outcome(self, taken: Taken) -> str:
        if taken.num_takes > MOST_TAKES:
            return self._failed(taken, DIED)
        if taken.is_old and self._is_pruned(taken):
            self.study.pruned(taken)
            return "pruned"
        self._check_own(taken)
        try:
            pruned_at = self.train(taken)
        except Exception as error:
            if ends_the_sweep(error):
                raise
            return self._failed(taken, _first_line(error))
        if pruned_at is not None:
            self.study.pruned(taken)
            return f"pruned at step {pruned_at:,}"
        loss = last_loss(self.job.directory.trial(taken.number).record_file)
        if loss is None or not math.isfinite(loss):
            return self._failed(taken, f"no finite {METRIC} was measured at its end")
        self.study.finished(taken, loss)
        return f"{METRIC} {loss:.4g}"

    def _check_own(self, taken: Taken) -> None:
        """Refuse a run directory that is not the trial's."""
        directory = self.job.directory.trial(taken.number)
        plan = self.sweep.point(taken.values).plan
        if directory.exists() and directory.open()[0].fingerprint != plan.fingerprint:
            raise ValueError(
                f"{directory.path} has a run with another plan than trial {taken.number}'s: put "
                "the trial's own back, or move it away, and the trial is begun anew"
            )

    def _is_pruned(self, taken: Taken) -> bool:
        """Whether a trial was to be ended early when its process died; one at its end was not."""
        num_steps = self.sweep.steps_of(self.sweep.point(taken.values))
        return taken.last_step < num_steps and taken.should_end()

    def _failed(self, taken: Taken, reason: str) -> str:
        self.study.failed(taken, reason)
        return f"failed: {reason}"

    def train(self, taken: Taken) -> int | None:
        """Train a trial; returns the step at which it was pruned, None if it has finished."""
        self.job.directory.clear(taken.number)
        point = self.sweep.point(taken.values)
        watcher = Watcher(taken, self.sweep.steps_of(point))
        directory = self.job.directory.trial(taken.number)
        trial = Trial(taken.number, self.sweep, point, directory, watcher, self.asked)
        try:
            self.job.trainer.train(trial)
        except StoppedError:
            if watcher.pruned_at is None:
                raise
        return watcher.pruned_at


def last_loss(record: Path) -> float | None:
    """What a trial is judged by: the validation loss of the state that it ends with.

    Not the lowest: that is of a state which is gone, it is the lower the more often a noisy loss
    is measured, and a plan is there to end well.
    """
    losses = History.open(record).evaluations(METRIC)[1]
    return float(losses[-1]) if len(losses) else None


def _keep_compiled(directory: SweepDirectory) -> None:
    """Let trials that differ in numbers only share what JAX has compiled."""
    import jax

    if jax.config.jax_compilation_cache_dir is None:
        jax.config.update("jax_compilation_cache_dir", str(directory.compiled))
        jax.config.update("jax_persistent_cache_min_compile_time_secs", COMPILED_SECONDS)


def _first_line(error: BaseException) -> str:
    text = str(error).strip()
    return f"{type(error).__name__}: {text.splitlines()[0][:200]}" if text else type(error).__name__
