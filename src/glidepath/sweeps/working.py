"""Taking trials and running them, one after another: what each process of a sweep does."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from glidepath.record import History
from glidepath.sweeps.directory import SweepDirectory
from glidepath.sweeps.study import Study, Taken
from glidepath.sweeps.sweep import Sweep, words
from glidepath.sweeps.trial import Trainer, Trial, Watcher
from glidepath.training.stopping import Asked, StoppedError
from glidepath.training.validation import METRIC

Tell = Callable[[str], None]
"""Gets sentences for the sweep's owner."""

COMPILED_SECONDS = 0.2
"""What took less to compile is not kept."""


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
        OSError: if a disk is full or gone; likewise.
    """
    _keep_compiled(job.directory)
    sweep, study = job.sweep(), job.study()
    num_run = 0
    while most is None or num_run < most:
        if stop := next((wish for ask in asked if (wish := ask()) is not None), None):
            raise StoppedError(stop, 0)
        taken = study.take()
        if taken is None:
            break
        try:
            tell(_run(job, sweep, study, taken, asked, tell))
        finally:
            taken.release()
        num_run += 1
    return num_run


def _run(
    job: Job, sweep: Sweep, study: Study, taken: Taken, asked: Sequence[Asked], tell: Tell
) -> str:
    """Run a trial to its end, and write down what it came to; returns that in words."""
    name = f"trial {taken.number}"
    tell(f"{name}: {words(taken.values)}{' (going on)' if taken.is_old else ''}")
    if taken.is_old and taken.should_end():
        study.pruned(taken)
        return f"{name}: pruned"
    try:
        watcher = _train(job, sweep, taken, asked)
    except (StoppedError, OSError):
        raise
    except Exception as error:
        study.failed(taken, _first_line(error))
        return f"{name}: failed: {_first_line(error)}"
    if watcher.pruned_at is not None:
        study.pruned(taken)
        return f"{name}: pruned at step {watcher.pruned_at:,}"
    loss = last_loss(job.directory.trial(taken.number).record_file)
    if loss is None or not math.isfinite(loss):
        study.failed(taken, f"no finite {METRIC} was measured at its end")
        return f"{name}: failed: no finite {METRIC}"
    study.finished(taken, loss)
    return f"{name}: {METRIC} {loss:.4g}"


def _train(job: Job, sweep: Sweep, taken: Taken, asked: Sequence[Asked]) -> Watcher:
    """Train a trial, until it is finished or pruned."""
    job.directory.clear(taken.number)
    point = sweep.point(taken.values)
    watcher = Watcher(taken, sweep.steps_of(point))
    directory = job.directory.trial(taken.number)
    try:
        job.trainer.train(Trial(taken.number, sweep, point, directory, watcher, asked))
    except StoppedError:
        if watcher.pruned_at is None:
            raise
    return watcher


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
