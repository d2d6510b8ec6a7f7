"""What a long command shows while it works: a live bar, or plain lines without a terminal."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)

from glidepath.diagnosis.finding import Finding
from glidepath.diagnosis.live import LiveDiagnosis
from glidepath.training.stopping import FOUND, Stop
from glidepath.view.curves import short

SECONDS_BETWEEN_LINES = 10.0


class Activity:
    """A long piece of work with a known number of parts: a context manager.

    Args:
        console: where to show it.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self.is_live = console.is_terminal
        self._bar = Progress(
            TextColumn("{task.description:<12}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[note]}", markup=False),
            TimeRemainingColumn(compact=True),
            console=console,
            disable=not self.is_live,
        )
        self._tasks: dict[str, Any] = {}
        self._began: dict[str, tuple[float, int]] = {}
        self._last_line = 0.0

    def __enter__(self) -> Activity:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def __call__(self, name: str, done: int, total: int, note: str = "") -> None:
        """Say how far something is.

        Args:
            name: what goes on.
            done: parts done.
            total: parts there are.
            note: shown beside the bar.
        """
        if self.is_live:
            if name not in self._tasks:
                self._tasks[name] = self._bar.add_task(name, total=total, note=note)
            self._bar.update(self._tasks[name], completed=done, total=total, note=note)
            return
        now = time.monotonic()
        is_new = name not in self._began
        began, first = self._began.setdefault(name, (now, done))
        if done < total and not is_new and now - self._last_line < SECONDS_BETWEEN_LINES:
            return
        self._last_line = now
        pace = (now - began) / (done - first) if done > first else None
        left = f", {_clock(pace * (total - done))} left" if pace and done < total else ""
        self.say(f"{name}: {done:,} of {total:,}{left}  {note}".rstrip())

    def say(self, text: str) -> None:
        """A line that stays."""
        self._bar.console.print(text, soft_wrap=True, highlight=False, markup=False)


class TrainingProgress:
    """Shows a training run: an observer of `training.loop.train`.

    Args:
        activity: where to show it.
        num_steps: updates in the run.
        record: the file of its record.
        stop_on: codes of rules that stop the run.
    """

    def __init__(
        self, activity: Activity, num_steps: int, record: Path, stop_on: Sequence[str] = ()
    ) -> None:
        self._diagnosis = LiveDiagnosis(record, self._show_finding, stop_on)
        self._activity = activity
        self._num_steps = num_steps
        self._measured = ""

    def resumed(self, step: int) -> None:
        """The run goes on at a step."""
        self._activity.say(f"resumed at step {step:,}")

    def compiling(self, rollout: int) -> None:
        """A new rollout length is about to be compiled."""
        self._activity.say(f"compiling the update for a rollout of {rollout} ...")

    def compiled(self, rollout: int, seconds: float) -> None:
        """It has been."""
        self._activity.say(f"compiled rollout {rollout} in {seconds:.1f} s")

    def wrote(self, line: dict[str, Any]) -> None:
        """A line of the record has been written."""
        self._diagnosis.take(line)
        show = getattr(self, f"_show_{line['kind']}", None)
        if show is not None:
            show(line)

    def _show_update(self, line: dict[str, Any]) -> None:
        note = f"{line['phase']}  loss {line['loss']:.4f}  lr {short(line['lr'])}"
        note += f"  rollout {line['rollout']}" if line["rollout"] > 1 else ""
        note += "  skipped" if line.get("skipped") else ""
        self._activity("train", line["step"] + 1, self._num_steps, note + self._measured)

    def _show_evaluation(self, line: dict[str, Any]) -> None:
        told = [f"{name} {value:.4f}" for name, value in line.items()
                if name not in ("kind", "step", "time", "seconds")]  # fmt: skip
        self._measured = f"  {', '.join(told)}"

    def _show_event(self, line: dict[str, Any]) -> None:
        self._activity.say(f"step {line['step']:,}: {line['target']} {line['event']}")

    def _show_checkpoint(self, line: dict[str, Any]) -> None:
        if not self._activity.is_live:
            self._activity.say(f"saved a checkpoint at step {line['step']:,}")

    def _show_finding(self, finding: Finding) -> None:
        self._activity.say(
            f"{finding.level} {finding.code}: {finding.what}; try: {finding.tries[0]}"
        )

    def wants_to_stop(self) -> Stop | None:
        """Whether the run should stop now."""
        reason = self._diagnosis.reason
        return None if reason is None else Stop(reason, FOUND)

    def notice(self, text: str) -> None:
        """Something that the run's owner should know."""
        self._activity.say(text)


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
