"""Texts that others have written, made harmless in a page."""

from __future__ import annotations

import base64
import hashlib
import html
import json
from typing import Any

from glidepath.view.plain import plain

UNSAFE = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"}
"""In JSON they stand in texts only, where an escape means the same; as they are, `</script>` and
`<!--` would end the script that the JSON is in, or change how the rest is read."""


def as_html(text: object) -> str:
    """A text as it is, in the text of an element or in a quoted attribute."""
    return html.escape(plain(text))


def as_label(text: object) -> str:
    """A text as it is, in a chart: plotly reads `<b>` and `<a href>` in titles and names.

    Plotly turns these entities back, and takes what they stand for as characters; between dollars
    it looks for mathematics.
    Source: plotly.js, src/lib/svg_text_utils.js: `buildSVGText`, `convertEntities`, `FIND_TEX`.
    """
    return html.escape(plain(text), quote=False).replace("$", "&#36;")


def as_json(value: Any) -> str:
    """A value as JSON inside of a script element.

    Raises:
        ValueError: if there is NaN or infinity in it, which JSON lacks.
    """
    text = json.dumps(value, allow_nan=False, separators=(",", ":"))
    for character, escaped in UNSAFE.items():
        text = text.replace(character, escaped)
    return text


def content_hash(text: str) -> str:
    """What a content security policy calls an inline script or style by.

    Source: W3C, Content Security Policy Level 3, section 2.3.1, `hash-source`.
    """
    digest = hashlib.sha256(text.encode("utf-8")).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
