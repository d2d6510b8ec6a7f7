"""Where in the day and in the year a place is: forcings that only the clock decides."""

from __future__ import annotations

import numpy as np

SECONDS_PER_DAY = 86_400
DAYS_PER_YEAR = 365.24219
"""Length of the tropical year in days."""


def seconds_since_1970(times: np.ndarray) -> np.ndarray:
    """Whole seconds since 1970-01-01 00:00 UTC of `datetime64` times."""
    return times.astype("datetime64[s]").astype(np.int64)


def progress_fields(times: np.ndarray, longitude: np.ndarray) -> dict[str, np.ndarray]:
    """Sine and cosine of the phase of the year and of the local solar day.

    Args:
        times: `datetime64`, `[time]`.
        longitude: degrees east, `[lon]`.
    Returns:
        the four forcings by name, each `[time, 1, lon]`, float32.
    """
    seconds = seconds_since_1970(times)
    year = np.mod(seconds / SECONDS_PER_DAY / DAYS_PER_YEAR, 1.0).astype(np.float32)
    greenwich = np.mod(seconds, SECONDS_PER_DAY) / SECONDS_PER_DAY
    day = np.mod(greenwich[:, None] + longitude / 360.0, 1.0).astype(np.float32)
    year = np.broadcast_to(year[:, None], day.shape)
    fields = {}
    for name, phase in (("year", year), ("day", day)):
        angle = 2 * np.pi * phase[:, None, :]
        fields[f"{name}_progress_sin"] = np.sin(angle).astype(np.float32)
        fields[f"{name}_progress_cos"] = np.cos(angle).astype(np.float32)
    return fields
