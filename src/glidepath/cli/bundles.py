"""Flags that several commands have in common, handed to them together."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Annotated, Any

import typer

Bundle = Mapping[str, Any]
"""Flags by the names of their arguments; all of them may be left out."""


def option(kind: Any, text: str, *names: str) -> Any:
    """A flag: its type, its help, and its name where the argument's own will not do."""
    return Annotated[kind, typer.Option(*names, help=text)]


def bundled(**bundles: Bundle) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command the flags of bundles.

    Args:
        **bundles: by the names of the command's arguments, each of which gets a dictionary of
            what was said, None for what was not.
    """

    def with_flags(command: Callable[..., None]) -> Callable[..., None]:
        parameters = list(_flags(command, bundles))

        @functools.wraps(command)
        def taken(**given: Any) -> None:
            of_bundles = {
                name: {flag: given.pop(flag) for flag in flags} for name, flags in bundles.items()
            }
            command(**given, **of_bundles)

        taken.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        taken.__annotations__ = {one.name: one.annotation for one in parameters}
        return taken

    return with_flags


def _flags(command: Callable[..., None], bundles: Mapping[str, Bundle]) -> list[inspect.Parameter]:
    """The command's own parameters, each bundle in the place where its argument stands."""
    keyword = inspect.Parameter.KEYWORD_ONLY
    flags = []
    for name, one in inspect.signature(command, eval_str=True).parameters.items():
        if name not in bundles:
            flags.append(one.replace(kind=keyword))
            continue
        flags += [
            inspect.Parameter(flag, keyword, default=None, annotation=kind)
            for flag, kind in bundles[name].items()
        ]
    return flags
