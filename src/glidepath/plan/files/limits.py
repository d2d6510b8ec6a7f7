"""What no plan's file needs, refused before parsers take minutes over it, or crash."""

from __future__ import annotations

import re

LARGEST_FILE_BYTES = 1_000_000
DEEPEST_NESTING = 32
LONGEST_NUMBER = 400
MOST_KEY_PARTS = 8

_QUOTED = re.compile(
    r'"""(?:[^"\\]|\\.|"(?!""))*+"""'
    r"|'''(?:[^']|'(?!''))*+'''"
    r'|"(?:[^"\\\n]|\\.)*+"'
    r"|'[^'\n]*+'"
    r"|#[^\n]*+",
    re.DOTALL,
)
_TOKEN = re.compile(r"[A-Za-z0-9_\-+]++|[\[\]{}]|\n|[^\S\n]++|.")


def check_text(text: str) -> tuple[int, str] | None:
    """The line and the reason, if a text is deeper or longer than any plan.

    A number of thousands of digits, brackets nested thousands deep and a key of thousands of
    parts cost a parser up to gigabytes.
    """
    depth = key_parts = 0
    line = 1
    after_dot = False
    for token in _TOKEN.findall(_QUOTED.sub(_as_word, text)):
        if token == "\n":
            line, key_parts = line + 1, 0
        elif token in "[{":
            depth += 1
            if depth > DEEPEST_NESTING:
                return line, f"brackets are nested more than {DEEPEST_NESTING} deep"
        elif token in "]}":
            depth -= 1
        elif token == ".":
            after_dot = True
            continue
        elif token.strip():
            key_parts = key_parts + 1 if after_dot else 1
            if key_parts > MOST_KEY_PARTS:
                return line, f"a key has more than {MOST_KEY_PARTS} parts"
            if len(token) > LONGEST_NUMBER:
                return line, f"a number or a key is longer than {LONGEST_NUMBER} characters"
        else:
            continue
        after_dot = False
    return None


def _as_word(match: re.Match[str]) -> str:
    """A quoted text or a comment as a word, with its line breaks."""
    return "q" * (not match[0].startswith("#")) + "\n" * match[0].count("\n")
