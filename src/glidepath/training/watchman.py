"""What is done about NaN and infinity in a loss or a gradient."""

from __future__ import annotations

from typing import Any, final

from glidepath.training.settings import Settings

MOST_SKIPPED = 10
"""Updates in a row that are left out before the run stops: more than bad data explain."""


class RollBackError(Exception):
    """The run has to go back to a checkpoint.

    Args:
        step: the update that broke.
        reason: what broke, and where.
    """

    def __init__(self, step: int, reason: str) -> None:
        super().__init__(reason)
        self.step = step


@final
class Watchman:
    """Sees the lines of the record, and stops the run where the settings say so.

    Args:
        settings: with the policy.
    """

    def __init__(self, settings: Settings) -> None:
        self._policy = settings.on_nan
        self._update: dict[str, Any] = {}
        self._num_skipped, self._is_told = 0, False

    def see(self, line: dict[str, Any]) -> None:
        """Take in a line.

        Raises:
            FloatingPointError: naming the step, the arrays and the samples, where the run has to
                stop.
            RollBackError: where it has to go back.
        """
        if line["kind"] == "update":
            if self._update.get("skipped") and not self._is_told:
                self._act(self._update, "the gradient", "too large: its norm is none in float32")
            self._update, self._is_told = line, False
            self._num_skipped = self._num_skipped + 1 if line.get("skipped") else 0
            if self._num_skipped > MOST_SKIPPED:
                _stop(f"{self._num_skipped} updates in a row were skipped", {})
        elif line["kind"] == "nonfinite":
            self._is_told = True
            self._act(line, "the loss", self._update["loss"])

    def _act(self, line: dict[str, Any], what: str, how: object) -> None:
        """Do what the policy says about an update that broke."""
        told = f"{what} at step {line['step']} is {how}"
        if self._policy == "stop":
            _stop(told, {"policy": "stop"} | line)
        if self._policy == "rollback":
            raise RollBackError(line["step"], told + _where(line))


def _stop(what: str, found: dict[str, Any]) -> None:
    way_out = "try a lower peak rate or a longer warm-up"
    if found.get("batch"):
        way_out = "mend the data, or leave it out"
    if found.get("policy") == "stop":
        way_out += (
            ", or skip such updates (--on-nan skip), or go back and come again with other samples "
            "(--on-nan rollback)"
        )
    raise FloatingPointError(
        f"{what}{_where(found)}: {way_out}; the last checkpoint is from before"
    )


def _where(found: dict[str, Any]) -> str:
    """Which of the data and which arrays have such numbers."""
    told = [
        f"{where} {_some(found[key])}"
        for key, where in (
            ("sample_names", "in"),
            ("batch", "there in"),
            ("gradients", "in the gradients of"),
            ("parameters", "in the parameters"),
        )
        if found.get(key)
    ]
    return f"; NaN or infinity {', '.join(told)}" if told else ""


def _some(names: list[Any]) -> str:
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(map(str, names[:3])) + more
