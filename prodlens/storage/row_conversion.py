"""From what a caller gives an insert method to the row that a table stores.

Callers may hand over datetimes or ISO strings and leave out what can be derived; a required field that
is missing or unreadable raises ``RecordError`` and names it.
"""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

import orjson

from prodlens.errors import UserError
from prodlens.json_values import capped, finite_number, whole_number
from prodlens.schemas import CanonicalTrace
from prodlens.slugs import one_spelling
from prodlens.timestamps import iso_utc, parse_timestamp

if TYPE_CHECKING:
    from collections.abc import Mapping

SESSION_COLUMNS = (
    *(field.name for field in fields(CanonicalTrace)),
    "event_date",
    "total_tokens",
)
# What a call has of which nothing is known.
SESSION_DEFAULTS: dict[str, Any] = dict.fromkeys(SESSION_COLUMNS)
SESSION_DEFAULTS |= {"partial": 0, "cost_is_final": 0, "time_is_estimated": 0}
PULL_REQUEST_COLUMNS = (
    "id",
    "repo_slug",
    "number",
    "title",
    "author",
    "author_type",
    "state",
    "draft",
    "created_at",
    "merged_at",
    "closed_at",
    "updated_at",
    "reopened",
    "reopened_at",
    "first_review_at",
    "additions",
    "deletions",
    "changed_files",
    "commit_count",
    "labels",
    "head_ref",
    "head_sha",
    "head_repo",
    "base_ref",
    "merge_commit_sha",
    "node_id",
    "details",
    "details_for",
    "truncated",
)
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
        session_id=_text(record.get("session_id")),
        developer_id=_text(record.get("developer_id")),
        timestamp=at,
        model=_text(record.get("model")),
        tokens_in=tokens_in,
        tokens_out=tokens_out,
        latency_ms=finite_number(record.get("latency_ms")) or 0.0,
        status_code=whole_number(record.get("status_code")),
        accepted_flag=bool(record.get("accepted_flag")),
        acceptance_known=record.get("accepted_flag") is not None if known is None else bool(known),
        **{name: convert(record.get(name)) for name, convert in _OPTIONAL_SESSION_FIELDS.items()},
    )
    row = trace.to_record()
    row["total_tokens"] = max(row["total_tokens"], whole_number(record.get("total_tokens")) or 0)
    return row


def pull_request_row(record: Mapping[str, object]) -> dict[str, Any]:
    """Return the ``pull_requests`` row of a mapping; ``reopened`` is None where the mapping does not say.

    Raises:
        RecordError: ``id``, ``created_at`` or ``state`` is missing or unreadable.
    """
    row = {name: record.get(name) for name in PULL_REQUEST_COLUMNS}
    row["repo_slug"] = _slug(record.get("repo_slug", record.get("repo")))
    for name in ("created_at", "merged_at", "closed_at", "updated_at", "reopened_at", "first_review_at", "details_for"):
        row[name] = iso_utc(row[name])
    if row["id"] is None or row["created_at"] is None:
        raise RecordError(f"pull request without a readable id and created_at: {record.get('id')!r}")
    row["state"] = row["state"] or ("closed" if row["closed_at"] or row["merged_at"] else "open")
    row["reopened"] = None if row["reopened"] is None else int(bool(row["reopened"]))
    row["draft"] = None if row["draft"] is None else int(bool(row["draft"]))
    row["labels"], row["truncated"] = _json(row["labels"]), _json(row["truncated"])
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
    row["trailers"] = _json(row["trailers"])
    return row


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


def _flag(value: object) -> bool:
    return bool(value)


def _json(value: object) -> str | None:
    return value if value is None or isinstance(value, str) else orjson.dumps(value, default=str).decode()


_OPTIONAL_SESSION_FIELDS: dict[str, Any] = {
    "repo_slug": _slug,
    "diff_ratio": finite_number,
    "accepted_lines": whole_number,
    "cost_usd": finite_number,
    "cost_source": _text,
    "provider": _text,
    "cache_read_tokens": whole_number,
    "cache_write_tokens": whole_number,
    "cache_write_1h_tokens": whole_number,
    "reasoning_tokens": whole_number,
    "status_reason": _text,
    "decision": _text,
    "source": _text,
    "call_id": _text,
    "partial": _flag,
    "cost_is_final": _flag,
    "branch": _text,
    "pull_request": whole_number,
    "trace_hash": _text,
    "price_modifier": _text,
    "web_searches": whole_number,
    "time_is_estimated": _flag,
    "price_caveat": _text,
}
