"""What trackers show of a line: its numbers and its texts, each by a name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from glidepath.record.schema import WORDS

NOT_DRAWN = ("kind", "step", "time", "checksum")
PERCENTILES = ("p5", "p50", "p95")
"""What a list of three numbers holds."""


def figures(line: Mapping[str, Any]) -> dict[str, float]:
    """The numbers of a line, by the names that trackers show them under.

    Args:
        line: of a record.
    Returns:
        Those of an update by their own names; `evaluation/<metric>`; `layers/<figure>/<array>`.
        Empty for other lines.
    Example:
        >>> figures({"kind": "evaluation", "step": 3, "val_loss": 0.5})
        {'evaluation/val_loss': 0.5}
    """
    if line["kind"] == "update":
        return dict(_numbers(line))
    if line["kind"] == "evaluation":
        return dict(_numbers(line, "evaluation/"))
    if line["kind"] != "layers":
        return {}
    found = dict(_numbers({name: line[name] for name in line if name != "arrays"}, "layers/"))
    for array, of_array in line["arrays"].items():
        found |= {f"layers/{name}/{array}": value for name, value in _numbers(of_array)}
    return found


def _numbers(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, float]]:
    for name, value in values.items():
        if name in NOT_DRAWN:
            continue
        if isinstance(value, Mapping):
            yield from _numbers(value, f"{prefix}{name}/")
        elif isinstance(value, list | tuple) and len(value) == len(PERCENTILES):
            parts = zip(PERCENTILES, value, strict=True)
            yield from _numbers({f"{name}_{part}": one for part, one in parts}, prefix)
        elif isinstance(value, str) and value in WORDS:
            yield prefix + name, WORDS[value]
        elif isinstance(value, int | float) and not isinstance(value, bool):
            yield prefix + name, value


def texts(line: Mapping[str, Any]) -> dict[str, str]:
    """What a line says in words, by its kind; empty for lines of numbers.

    Args:
        line: of a record.
    Example:
        >>> texts({"kind": "event", "step": 7, "event": "cuts", "target": "training/lr"})
        {'event': 'cuts training/lr'}
    """
    match line["kind"]:
        case "event":
            said = f"{line['event']} {line['target']}"
        case "notice":
            said = line["text"]
        case "restart":
            said = f"goes on at step {line['step']}"
        case "rollback":
            said = f"came back to step {line['step']}: {line['reason']}"
        case "end":
            said = ": ".join(line[name] for name in ("state", "reason") if line.get(name))
        case "nonfinite":
            found = {name: of for name, of in line.items() if name not in NOT_DRAWN}
            said = "; ".join(f"{name}: {_listed(of)}" for name, of in found.items())
        case _:
            return {}
    return {line["kind"]: said}


def _listed(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
