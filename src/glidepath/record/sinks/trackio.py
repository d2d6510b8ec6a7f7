"""A run in Trackio."""

from __future__ import annotations

from typing import Any, final

from glidepath.record.sinks.need import need
from glidepath.record.sinks.tracker import Entry, Tracker


@final
class Trackio(Tracker):
    """Sends a run to Trackio, which keeps it on this machine; `trackio show` draws it.

    A run that goes on is the same run there, found by its name. Trackio can't take back what it
    has: of the steps that are done again it keeps the first account.

    Args:
        project: that the run belongs to.
        name: of the run; that of the record where None.
        **settings: further arguments of `trackio.init`, such as `group` or `space_id`.
    Raises:
        ModuleNotFoundError: if `trackio` is not installed.
    """

    def __init__(self, project: str, name: str | None = None, **settings: Any) -> None:
        need("trackio")
        super().__init__()
        self._project, self._name, self._settings = project, name, settings
        self._run: Any = None
        self._first_step = 0

    def _open(self, header: dict[str, Any], restart: int | None) -> None:
        import trackio

        own = {
            "name": self._name or header.get("name"),
            "config": {name: of for name, of in header.items() if name not in ("kind", "time")},
            "resume": "never" if restart is None else "allow",
            "embed": False,
        }
        self._run = trackio.init(project=self._project, **(own | self._settings))
        # Nothing public says what a run that goes on has, and it would show a step twice.
        self._first_step = getattr(self._run, "_next_step", 0)

    def _send(self, entry: Entry) -> None:
        if entry.step >= self._first_step:
            self._run.log(entry.numbers | entry.texts, step=entry.step)

    def _finish(self, *, is_failed: bool) -> None:  # noqa: ARG002
        self._run.finish()
