"""The lines about one update, made when its figures have come from the device."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from glidepath.record.arrays import as_numpy, is_jax, is_torch
from glidepath.record.environment import memory_bytes
from glidepath.record.summary import Summary


@dataclass(frozen=True)
class Update:
    """What was logged about an update; its numbers may still be on their way from a device.

    Attributes:
        step: of the update.
        figures: of its line, by name.
        summary: of its arrays, or None.
        seconds: since the update before, None where that says nothing.
        time: when it was logged, in seconds of Unix time.
    """

    step: int
    figures: dict[str, Any]
    summary: Summary | None
    seconds: float | None
    time: float

    @property
    def is_on_a_device(self) -> bool:
        """Whether to read a number now would be to wait for it."""
        some = [*self.figures.values()]
        some += [] if self.summary is None else [self.summary.parameter_norms]
        return any(is_jax(one) or (is_torch(one) and one.device.type != "cpu") for one in some)

    def lines(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """The kinds and the lines: of the update, of a look at its arrays, of NaN and infinity."""
        figures, summary = _on_host(self.figures, self.summary)
        numbers = {name: as_float(name, value) for name, value in figures.items()}
        if summary is not None:
            numbers = _totals(summary) | numbers
        if self.seconds is not None:
            numbers.setdefault("seconds", round(self.seconds, 6))
        memory = memory_bytes()
        if memory is not None:
            numbers["memory_bytes"] = memory
        at = {"step": int(self.step)}
        yield "update", {**at, **numbers, "time": round(self.time, 3)}
        if summary is not None and summary.looked:
            yield "layers", at | _layers(summary)
        found = {} if summary is None else nonfinite_arrays(summary)
        if found or not math.isfinite(numbers.get("loss", 0.0)):
            yield "nonfinite", at | found


def _on_host(
    figures: dict[str, Any], summary: Summary | None
) -> tuple[dict[str, Any], Summary | None]:
    """All numbers in one transfer."""
    if any(is_jax(value) for value in figures.values()):
        on_device = {name: value for name, value in figures.items() if is_jax(value)}
        figures = figures | sys.modules["jax"].device_get(on_device)
    return figures, None if summary is None else summary.on_host()


def as_float(name: str, value: Any) -> Any:
    """A plain value: a float32 as the shortest decimal that stands for it, 0.1, not 0.1000000015.

    Raises:
        TypeError: if it is neither a number, nor a truth, nor a text.
    """
    if isinstance(value, str | bool | int | float):
        return value
    try:
        array = as_numpy(value)
        if array.dtype.kind == "V" and array.dtype.names is None:  # of ml_dtypes, such as bfloat16
            array = array.astype(np.float32)
        if array.shape not in ((), (1,)) or array.dtype.kind not in "biuf":
            raise TypeError
    except (TypeError, ValueError):
        shape = getattr(value, "shape", None)
        got = f"an array {list(shape)}" if shape is not None else repr(value)[:80]
        raise TypeError(f"`{name}` must be a number, got {got}") from None
    scalar = array.reshape(())[()]
    if array.dtype.kind in "biu":
        return bool(scalar) if array.dtype.kind == "b" else int(scalar)
    return float(str(scalar))


def _totals(summary: Summary) -> dict[str, float]:
    """Norms over all arrays, of the norms of each: the root of the sum of squares."""
    parameters, updates = _total(summary.parameter_norms), _total(summary.update_norms)
    found = {"gradient_norm": _total(summary.gradient_norms), "parameter_norm": parameters}
    if updates is not None and parameters:
        found["update_ratio"] = updates / parameters
    return {name: _rounded(value) for name, value in found.items() if value is not None}


def _total(norms: Any) -> float | None:
    if norms is None:
        return None
    return float(np.sqrt(np.sum(np.square(np.asarray(norms, np.float64)))))


def _rounded(value: float) -> float:
    """Seven digits, of which norms in float32 have no more."""
    return float(f"{value:.7g}")


def _layers(summary: Summary) -> dict[str, Any]:
    """The single arrays, by name."""
    figures = {
        "norm": summary.parameter_norms,
        "gradient_norm": summary.gradient_norms,
        "update_norm": summary.update_norms,
        "gradient_zeros": summary.gradient_zeros,
    }
    arrays: dict[str, dict[str, Any]] = {
        name: {key: _rounded(float(of[i])) for key, of in figures.items() if of is not None}
        for i, name in enumerate(summary.names)
    }
    for i, name in enumerate(summary.names):
        arrays[name]["checksum"] = int(summary.checksums[i])
    sizes = summary.step_sizes
    if sizes is None:
        return {"arrays": arrays}
    for i, name in enumerate(sizes.names):
        arrays[name]["step_size"] = [_rounded(float(one)) for one in sizes.percentiles[i]]
        arrays[name]["eps_share"] = _rounded(float(sizes.eps_shares[i]))
    return {"arrays": arrays, "memory": _rounded(float(sizes.memory))}


def nonfinite_arrays(summary: Summary) -> dict[str, list[str]]:
    """The arrays with NaN or infinity, by where they are; empty where there are none."""
    found = {}
    for where, norms in (
        ("gradients", summary.gradient_norms),
        ("parameters", summary.parameter_norms),
    ):
        if norms is not None and not np.all(is_finite := np.isfinite(norms)):
            found[where] = [summary.names[i] for i in np.flatnonzero(~is_finite)]
    return found
