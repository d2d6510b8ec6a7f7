"""By which the data of a run are known again."""

from __future__ import annotations

import hashlib

import numpy as np

from glidepath.weather.split import Split
from glidepath.weather.trajectory import Trajectory


def data_fingerprint(trajectory: Trajectory, split: Split) -> str:
    """16 hexadecimal digits that equal training data share.

    Of what there is to learn from: the fields, the grid, the training times, and all values at
    the first and the last of these. Values in between are not read, which would take hours.

    Args:
        trajectory: the data.
        split: which of the times are for training.
    """
    task = trajectory.task
    names = [task.target_variables, task.forcings, task.statics, task.pressure_levels]
    digest = hashlib.sha256(" ".join(str(one) for group in names for one in group).encode())
    times = trajectory.times[: split.num_training_times]
    arrays = [trajectory.latitude, trajectory.longitude, times.astype(np.int64)]
    arrays += [trajectory.statics, trajectory.state(0), trajectory.state(len(times) - 1)]
    for array in arrays:
        digest.update(str((array.shape, array.dtype)).encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()[:16]
