"""The ``token-usage.jsonl`` of GitHub Agentic Workflows (gh-aw): one line for each answer that its proxy passed on.

A run's artifacts can hold the file several times (logs, audit, usage); a line is the same one wherever it stands. What
else the firewall and the workflow write into them as JSON is recognised and skipped.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from prodlens.json_values import clean_text, count
from prodlens.schemas import WORKFLOW, CanonicalTrace
from prodlens.timestamps import parse_timestamp
from prodlens.trace_normalizer.formats.field_paths import Fields, paths_in
from prodlens.trace_normalizer.formats.interface import Format, Item, RecordReader, Skipped, Unusable
from prodlens.trace_normalizer.formats.recorded_values import began, content_identity, duration_ms, http_status
from prodlens.trace_normalizer.formats.tokens import Tokens, with_parts

if TYPE_CHECKING:
    from collections.abc import Mapping

NAME = "gh-aw"
_USAGE = "token-usage/"
_SCHEMA = re.compile(r"[a-z][a-z-]*/v[0-9]")
_SUMS = frozenset({"input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens"})
_OF_OLD_LINES = frozenset({"request_id", "provider", "path", "streaming", "input_tokens"})
_PROVIDERS = {"copilot": "github", "gemini": "google"}
FIELDS = Fields(
    {
        "timestamp": paths_in("", "timestamp"),
        "model": paths_in("", "model"),
        "provider": paths_in("", "provider"),
        "tokens_in": paths_in("", "input_tokens"),
        "tokens_out": paths_in("", "output_tokens"),
        "cache_read_tokens": paths_in("", "cache_read_tokens"),
        "cache_write_tokens": paths_in("", "cache_write_tokens"),
        "reasoning_tokens": paths_in("", "reasoning_tokens"),
        "latency_ms": paths_in("", "duration_ms"),
        "status_code": paths_in("", "status"),
        "call_id": paths_in("", "request_id"),
    }
)


def matches(record: Mapping[str, Any]) -> bool:
    """Return whether the record is of the workflow's files; lines before version 0.26 do not name their schema."""
    schema = record.get("_schema")
    if isinstance(schema, str) and _SCHEMA.match(schema):
        return True
    return _is_usage(record) or _is_about_the_run(record)


def _is_usage(record: Mapping[str, Any]) -> bool:
    return str(record.get("_schema")).startswith(_USAGE) or record.keys() >= _OF_OLD_LINES


def _is_about_the_run(record: Mapping[str, Any]) -> bool:
    """Return whether the record describes the run or sums its tokens up."""
    described = "engine_id" in record and "workflow_name" in record
    return described or (record.keys() >= _SUMS and "request_id" not in record and "timestamp" not in record)


def read(record: Mapping[str, Any]) -> list[Item]:
    """Read one line, which is written when the answer has ended."""
    if not _is_usage(record):
        return [Skipped("workflow log")]
    ended = parse_timestamp(record.get("timestamp"))
    if ended is None:
        return [Unusable("gh-aw usage line without a readable timestamp")]
    latency = duration_ms(record.get("duration_ms")) or 0.0
    model = clean_text(record.get("model"))
    provider = clean_text(record.get("provider"))
    call_id = _call_id(record)
    return [
        CanonicalTrace(
            session_id=None,
            developer_id=None,
            timestamp=began(ended, latency),
            model=None if model == "unknown" else model,
            latency_ms=latency,
            status_code=http_status(record.get("status")) or 200,
            accepted_flag=False,
            acceptance_known=False,
            provider=_PROVIDERS.get(provider or "", provider),
            source=NAME,
            origin=WORKFLOW,
            call_id=call_id,
            trace_hash=None if call_id else content_identity(record),
            **_tokens(record, provider).fields(),
        )
    ]


def _call_id(record: Mapping[str, Any]) -> str | None:
    """Return the request's id with the line's time: a web socket has one request and many answers."""
    request, time = clean_text(record.get("request_id")), clean_text(record.get("timestamp"))
    return f"{NAME}/{request}/{time}" if request and time else None


def _tokens(record: Mapping[str, Any], provider: str | None) -> Tokens:
    """Return the counts; the proxy writes the input as the provider counted it.

    Anthropic's messages leave the cache out, OpenAI's and Gemini's answers include it. Of Copilot's answers only those
    that split the input name cache writes, and those leave the cache out as well.
    """
    tokens_in, read, written = (
        count(record.get(name)) for name in ("input_tokens", "cache_read_tokens", "cache_write_tokens")
    )
    if provider == "anthropic" or "/messages" in str(record.get("path")) or written:
        tokens_in = (tokens_in or 0) + (read or 0) + (written or 0)
    return with_parts(
        tokens_in or 0,
        count(record.get("output_tokens")) or 0,
        cache_read=read,
        cache_write=written,
        reasoning=count(record.get("reasoning_tokens")),
    )


def explain(record: Mapping[str, Any]) -> dict[str, str]:
    """Return the path at which each field of the line is found."""
    return FIELDS.explain({"": record}) if _is_usage(record) else {}


GH_AW = Format(
    name=NAME,
    title="GitHub Agentic Workflows token usage",
    matches=matches,
    reader=lambda: RecordReader(read),
    explain=explain,
)
