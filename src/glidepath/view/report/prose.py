"""What the page says in words: findings, what could not be seen, what happened."""

from __future__ import annotations

from collections.abc import Sequence

from glidepath.diagnosis.finding import Finding
from glidepath.diagnosis.listing import listed
from glidepath.view.blind_spots import blind_spots
from glidepath.view.diagnoses import looked_at
from glidepath.view.report.run import Run
from glidepath.view.report.safe import as_html
from glidepath.view.run_findings import MOST_ARRAYS, evidence_text, unnamed
from glidepath.view.watch.status import event_text

MOST_HAPPENINGS = 100
"""Of a kind: notices, events, updates with NaN."""


def findings(run: Run) -> str:
    """What is wrong with a run, each finding in a box; and what could not be seen."""
    if not len(run.history):
        return "<p>No update has been recorded yet: there is nothing to judge.</p>"
    boxes = "".join(map(_box if run.is_alone else _folded, run.findings))
    healthy = '<p class="finding healthy">Nothing looks wrong, as far as can be seen.</p>'
    spots = "".join(f"<li>{as_html(spot)}</li>" for spot in blind_spots(run.history))
    unseen = f"<details><summary>What was not recorded</summary><ul>{spots}</ul></details>"
    return (
        f'{boxes or healthy}<p class="aside">Looked at {as_html(looked_at(run.history))}.</p>'
        f"{unseen if spots else ''}"
    )


def _box(finding: Finding) -> str:
    """A finding with all that there is to say of it."""
    what = f"<p>{as_html(finding.what)}</p>"
    body = f"<h3>{_title(finding)}</h3>{what}{_details(finding)}"
    return f'<article class="finding {as_html(finding.level)}">{body}</article>'


def _folded(finding: Finding) -> str:
    """A finding in a line that unfolds: there are several runs."""
    summary = f"<summary>{_title(finding)}: {as_html(finding.what)}</summary>"
    return (f'<details class="finding {as_html(finding.level)}">{summary}'
            f"{_details(finding)}</details>")  # fmt: skip


def _title(finding: Finding) -> str:
    at = "" if finding.step is None else f" from step {finding.step:,} on"
    return (
        f'<span class="level">{as_html(finding.level)}</span> <strong>{as_html(finding.code)}'
        f"</strong><small>{as_html(at)}, {as_html(finding.sure)}</small>"
    )


def _details(finding: Finding) -> str:
    arrays = (
        f"<p>Arrays: {as_html(listed(finding.arrays, MOST_ARRAYS))}</p>" if unnamed(finding) else ""
    )
    evidence = evidence_text(finding.evidence)
    rests_on = f'<p class="aside">Evidence: {as_html(evidence)}</p>' if evidence else ""
    tries = "".join(f"<li>{as_html(one)}</li>" for one in finding.tries)
    why = f"<p>Why it matters: {as_html(finding.why)}</p>"
    return f"{arrays}{why}{rests_on}<p>What to try:</p><ul>{tries}</ul>"


def happenings(run: Run) -> str:
    """Events, updates with NaN and notices as a list; empty where there were none."""
    history = run.history
    told = [event_text(line) for line in history.events[:MOST_HAPPENINGS]]
    told += [_nonfinite(line) for line in history.nonfinite[:MOST_HAPPENINGS]]
    told += [f"notice: {line.get('text', '')}" for line in history.notices[:MOST_HAPPENINGS]]
    items = "".join(f"<li>{as_html(one)}</li>" for one in told)
    return f"<ul>{items}</ul>" if items else ""


def _nonfinite(line: dict[str, object]) -> str:
    places = []
    for key in ("batch", "gradients", "parameters", "samples"):
        names = line.get(key)
        if isinstance(names, Sequence) and not isinstance(names, str) and names:
            places.append(f"{key} {listed([str(one) for one in names], MOST_ARRAYS)}")
    policy = f"; policy: {line['policy']}" if "policy" in line else ""
    return f"NaN or infinity at step {line['step']:,} in {'; '.join(places) or 'the loss'}{policy}"
