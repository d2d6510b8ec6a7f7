"""What a user waits for: `import glidepath`, `glidepath show graphcast`, a plan's value at a step.

    python benchmarks/startup.py

Prints the median and the range of several runs of each, each in a process of its own but the last.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
import timeit
from collections.abc import Callable

from glidepath import presets

REPEATS = 15
CALLS = 100_000


def main() -> None:
    """Measure and print."""
    nothing = seconds_of(sys.executable, "-c", "pass")
    report("python, doing nothing", nothing)
    report("import glidepath", seconds_of(sys.executable, "-c", "import glidepath"))
    report(
        "glidepath show graphcast",
        seconds_of(sys.executable, "-m", "glidepath", "show", "graphcast"),
    )
    rate = presets.graphcast()["lr"]
    report("a value at a step", one_call(lambda: rate(150_500)))


def seconds_of(*command: str) -> list[float]:
    """Wall-clock seconds of several runs of a command."""
    seconds = []
    for _ in range(REPEATS):
        began = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        seconds.append(time.perf_counter() - began)
    return seconds


def one_call(function: Callable[[], object]) -> list[float]:
    """Seconds of one call, by the mean over many, several times."""
    return [timeit.timeit(function, number=CALLS) / CALLS for _ in range(REPEATS)]


def report(name: str, seconds: list[float]) -> None:
    """Print a line."""
    low, middle, high = min(seconds), statistics.median(seconds), max(seconds)
    print(f"{name:>26}: {middle:.3g} s (from {low:.3g} to {high:.3g})")


if __name__ == "__main__":
    main()
