"""Which failures are a trial's own, and which would meet every other trial, too."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator

from glidepath.record.claim import ClaimedError
from glidepath.sweeps.study import ERROR, Study
from glidepath.training.stopping import StoppedError

OF_THE_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS)
"""It is full, the quota is, it is broken, or nobody may write to it."""

MOST_FAILED = 3
"""How many trials may fail before one has been trained; one mistake does not spend the others."""


def ends_the_sweep(error: BaseException) -> bool:
    """Whether an error is not the trial's: the trial goes on when the sweep is started again.

    It is where the run was stopped, another process has its directory, the disk can't be written
    to, or the engine's storage does not answer.
    """
    from optuna.exceptions import StorageInternalError

    if isinstance(error, StoppedError | ClaimedError | StorageInternalError):
        return True
    return isinstance(error, OSError) and any(map(_is_of_the_disk, _causes(error)))


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """An error, what it came of, and so on."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _is_of_the_disk(error: BaseException) -> bool:
    """By its number, or the system's words for it: libraries in C++ hand on these alone."""
    if isinstance(error, OSError) and error.errno is not None:
        return error.errno in OF_THE_DISK
    return any(os.strerror(number) in str(error) for number in OF_THE_DISK)


def check_hope(study: Study, num_before: int) -> None:
    """End a sweep of which nothing can be trained.

    Args:
        study: its trials.
        num_before: trials that were over when the work began: one who goes on with such a sweep
            has mended something.
    Raises:
        ValueError: if all that are over have failed, and enough of them since.
    """
    over = [one for one in study.trials() if one.state.is_finished()]
    if len(over) - num_before < MOST_FAILED or any(one.state.name != "FAIL" for one in over):
        return
    raise ValueError(
        f"the first {len(over)} trials have all failed, the last with "
        f"{over[-1].user_attrs.get(ERROR)}; mend that, and go on by the same command"
    )
