"""From what a caller gives an insert method to the row that a table stores.

Callers may hand over datetimes or ISO strings and leave out what can be derived; a required field that
is missing or unreadable raises ``RecordError`` and names it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from prodlens.errors import UserError
from prodlens.json_values import capped, finite_number, whole_number
from prodlens.schemas import (
    CALL_COLUMNS,
    FLAG,
    INTEGER,
    JSON,
    MOMENT,
    NUMBER,
    PULL_REQUEST_COLUMNS,
    SLUG,
    TEXT,
    CanonicalTrace,
    names_of,
)
from prodlens.slugs import one_spelling
from prodlens.timestamps import iso_utc, parse_timestamp

if TYPE_CHECKING:
    from collections.abc import Mapping

SESSION_COLUMNS = names_of(CALL_COLUMNS)
# What a call has of which nothing is known.
SESSION_DEFAULTS: dict[str, Any] = {column.name: column.default for column in CALL_COLUMNS}
COMMIT_COLUMNS = (
    "sha",
    "repo_slug",
    "author",
    "author_is_login",
    "timestamp",
    "branch",
    "parents",
    "trailers",
    "from_github",
    "reverts",
)


class RecordError(UserError, ValueError):
    """A record lacks a required field or holds something that cannot be read there."""


def session_row(record: CanonicalTrace | Mapping[str, object]) -> dict[str, Any]:
    """Return the ``sessions`` row of a trace or of a mapping with its fields.

    A mapping that holds an ``accepted_flag`` counts as known unless it says otherwise.

    Raises:
        RecordError: The timestamp is missing or unreadable.
    """
    if isinstance(record, CanonicalTrace):
        row = record.to_record()
        return {**row, "repo_slug": _slug(row["repo_slug"])}
    at = parse_timestamp(record.get("timestamp"))
    if at is None:
        raise RecordError(f"session without a readable timestamp: {record.get('timestamp')!r}")
    tokens_in, tokens_out = _tokens(record)
    known = record.get("acceptance_known")
    trace = CanonicalTrace(
        timestamp=at,
        tokens_in=tokens_in,
        tokens_out=tokens_out,
        latency_ms=finite_number(record.get("latency_ms")) or 0.0,
        acceptance_known=record.get("accepted_flag") is not None if known is None else bool(known),
        **{name: convert(record.get(name)) for name, convert in _SESSION_CONVERTERS.items()},
    )
    row = trace.to_record()
    row["total_tokens"] = max(row["total_tokens"], whole_number(record.get("total_tokens")) or 0)
    return row


def pull_request_row(record: Mapping[str, object]) -> dict[str, Any]:
    """Return the ``pull_requests`` row of a mapping; ``reopened`` is None where the mapping does not say.

    One that was read from git has a negative id and a merge time, and no ``created_at``.

    Raises:
        RecordError: ``id``, ``created_at`` or ``state`` is missing or unreadable.
    """
    row: dict[str, Any] = {name: record.get(name) for name in _PULL_REQUEST_NAMES}
    for name, convert in _PULL_REQUEST_CONVERTERS.items():
        if row[name] is not None:
            row[name] = convert(row[name])
    row["repo_slug"] = _slug(record.get("repo_slug", record.get("repo")))
    is_from_git = row["merged_at"] is not None and isinstance(row["id"], int) and row["id"] < 0
    if row["id"] is None or (row["created_at"] is None and not is_from_git):
        raise RecordError(f"pull request without a readable id and created_at: {record.get('id')!r}")
    row["state"] = row["state"] or ("closed" if row["closed_at"] or row["merged_at"] else "open")
    return row


def commit_row(record: Mapping[str, object]) -> dict[str, Any]:
    """Return the ``commits`` row of a mapping.

    Raises:
        RecordError: ``sha`` or ``timestamp`` is missing or unreadable.
    """
    row = {name: record.get(name) for name in COMMIT_COLUMNS}
    row["repo_slug"] = _slug(record.get("repo_slug", record.get("repo")))
    row["timestamp"] = iso_utc(row["timestamp"])
    if not row["sha"] or row["timestamp"] is None:
        raise RecordError(f"commit without a sha and a readable timestamp: {record.get('sha')!r}")
    row["author_is_login"], row["from_github"] = int(bool(row["author_is_login"])), int(bool(row["from_github"]))
    row["trailers"], row["reverts"] = json_text(row["trailers"]), json_text(row["reverts"])
    return row


def json_text(value: object) -> str | None:
    """Return a value as the JSON that is stored; text is taken as JSON already, None stays None."""
    return value if value is None or isinstance(value, str) else orjson.dumps(value, default=str).decode()


def _tokens(record: Mapping[str, object]) -> tuple[int, int]:
    total = whole_number(record.get("total_tokens"))
    given_in, given_out = whole_number(record.get("tokens_in")), whole_number(record.get("tokens_out"))
    if given_in is None:
        given_in = max((total or 0) - (given_out or 0), 0)
    if given_out is None:
        given_out = max((total or 0) - given_in, 0)
    return max(given_in, 0), max(given_out, 0)


def _text(value: object) -> str | None:
    return None if value is None else capped(str(value))


def _slug(value: object) -> str | None:
    return None if value is None else one_spelling(str(value))


def _flag(value: object) -> int:
    return int(bool(value))


_CONVERTERS: dict[str, Any] = {
    TEXT: _text,
    SLUG: _slug,
    INTEGER: whole_number,
    NUMBER: finite_number,
    FLAG: bool,
}
_BY_RULES_OF_THEIR_OWN = {
    "timestamp",
    "tokens_in",
    "tokens_out",
    "latency_ms",
    "acceptance_known",
    "event_date",
    "total_tokens",
}
_SESSION_CONVERTERS = {
    column.name: _CONVERTERS[column.kind] for column in CALL_COLUMNS if column.name not in _BY_RULES_OF_THEIR_OWN
}
# Text and numbers of a pull request are stored as they are given.
_PULL_REQUEST_NAMES = names_of(PULL_REQUEST_COLUMNS)
_KIND_CONVERTERS = {MOMENT: iso_utc, FLAG: _flag, JSON: json_text}
_PULL_REQUEST_CONVERTERS = {
    column.name: _KIND_CONVERTERS[column.kind] for column in PULL_REQUEST_COLUMNS if column.kind in _KIND_CONVERTERS
}
