"""What was seen of a model's single arrays, every so many updates."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from glidepath.record.schema import as_number

FIGURES = ("norm", "gradient_norm", "update_norm", "gradient_zeros", "checksum", "eps_share")
NUM_PERCENTILES = 3


class Looks:
    """Figures of arrays: rows are looks, columns are arrays.

    Attributes:
        about: what is known of each array, of the record's "model" line.
        arrays: names, in the model's order.
    """

    def __init__(self) -> None:
        self.about: dict[str, dict[str, Any]] = {}
        self.arrays: list[str] = []
        self._steps: list[int] = []
        self._memory: list[float] = []
        self._rows: list[np.ndarray] = []
        self._stacked: np.ndarray | None = None

    def describe(self, model: dict[str, dict[str, Any]]) -> None:
        """Take in what is known of the arrays."""
        self.about = model
        self._name(model)

    def add(self, line: dict[str, Any]) -> None:
        """Take in a "layers" line."""
        self._name(line["arrays"])
        self._steps.append(line["step"])
        self._memory.append(as_number(line.get("memory")))
        self._rows.append(
            np.array([_numbers(line["arrays"].get(name, {})) for name in self.arrays], np.float64)
        )
        self._stacked = None

    def _name(self, arrays: Iterable[str]) -> None:
        """Give a column to each array that has none yet."""
        known = set(self.arrays)
        self.arrays += [name for name in arrays if name not in known]

    def __len__(self) -> int:
        return len(self._steps)

    @property
    def steps(self) -> np.ndarray:
        """Of the looks, `[looks]`, int64."""
        return np.array(self._steps, np.int64)

    @property
    def memory(self) -> np.ndarray:
        """Updates that the second moment had seen over those that it remembers, `[looks]`."""
        return np.array(self._memory, np.float64)

    def figure(self, key: str) -> np.ndarray:
        """One figure of every array at every look, `[looks, arrays]`, float64; NaN for none.

        Args:
            key: one of `FIGURES`.
        """
        return self._all()[:, :, FIGURES.index(key)]

    def step_sizes(self) -> np.ndarray:
        """Percentiles 5, 50 and 95 of the effective step sizes, `[looks, arrays, 3]`; or NaN."""
        return self._all()[:, :, len(FIGURES) :]

    def _all(self) -> np.ndarray:
        """All figures, `[looks, arrays, figures]`; whoever asks gets the same, and can't write."""
        if self._stacked is None:
            shape = (len(self._rows), len(self.arrays), len(FIGURES) + NUM_PERCENTILES)
            self._stacked = np.full(shape, np.nan)
            for i, row in enumerate(self._rows):
                self._stacked[i, : len(row)] = row
            self._stacked.flags.writeable = False
        return self._stacked

    def is_known(self, name: str, fact: str) -> bool | None:
        """What the model's line says of an array: trainable, held or idle; None if nothing."""
        return self.about.get(name, {}).get(fact)


def _numbers(figures: dict[str, Any]) -> list[float]:
    """Of one array at one look: `FIGURES`, and the percentiles of its step sizes."""
    percentiles = figures.get("step_size") or [None] * NUM_PERCENTILES
    return [as_number(one) for one in (*(figures.get(key) for key in FIGURES), *percentiles)]
