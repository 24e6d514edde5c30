"""What a source recorded of a call, and when to believe it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from prodlens.json_values import amount, clean_text, finite_number, whole_number
from prodlens.schemas import RECORDED, content_hash
from prodlens.slugs import read_slug
from prodlens.timestamps import as_utc, parse_timestamp

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from prodlens.trace_normalizer.formats.tokens import Tokens


def cost_fields(value: object, tokens: Tokens, *, proven: bool = False) -> dict[str, Any]:
    """Return a recorded cost under the names of ``CanonicalTrace``; no cost where the record has none that can be true.

    Loggers write 0.0 for a model whose price they do not know: beside tokens it counts only when ``proven``.
    """
    cost = amount(value)
    if cost is None or (cost == 0 and not proven and tokens.tokens_in + tokens.tokens_out > 0):
        return {"cost_is_final": proven}
    return {"cost_usd": cost, "cost_source": RECORDED, "cost_is_final": proven}


def content_identity(record: Mapping[str, Any]) -> str | None:
    """Return the identity of a record that carries no id: its content, whatever the order of its keys.

    None where the content is not JSON, which only a Python caller can build. The trace's own fields identify it then.
    """
    try:
        return content_hash(record if isinstance(record, dict) else dict(record))
    except (TypeError, ValueError, RecursionError):
        return None


def composed_id(source: str, *parts: object) -> str:
    """Return an id for a call whose source gives it none: the values that are its own, as text, hashed.

    The text makes a number and its digits the same, since sources write one event's numbers in both ways.
    """
    return f"{source}/{content_hash([clean_text(part) for part in parts])}"


def http_status(value: object) -> int | None:
    """Return an HTTP status, or None for anything else."""
    code = whole_number(value)
    return code if code is not None and 0 < code < 1000 else None  # noqa: PLR2004 - three digits


def duration_ms(value: object) -> float | None:
    """Return a duration in milliseconds, or None if it is negative."""
    number = finite_number(value)
    return number if number is not None and number >= 0 else None


def elapsed_ms(start: datetime | None, end: datetime | None) -> float:
    """Return the milliseconds between two moments; 0.0 (unknown) if one is missing or they are in the wrong order."""
    return 0.0 if start is None or end is None else max((end - start).total_seconds() * 1000, 0.0)


def began(end: datetime, latency_ms: float) -> datetime:
    """Return when something began that is recorded at its end with its duration in milliseconds."""
    start = parse_timestamp(end.timestamp() - latency_ms / 1000)
    return as_utc(end) if start is None else start


def repository(value: object) -> str | None:
    """Return ``owner/name`` as ``slug`` does; any other text as it is."""
    text = clean_text(value)
    return text if text is None else read_slug(text) or text


def slug(value: object) -> str | None:
    """Return ``owner/name``, in its one spelling, from a slug, git remote or URL; None for any other text."""
    text = clean_text(value)
    return None if text is None else read_slug(text)


_SHA = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


def commit_sha(value: object) -> str | None:
    """Return the whole name of a commit; None for any other text, a short name among it, which can be several's."""
    text = clean_text(value)
    return text.lower() if text and _SHA.fullmatch(text.lower()) else None


def change_number(value: object) -> int | None:
    """Return the number of a pull request; None for anything that is not a positive whole number."""
    number = whole_number(value)
    return number if number is not None and number > 0 else None


# What the services name a speed or tier by, and the word that the price list has for it.
_MODIFIERS = {"fast": "fast", "priority": "priority", "flex": "flex", "batch": "batch"}


def price_modifier(*given: object) -> str | None:
    """Return the first speed or tier that is known to change a price; None for the standard one."""
    words = (clean_text(value) for value in given if value is not None)
    return next((_MODIFIERS[word.lower()] for word in words if word and word.lower() in _MODIFIERS), None)
