"""Who looks on while a run goes on."""

from __future__ import annotations

from typing import Any, Protocol, final

from glidepath.training.stopping import Stop


class Observer(Protocol):
    """Told what happens; the loop does not care how it is shown."""

    def resumed(self, step: int) -> None:
        """The run goes on at a step."""
        ...

    def compiling(self, rollout: int) -> None:
        """A new rollout length is about to be compiled."""
        ...

    def compiled(self, rollout: int, seconds: float) -> None:
        """It has been."""
        ...

    def wrote(self, line: dict[str, Any]) -> None:
        """A line of the record has been written."""
        ...

    def notice(self, text: str) -> None:
        """Something that the run's owner should know."""
        ...

    def wants_to_stop(self) -> Stop | None:
        """Whether the run should stop now."""
        ...


@final
class Nobody:
    """Looks on in the processes of a run beside the first, which tells."""

    def resumed(self, step: int) -> None:
        """Nothing is told."""

    def compiling(self, rollout: int) -> None:
        """Nothing is told."""

    def compiled(self, rollout: int, seconds: float) -> None:
        """Nothing is told."""

    def wrote(self, line: dict[str, Any]) -> None:
        """Nothing is told."""

    def notice(self, text: str) -> None:
        """Nothing is told."""

    def wants_to_stop(self) -> Stop | None:
        """Never."""
        return None
