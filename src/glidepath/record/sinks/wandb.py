"""A run in Weights & Biases."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, final

from glidepath.record.sinks.background import PATIENCE_SECONDS
from glidepath.record.sinks.need import need
from glidepath.record.sinks.tracker import Entry, Tracker

ID_FILE = "wandb.id"

OURS = {"console": "off", "finish_timeout": PATIENCE_SECONDS, "quiet": True}
"""Settings of W&B: what the program prints is not copied, its end waits no longer than this, and
it prints where the run is, warnings and errors, but neither tables nor advice."""

_REFUSED = "/\\#?%:"
"""What W&B allows in no name of a project."""


@final
class WandB(Tracker):
    """Sends a run to Weights & Biases.

    It needs `wandb login` once, or mode="offline", which keeps all on this machine until
    `wandb sync`. A run that goes on is the same run there, by its id. W&B takes back nothing: of
    the steps that are done again it keeps the first account.

    Args:
        project: that the run belongs to.
        name: of the run; that of the record where None.
        directory: for W&B's own files, and for one with the run's id, by which it goes on;
            without it, or an `id`, a run that goes on is another one there.
        mode: "online", "offline" or "disabled"; W&B's own setting where None.
        **settings: further arguments of `wandb.init`, such as `entity`, `group` or `id`.
    Raises:
        ModuleNotFoundError: if `wandb` is not installed.
        TypeError: if `settings` among the settings is no table.
        ValueError: if W&B would refuse the project.
    """

    def __init__(
        self,
        project: str,
        name: str | None = None,
        *,
        directory: str | Path | None = None,
        mode: Literal["online", "offline", "disabled"] | None = None,
        **settings: Any,
    ) -> None:
        need("wandb")
        if found := sorted(set(project) & set(_REFUSED)):
            raise ValueError(f"`project` must be without {' '.join(_REFUSED)}, got {found[0]!r} in "
                             f"{project!r}")  # fmt: skip
        inner = settings.get("settings", {})
        if not isinstance(inner, Mapping):
            raise TypeError(f"`settings` must be a table, got {inner!r}")
        super().__init__()
        self._project, self._name, self._mode = project, name, mode
        self._settings = settings | {"settings": OURS | inner}
        self._directory = None if directory is None else Path(directory).absolute()
        self._run: Any = None
        self._first_step = 0

    def _open(self, header: dict[str, Any], restart: int | None) -> None:
        import wandb

        self._check_login(wandb)
        own = {
            "id": None if "id" in self._settings else self._id(restart),
            "name": self._name or header.get("name"),
            "mode": self._mode,
            "dir": self._directory,
            "resume": "allow",
            "reinit": "create_new",  # the program's own runs are left alone
        }
        self._run = wandb.init(project=self._project, **(own | self._settings))
        self._first_step = self._run.step  # it would refuse earlier ones, each with a warning
        told = {name: of for name, of in header.items() if name not in ("kind", "time")}
        self._run.config.update(told, allow_val_change=True)

    def _check_login(self, wandb: Any) -> None:
        """Refuse where W&B would ask for a key, in the midst of a run."""
        if "api_key" in self._settings["settings"]:
            return
        mode = self._mode or wandb.setup().settings.mode
        if mode == "online" and not wandb.login(prompt=False, verify=False):
            raise RuntimeError('W&B knows no key: run `wandb login` first, or take mode="offline"')

    def _id(self, restart: int | None) -> str | None:
        """That of the run that goes on, if it is known; else a new one, which is kept."""
        if self._directory is None:
            return None
        file = self._directory / ID_FILE
        kept = file.read_text(encoding="utf-8").strip() if file.is_file() else ""
        if restart is not None and re.fullmatch("[0-9a-f]{16}", kept):
            return kept
        self._directory.mkdir(parents=True, exist_ok=True)
        new = secrets.token_hex(8)
        file.write_text(new + "\n", encoding="utf-8")
        return new

    def _send(self, entry: Entry) -> None:
        if entry.step >= self._first_step:
            self._run.log(entry.numbers | entry.texts, step=entry.step)

    def _finish(self, *, is_failed: bool) -> None:
        self._run.finish(exit_code=int(is_failed))
