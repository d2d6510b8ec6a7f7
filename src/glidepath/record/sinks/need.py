"""What a sink says when its tracker is not installed."""

from __future__ import annotations

from importlib.util import find_spec


def need(package: str) -> None:
    """Refuse to go on without a package, which is not imported yet.

    Args:
        package: to be imported; the extra of glidepath that brings it has the same name.
    Raises:
        ModuleNotFoundError: with the command that installs it.
    """
    spec = find_spec(package)
    # A folder of this name, such as the `wandb` that W&B itself writes, is found too.
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(
            f"this needs the package `{package}`: pip install 'glidepath[{package}]'", name=package
        )
