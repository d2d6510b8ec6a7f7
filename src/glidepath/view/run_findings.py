"""What is wrong with runs, as texts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.markup import escape

from glidepath.diagnosis.finding import Finding
from glidepath.diagnosis.listing import listed
from glidepath.view.amounts import figure
from glidepath.view.plain import plain

COLOUR = {"error": "red", "warning": "yellow", "note": "blue"}
MOST_ARRAYS = 6
"""Names of arrays that are told; a model may have thousands."""
MOST_EVIDENCE = 8


def run_findings_text(findings: Sequence[Finding]) -> str:
    """One paragraph for each finding, as markup."""
    return "\n\n".join("\n".join(_paragraph(one)) for one in findings)


def _paragraph(finding: Finding) -> Iterator[str]:
    at = "" if finding.step is None else f"  from step {finding.step:,} on"
    yield (f"[{COLOUR[finding.level]}]{finding.level}[/] [bold]{_said(finding.code)}[/bold]{at}"
           f"  ({finding.sure})")  # fmt: skip
    yield f"  {_said(finding.what)}"
    if unnamed(finding):
        yield f"  arrays: {_said(listed(finding.arrays, MOST_ARRAYS))}"
    yield f"  why: {_said(finding.why)}"
    if finding.evidence:
        yield f"  evidence: {_said(evidence_text(finding.evidence))}"
    for i, one in enumerate(finding.tries):
        yield f"  {'try:' if not i else '    '} {_said(one)}"


def unnamed(finding: Finding) -> bool:
    """Whether there are arrays that the finding does not name in its words."""
    return any(name not in finding.what for name in finding.arrays[:MOST_ARRAYS])


def _said(text: str) -> str:
    return escape(plain(text))


def evidence_text(evidence: Mapping[str, Any]) -> str:
    """The numbers that a finding rests on."""
    told = [f"{name.replace('_', ' ')} {_value(value)}" for name, value in evidence.items()
            if value not in ("", None)]  # fmt: skip
    return ", ".join(told[:MOST_EVIDENCE])


def _value(value: Any) -> str:
    if isinstance(value, float):
        return figure(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    if isinstance(value, list | tuple):
        parts = [_value(one) for one in value[:MOST_ARRAYS]]
        return ", ".join(parts) + (" ..." if len(value) > MOST_ARRAYS else "")
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_value(one)}" for key, one in list(value.items())[:MOST_ARRAYS])
    return str(value)
