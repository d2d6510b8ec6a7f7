"""The losses of single batches, out of the running mean that Keras keeps over an epoch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, final

import keras


@final
class BatchLosses:
    """Recovers what a batch added to the mean.

        loss = (total - total before) / (count - count before)

    where Keras' mean is total / count, in float32. Its rounding grows with what was added up: the
    error is about 6e-8 of the mean loss, times the number of batches so far in the epoch.

    Args:
        model: that is trained.
    """

    def __init__(self, model: keras.Model) -> None:
        self._model = model
        self._seen: dict[int, tuple[float, float]] = {}
        self._sum = self._weight = 0.0
        self._num_samples: int | None = None

    def begin_epoch(self) -> None:
        """The mean begins anew."""
        self._seen = {}

    def see(self, logs: Mapping[str, Any]) -> None:
        """Take in a batch.

        Args:
            logs: of it. A model without a running mean called "loss" has the loss that it logs.
        """
        for metric in self._model.metrics:
            if metric.name != "loss" or not isinstance(metric, keras.metrics.Mean):
                continue
            total, count = _numbers(self._model, [metric.total, metric.count])
            total_before, count_before = self._seen.get(id(metric), (0.0, 0.0))
            self._seen[id(metric)] = total, count
            if count > count_before:
                self._add(total - total_before, count - count_before)
                if metric is getattr(self._model, "_loss_tracker", None):
                    # Keras' own counts samples; one of the user's may count batches.
                    self._num_samples = (self._num_samples or 0) + round(count - count_before)
                return
        if logs.get("loss") is not None:
            self._add(float(logs["loss"]), 1.0)

    def _add(self, total: float, weight: float) -> None:
        self._sum, self._weight = self._sum + total, self._weight + weight

    def take(self) -> tuple[float | None, int | None]:
        """The mean loss since the last call, and the number of samples; None where not known."""
        loss = self._sum / self._weight if self._weight else None
        samples, self._num_samples = self._num_samples, None
        self._sum = self._weight = 0.0
        return loss, samples


def _numbers(model: keras.Model, variables: Sequence[Any]) -> list[float]:
    """Metrics' variables now; on JAX the train loop has them, and the model not before the end."""
    state = getattr(model, "_jax_state", None)
    if not state or model._jax_state_synced:
        return [float(one.value) for one in variables]
    pairs = zip(model.metrics_variables, state["metrics_variables"], strict=True)
    held = {id(variable): value for variable, value in pairs}
    return [float(held[id(one)]) for one in variables]
