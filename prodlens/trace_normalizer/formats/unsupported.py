"""What a record looks like that no format can read, and what to do instead, in one sentence for the user."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from prodlens.json_values import mapping, sequence

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_MOST_KEYS, _LONGEST_KEY = 5, 30


class Kind(NamedTuple):
    """A kind of record that is known and not supported.

    Attributes:
        matches: Returns whether a record is of the kind.
        text: What it looks like, and what to do instead.
    """

    matches: Callable[[Mapping[str, Any]], bool]
    text: str


def _has(*names: str) -> Callable[[Mapping[str, Any]], bool]:
    wanted = frozenset(names)
    return lambda record: wanted <= record.keys()


def _first(record: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Return the first object of a list in the record."""
    return mapping(next(iter(sequence(record.get(name))), None))


_OTLP = "export its spans as OTLP/JSON instead"
_CCUSAGE_REPORTS = frozenset({"daily", "weekly", "monthly", "sessions", "blocks"})
_PER_CALL = "ingest the log of single calls instead"
KINDS = (
    Kind(
        lambda record: record.get("object") == "bucket" or _first(record, "data").get("object") == "bucket",
        f"looks like OpenAI's usage or cost report, which holds sums over many calls; {_PER_CALL}",
    ),
    Kind(
        lambda record: {"starting_at", "ending_at", "results"} <= {*record, *_first(record, "data")},
        f"looks like Anthropic's usage or cost report, which holds sums over many calls; {_PER_CALL}",
    ),
    Kind(
        lambda record: (
            "totals" in record and bool(record.keys() & {"daily", "weekly", "monthly", "sessions", "blocks"})
        ),
        "looks like a report of ccusage; ingest the session files that it was made from",
    ),
    Kind(
        _has("display", "pastedContents"),
        "looks like Claude Code's history of prompts, which holds no calls; ingest ~/.claude/projects",
    ),
    Kind(
        _has("dailyActivity", "dailyModelTokens"),
        "looks like Claude Code's cache of statistics; ingest ~/.claude/projects",
    ),
    Kind(
        lambda record: record.keys() == {"session_id", "ts", "text"},
        "looks like Codex's history of prompts, which holds no calls; ingest ~/.codex/sessions",
    ),
    Kind(
        lambda record: (
            str(record.get("object")).startswith(("chat.completion", "text_completion", "response"))
            or (record.get("type") == "message" and record.get("role") == "assistant")
        ),
        "looks like the answer of a model without its log; ingest the log of the proxy or program that received it",
    ),
    Kind(
        lambda record: "custom_id" in record and bool(record.keys() & {"response", "result", "params", "body"}),
        f"looks like a request or result of a batch, which says no time; {_PER_CALL}",
    ),
    Kind(_has("run_type", "inputs"), f"looks like a run of LangSmith; {_OTLP}"),
    Kind(_has("span_attributes", "root_span_id"), f"looks like a span of Braintrust; {_OTLP}"),
    Kind(_has("op_name", "trace_id", "started_at"), f"looks like a call of Weave; {_OTLP}"),
    Kind(_has("request_created_at", "response_id"), f"looks like an export of Helicone; {_OTLP}"),
    Kind(
        lambda record: "spans" in mapping(record.get("data")) and "info" in record,
        f"looks like a trace of MLflow; {_OTLP}",
    ),
    Kind(
        lambda record: "traceID" in record or "traceID" in _first(record, "data"),
        f"looks like a trace of Jaeger; {_OTLP}",
    ),
    Kind(_has("traceId", "id", "localEndpoint"), f"looks like a span of Zipkin; {_OTLP}"),
    Kind(
        lambda record: "entries" in mapping(record.get("log")),
        f"looks like an HTTP archive (HAR); {_PER_CALL}",
    ),
    Kind(
        lambda record: "event" in record and "main_model" in mapping(record.get("properties")),
        "looks like aider's analytics; send aider's calls through a LiteLLM proxy and ingest its log",
    ),
)


def known_kind(record: Mapping[str, Any]) -> str | None:
    """Return what a record of a known and unsupported kind looks like, and what to do; None for any other."""
    return next((kind.text for kind in KINDS if kind.matches(record)), None)


def looks_like(record: Mapping[str, Any]) -> str:
    """Return what a record of no supported format looks like, and what to do."""
    keys = [_shown(key) for key in list(record)[:_MOST_KEYS]]
    more = ", …" if len(record) > _MOST_KEYS else ""
    named = f"an object with {', '.join(keys)}{more}" if keys else "an empty object"
    return known_kind(record) or f"not a known kind of record: {named}; `prod-lens formats` lists the known ones"


def _shown(key: object) -> str:
    text = "".join(c if c.isprintable() else "?" for c in str(key)[:_LONGEST_KEY])
    return text if len(str(key)) <= _LONGEST_KEY else f"{text}…"
