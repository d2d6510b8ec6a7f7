"""The rules, one illness a file."""

from __future__ import annotations

from glidepath.diagnosis.rule import Rule

RULES: tuple[Rule, ...] = tuple(module.RULE for module in ())
