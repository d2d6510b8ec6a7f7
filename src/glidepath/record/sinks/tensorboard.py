"""A run in TensorBoard, by event files that its own writer makes."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import Any, final

from glidepath.record.sinks.need import need
from glidepath.record.sinks.tracker import Entry, Tracker

FLUSH_SECONDS = 1.0
FILE_NAME = "events.{:04d}.out.tfevents"
"""TensorBoard knows event files by `tfevents`, and reads those of a run in the order of names. A
number keeps them in order where two start in one second, or a clock goes back."""

_HEADER = ("name", "plan", "fingerprint", "total_steps", "environment", "configuration")
_OURS = re.compile(r"events\.(\d+)\.out\.tfevents")
_NOT_IN_TAGS = re.compile(r"[^\w./-]")


@final
class TensorBoard(Tracker):
    """Writes event files; `tensorboard --logdir runs` shows all that are in and below a folder.

    Numbers become scalars, which are float32. The plan, the configuration, phases, events and
    notices become texts. After a resume the steps that are done again are shown once.

    It writes through the package `tensorboard` alone, on the thread that calls it, and loads
    neither torch nor TensorFlow.

    Args:
        directory: for the event files; made where it is not there.
    Raises:
        ModuleNotFoundError: if `tensorboard` is not installed.
    """

    def __init__(self, directory: str | Path) -> None:
        need("tensorboard")
        super().__init__()
        self._directory = Path(directory).absolute()
        self._writer: Any = None
        self._said: dict[str, tuple[int, str]] = {}
        self._flushed_at = 0.0

    def _open(self, header: dict[str, Any], restart: int | None) -> None:
        from tensorboard.compat.proto.event_pb2 import Event, SessionLog
        from tensorboard.summary.writer.record_writer import RecordWriter

        self._said.clear()
        self._directory.mkdir(parents=True, exist_ok=True)
        name = FILE_NAME.format(1 + max(map(_number, self._directory.iterdir()), default=0))
        self._writer = RecordWriter((self._directory / name).open("xb"))
        seconds = header.get("time", time.time())
        self._write(Event(wall_time=seconds, file_version="brain.Event:2"))
        # It hides what other files of the directory have from this step on. The server takes no
        # notice of the first one in a directory, so a new run has one too.
        start = SessionLog(status=SessionLog.START)
        self._write(Event(wall_time=seconds, step=restart or 0, session_log=start))
        told = {f"run/{name}": _as_text(header[name]) for name in _HEADER if header.get(name)}
        self._send(Entry(restart or 0, seconds, {}, told))

    def _send(self, entry: Entry) -> None:
        from tensorboard.compat.proto.event_pb2 import Event
        from tensorboard.compat.proto.summary_pb2 import Summary
        from tensorboard.plugins.text.summary_v2 import text_pb

        values = [
            Summary.Value(tag=_tag(name), simple_value=number)
            for name, number in entry.numbers.items()
        ]
        for name in entry.texts:
            values.extend(text_pb(_tag(name), _as_code(self._whole_text(name, entry))).value)
        summary = Summary(value=values)
        self._write(Event(wall_time=entry.seconds, step=entry.step, summary=summary))

    def _whole_text(self, name: str, entry: Entry) -> str:
        """With what was said before it at the same step, of which only the last would be shown."""
        step, before = self._said.get(name, (None, ""))
        text = entry.texts[name]
        text = f"{before}\n{text}" if step == entry.step else text
        self._said[name] = entry.step, text
        return text

    def _write(self, event: Any) -> None:
        self._writer.write(event.SerializeToString())
        now = time.monotonic()
        if now - self._flushed_at >= FLUSH_SECONDS:
            self._flushed_at = now
            self._writer.flush()

    def _finish(self, *, is_failed: bool) -> None:  # noqa: ARG002
        self._writer.close()


def _number(path: Path) -> int:
    """The number of an event file; 0 where it is none of ours."""
    found = _OURS.fullmatch(path.name)
    return int(found[1]) if found else 0


def _tag(name: str) -> str:
    """A name without what no tag may have, as TensorBoard's clients replace it."""
    return _NOT_IN_TAGS.sub("_", name)


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, indent=2, default=str)


def _as_code(text: str) -> str:
    """TensorBoard reads texts as Markdown, where what is indented by four is shown as it is."""
    return "\n".join(f"    {line}" for line in text.splitlines())
