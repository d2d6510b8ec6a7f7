"""Runs that nothing goes wrong with: what the others are compared with, or begin as."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tests.faults.breaking import CUT_AT
from tests.faults.child import Child, Job
from tests.faults.killing import HAS_NAN, ROLLS_BACK


def whole(folder: Path) -> Job:
    """From its start to its end in one piece; it leaves its compiled code to the others."""
    return _done(Job(folder / "whole", cache=folder / "compiled"))


def with_a_rollback(whole: Job) -> Job:
    """In one piece, too, but that it goes back once, for a batch has NaN."""
    path = whole.path.with_name("rolled-back")
    job = _done(replace(whole, path=path, settings=ROLLS_BACK, problem=HAS_NAN))
    assert "rollback" in job.log.read_text()
    return job


def cut(whole: Job) -> Job:
    """Cut short, with two checkpoints."""
    settings = replace(whole.settings, num_steps=CUT_AT)
    return _done(replace(whole, path=whole.path.with_name("cut"), settings=settings))


def _done(job: Job) -> Job:
    child = Child(job)
    assert child.end() == 0, child.log
    return job
