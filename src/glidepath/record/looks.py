"""What was seen of a model's single arrays, every so many updates."""

from __future__ import annotations

from typing import Any

import numpy as np

from glidepath.record.schema import as_number


class Looks:
    """Figures of arrays: rows are looks, columns are arrays.

    Args:
        lines: "layers" lines of a record, in order.
        model: of its "model" line: what is known of each array.

    Attributes:
        steps: of the looks, `[looks]`, int64.
        arrays: names, in the model's order.
        memory: updates that the optimizer's second moment had seen over those that it remembers,
            `[looks]`; NaN where it has none.
    """

    def __init__(self, lines: list[dict[str, Any]], model: dict[str, dict[str, Any]]) -> None:
        self._lines = list(lines)
        self._figures: dict[str, np.ndarray] = {}
        self.about = model
        self.steps = np.array([line["step"] for line in lines], np.int64)
        seen = dict.fromkeys(name for line in lines for name in line["arrays"])
        self.arrays = list(model) or list(seen)
        self.memory = np.array([as_number(line.get("memory")) for line in lines], np.float64)

    def __len__(self) -> int:
        return len(self._lines)

    def figure(self, key: str) -> np.ndarray:
        """One figure of every array at every look, `[looks, arrays]`, float64; NaN for none.

        Args:
            key: norm, gradient_norm, update_norm, gradient_zeros, checksum or eps_share.
        """
        if key not in self._figures:
            rows = [
                [as_number(line["arrays"].get(name, {}).get(key)) for name in self.arrays]
                for line in self._lines
            ]
            found = np.array(rows, np.float64).reshape(len(self._lines), len(self.arrays))
            found.flags.writeable = False  # the next who asks gets the same
            self._figures[key] = found
        return self._figures[key]

    def step_sizes(self) -> np.ndarray:
        """Percentiles 5, 50 and 95 of the effective step sizes, `[looks, arrays, 3]`; or NaN."""
        nothing = [np.nan] * 3
        rows = [
            [
                [as_number(v) for v in line["arrays"].get(name, {}).get("step_size") or nothing]
                for name in self.arrays
            ]
            for line in self._lines
        ]
        return np.array(rows, np.float64).reshape(len(self._lines), len(self.arrays), 3)

    def is_known(self, name: str, fact: str) -> bool | None:
        """What the model's line says of an array: trainable, held or idle; None if nothing."""
        return self.about.get(name, {}).get(fact)
