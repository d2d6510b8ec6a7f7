"""What a run runs on, so that it can be told apart and done again."""

from __future__ import annotations

import os
import platform
import sys
from importlib import metadata
from typing import Any

PACKAGES = ("glidepath", "numpy", "jax", "optax", "torch", "keras", "transformers", "lightning")


def environment() -> dict[str, Any]:
    """Versions of what is loaded, and the devices; no name of the machine or of its user."""
    loaded = [name for name in PACKAGES if name in sys.modules]
    return {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "cores": os.cpu_count(),
        "packages": {name: _version(name) for name in loaded},
        "devices": _devices(),
    }


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return getattr(sys.modules[package], "__version__", None)


def _devices() -> list[str]:
    """Accelerators by their kind; JAX's own list where it has chosen them."""
    jax, torch = _jax_in_use(), sys.modules.get("torch")
    if jax is not None:
        return [one.device_kind for one in jax.local_devices()]
    if torch is not None and torch.cuda.is_available():
        return [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]
    return ["cpu"]


def _jax_in_use() -> Any:
    """JAX, if it has taken its devices; to ask it for them would make it take them.

    On a GPU it takes most of the memory, which a process that trains with torch needs. JAX says so
    nowhere in public; where it does not say it at all, it is in use if torch is not there.
    """
    jax = sys.modules.get("jax")
    bridge = sys.modules.get("jax._src.xla_bridge")
    has_begun = getattr(bridge, "backends_are_initialized", lambda: "torch" not in sys.modules)
    return jax if jax is not None and has_begun() else None


def memory_bytes() -> int | None:
    """The most memory that was taken so far, on the first accelerator, else by this process."""
    jax, torch = _jax_in_use(), sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available() and torch.cuda.is_initialized():
        return int(torch.cuda.max_memory_allocated())
    if jax is not None:
        found = jax.local_devices()[0].memory_stats()
        if found and "peak_bytes_in_use" in found:
            return int(found["peak_bytes_in_use"])
    try:
        import resource
    except ImportError:  # as on Windows
        return None
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return int(most if sys.platform == "darwin" else most * 1024)
