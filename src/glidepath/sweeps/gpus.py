"""Which GPUs each process of a machine gets, where several work on a sweep."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

VISIBLE = "CUDA_VISIBLE_DEVICES"

MEMORY = "XLA_PYTHON_CLIENT_MEM_FRACTION"

OF_MEMORY = (MEMORY, "XLA_CLIENT_MEM_FRACTION", "XLA_PYTHON_CLIENT_PREALLOCATE",
             "XLA_PYTHON_CLIENT_ALLOCATOR")  # fmt: skip
"""Where one of these is set, its user has said what a process takes of a GPU's memory."""

TAKEN = 0.75
"""What JAX takes of a GPU's memory as it begins."""


def shares(
    num_jobs: int, devices: Sequence[str], environment: Mapping[str, str]
) -> list[dict[str, str]]:
    """What to set in the environment of each process, before JAX opens its devices.

    Each gets as many GPUs as any other, for a batch is spread over all that a process has. Where
    there are fewer than processes, several share one, and its memory.

    Args:
        num_jobs: processes.
        devices: that there are, as CUDA names them.
        environment: of all.
    Example:
        >>> shares(2, ["0", "1", "2", "3"], {})
        [{'CUDA_VISIBLE_DEVICES': '0,1'}, {'CUDA_VISIBLE_DEVICES': '2,3'}]
    """
    if not devices:
        return [{} for _ in range(num_jobs)]
    each = len(devices) // num_jobs
    if each:
        return [
            {VISIBLE: ",".join(devices[job * each : (job + 1) * each])} for job in range(num_jobs)
        ]
    places = [job % len(devices) for job in range(num_jobs)]
    return [
        {VISIBLE: devices[place]} | _memory(places.count(place), environment) for place in places
    ]


def _memory(num_sharing: int, environment: Mapping[str, str]) -> dict[str, str]:
    if num_sharing == 1 or any(name in environment for name in OF_MEMORY):
        return {}
    return {MEMORY: f"{TAKEN / num_sharing:.4f}"}


@contextmanager
def having(share: Mapping[str, str]) -> Iterator[None]:
    """Let what is started here find its share from its first moment on."""
    before = {name: os.environ.get(name) for name in share}
    os.environ.update(share)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def devices_of(environment: Mapping[str, str]) -> list[str]:
    """The GPUs that this process may use: those that it is shown, or all of the machine."""
    shown = environment.get(VISIBLE)
    if shown is None:
        return [str(number) for number in range(_num_gpus())]
    names = [name.strip() for name in shown.split(",")]
    ends = [place for place, name in enumerate(names) if name in ("", "-1")]
    return names[: ends[0]] if ends else names


def _num_gpus() -> int:
    """Of NVIDIA's, as their driver counts them; asking JAX would open them in this process."""
    try:
        listed = subprocess.run(
            ["nvidia-smi", "-L"], capture_output=True, text=True, check=True, timeout=60
        )
    except (OSError, subprocess.SubprocessError):
        return 0
    return sum(line.startswith("GPU ") for line in listed.stdout.splitlines())
