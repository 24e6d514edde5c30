"""What data has to go through before it lands in a page: one function a landing place.

Titles, names, models, branches and reasons come from strangers. Each function takes any text and returns
text that is shown as it is and can do nothing: start no tag, mention, link, command, formula or new cell.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Any

import orjson

LONGEST_TEXT = 200
LONGEST_SENTENCE = 2000
LONGEST_LABEL = 40
_ELLIPSIS = "…"
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # noqa: RUF001 - spreadsheets read the wide signs too
# Format characters (Cf: bidirectional overrides, zero-width), controls (Cc), lone surrogates (Cs), private use and
# unassigned ones: none of them shows as itself, most can make a text look like another.
_INVISIBLE = {"Cc", "Cf", "Cs", "Co", "Cn"}
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")  # all of Cc but tabulator and line ends
_LINE_ENDS = re.compile(r"\s+")
_PLAIN_CODE = re.compile(r"[^`|\\<>&\[\]]+")
# In prose only: a full stop, colon or slash is harmless where no address could begin with it.
_PROSE_SYNTAX = re.compile(r"(?<=www)\.|:(?=/)|[!#$&*<>@\[\\\]^_`{|}~]", re.IGNORECASE)
_ASCII_PUNCTUATION = re.compile(r"[!-/:-@\[-`{-~]")
_MERMAID_UNSAFE = re.compile(r"[!-,/:-@\[-^`{-~]")
_JSON_ESCAPES = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}
_JSON_UNSAFE = re.compile("[<>&\u2028\u2029]")


def visible(value: object, longest: int = LONGEST_TEXT) -> str:
    """Return the value as one line of visible text, at most ``longest`` characters, cut with an ellipsis."""
    text = _LINE_ENDS.sub(" ", str(value))
    if not text.isprintable():  # looking at every character takes long, and nearly every text is printable throughout
        text = "".join(c for c in text if unicodedata.category(c) not in _INVISIBLE)
    text = text.strip()
    return text if len(text) <= longest else text[: longest - 1] + _ELLIPSIS


def markdown(value: object) -> str:
    """Return code that GitHub's Markdown shows literally: no mention, link, tag, image or cell border is read in it.

    A code span where its text needs no escaping, else a ``<code>`` element with every punctuation mark as an entity
    (in a table a backslash before a pipe would end the cell even inside a code span).
    """
    text = visible(value)
    if not text:
        return "(none)"
    if _PLAIN_CODE.fullmatch(text):
        return f"`{text}`"
    return f"<code>{_ASCII_PUNCTUATION.sub(_entity, text)}</code>"


def markdown_text(value: object) -> str:
    """Return prose for Markdown that shows as it is; for sentences, where code would read badly.

    Every mark that GitHub could read is an entity, ``$`` (formulas) among them. A word joiner after ``@`` and ``#``
    keeps them from naming somebody, since GitHub looks for mentions in the finished page.
    """
    text = visible(value, LONGEST_SENTENCE)
    escaped = _PROSE_SYNTAX.sub(_entity, text)
    return escaped.replace("&#64;", "&#64;&#8288;").replace("&#35;", "&#35;&#8288;")


def mermaid(value: object, longest: int = LONGEST_LABEL) -> str:
    """Return text for a quoted Mermaid label: letters, digits, blanks, ``.``, ``-`` and ``_`` only."""
    text = _MERMAID_UNSAFE.sub(" ", visible(value, longest))
    return _LINE_ENDS.sub(" ", text).strip() or "none"


def terminal(value: object, longest: int = LONGEST_TEXT) -> str:
    """Return one line without control characters, and without what a GitHub runner reads as a command in a log."""
    return visible(value, longest).replace("::", ": :").replace("##[", "# #[")


def csv_cell(value: object) -> object:
    """Return the value for a CSV cell: numbers as they are, text never read as a formula."""
    if not isinstance(value, str):
        return value
    text = _CONTROLS.sub("", value).encode(errors="replace").decode()
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA_STARTS) else text


def script_json(value: Any) -> str:
    """Return JSON that can stand inside a ``<script>`` element: neither the element nor a line can end in it."""
    return _JSON_UNSAFE.sub(lambda m: _JSON_ESCAPES[m[0]], orjson.dumps(value).decode())


def _entity(match: re.Match[str]) -> str:
    return f"&#{ord(match[0])};"
