"""A span as every convention reads it, and what conventions have in common: person, repository, outcome."""

from __future__ import annotations

import ast
import re
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from prodlens.json_values import clean_text, count, finite_number, mapping, sequence, truth
from prodlens.schemas import WORKFLOW, CanonicalTrace
from prodlens.trace_normalizer.formats import otlp
from prodlens.trace_normalizer.formats.field_paths import Convert, FieldPath, Fields, Parts, paths_in, unflatten
from prodlens.trace_normalizer.formats.interface import Skipped
from prodlens.trace_normalizer.formats.litellm_fields import OK, STATUS_OF_CLASS, UNSPECIFIED_FAILURE, Outcome
from prodlens.trace_normalizer.formats.people_and_sessions import person_of, session_of
from prodlens.trace_normalizer.formats.recorded_values import (
    change_number,
    commit_sha,
    cost_fields,
    elapsed_ms,
    http_status,
    price_modifier,
    slug,
)
from prodlens.trace_normalizer.formats.tokens import from_fields

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

_ERROR_CODE = re.compile(r"\b[Ee]rror code: (?P<code>[1-5]\d\d)\b")
# A class with or without its module, as ``str(type)`` prints it or bare; or a number.
_CLASS_NAME = re.compile(r"(?:<class ')?(?:\w{1,60}\.){0,8}(?P<name>[A-Z]\w{0,60}|[1-5]\d\d)(?:'>)?")
_NAMED_FIRST = re.compile(r"(?P<name>[A-Z]\w{0,60}(?:Error|Exception|Timeout)):")
_LONGEST_LITERAL = 16 * 1024  # characters of a dictionary in Python's form: parsing one is not cheap
TOOL_SPAN = Skipped("tool span")
_TIERS = tuple(
    f"{prefix}.{side}.service_tier" for prefix in ("gen_ai.openai", "openai") for side in ("response", "request")
)
_FAILED = frozenset({"2", "ERROR", "STATUS_CODE_ERROR", "StatusCode.ERROR"})


class Span(NamedTuple):
    """What a convention reads of a span, whatever shape the span was written in."""

    span_id: str | None
    start: datetime | None
    end: datetime | None
    status: Any
    message: Any
    attributes: Mapping[str, Any]
    resource: Mapping[str, Any]
    error_type: Any = None
    trace_id: str | None = None
    parent_id: str | None = None
    name: str | None = None

    def parts(self) -> Parts:
        """Return the span's parts: attributes, the metadata among them, and the resource."""
        return {
            "attributes": self.attributes,
            "metadata": _metadata(self.attributes),
            "resource": self.resource,
        }


def _metadata(attributes: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the metadata among attributes: an object, flattened keys, JSON text, or a dictionary as Python prints it.

    Data frames saved as CSV and LiteLLM's spans hold the last form.
    """
    text = attributes.get("metadata")
    if isinstance(text, str) and text.startswith("{'") and len(text) <= _LONGEST_LITERAL:
        with suppress(ValueError, SyntaxError, MemoryError, RecursionError):
            attributes = {**attributes, "metadata": ast.literal_eval(text)}
    return unflatten(attributes, "metadata")


class Convention(NamedTuple):
    """How one convention reads a span.

    Attributes:
        concerns: Tells whether a span follows the convention.
        skipped_kind: What a span is that is not a model call; None for a model call.
        read: Reads the model call of a span, given its start.
        explain: Says for each field of a span where it is found.
    """

    concerns: Callable[[Span], bool]
    skipped_kind: Callable[[Span], str | None]
    read: Callable[[Span, datetime], CanonicalTrace]
    explain: Callable[[Span], dict[str, str]]


IDENTITY_PATHS: dict[str, tuple[FieldPath, ...]] = {
    "session_id": (
        *paths_in("attributes", "gen_ai.conversation.id", "session.id"),
        *paths_in("attributes", "copilot_chat.session_id", "copilot_chat.chat_session_id"),
        *paths_in("metadata", "session_id"),
        *paths_in("resource", "session.id"),
    ),
    "developer_id": (
        *paths_in("attributes", "developer.id", "user.id", "enduser.id", "metadata.user_api_key_user_id"),
        *paths_in("metadata", "developer_id", "user"),
        *paths_in("resource", "developer.id", "user.id", "enduser.id", "user.name"),
    ),
    "repo_slug": (
        *paths_in("attributes", "repo", "repository", "repo.slug", "repo_slug", "vcs.repository.url.full"),
        *paths_in("metadata", "repo_slug", "repo", "repository"),
        *paths_in("resource", "repo", "repository", "repo.slug", "vcs.repository.url.full"),
    ),
    "branch": (*paths_in("attributes", "vcs.ref.head.name"), *paths_in("resource", "vcs.ref.head.name")),
    "pull_request": (*paths_in("attributes", "vcs.change.id"), *paths_in("resource", "vcs.change.id")),
    "commit_sha": (*paths_in("attributes", "vcs.ref.head.revision"), *paths_in("resource", "vcs.ref.head.revision")),
    "origin": (
        *paths_in("attributes", "cicd.pipeline.run.id", "cicd.pipeline.name"),
        *paths_in("resource", "cicd.pipeline.run.id", "cicd.pipeline.name"),
    ),
    "accepted_flag": (
        *paths_in("attributes", "prod_lens.accepted", "accepted", "accepted_flag"),
        *paths_in("metadata", "prod_lens.accepted", "accepted", "accepted_flag"),
    ),
    "diff_ratio": (
        *paths_in("attributes", "prod_lens.diff_ratio", "diff_ratio", "analysis.diff_ratio"),
        *paths_in("metadata", "diff_ratio"),
    ),
    "accepted_lines": (
        *paths_in("attributes", "prod_lens.accepted_lines", "accepted_lines", "analysis.accepted_lines"),
        *paths_in("metadata", "accepted_lines"),
    ),
}


def _origin_of_pipeline(value: object) -> str | None:
    return WORKFLOW if clean_text(value) else None


CONVERTERS: dict[str, Convert] = {
    "session_id": session_of,
    "developer_id": person_of,
    "repo_slug": slug,
    "pull_request": change_number,
    "commit_sha": commit_sha,
    "origin": _origin_of_pipeline,
    "accepted_flag": truth,
    "diff_ratio": finite_number,
    "accepted_lines": count,
    "tokens_in": count,
    "tokens_out": count,
    "total_tokens": count,
    "cache_read_tokens": count,
    "cache_write_tokens": count,
    "reasoning_tokens": count,
    "cost_usd": finite_number,
}


IDENTITY = Fields(IDENTITY_PATHS, CONVERTERS)
_WORK = ("repo_slug", "branch", "pull_request", "commit_sha", "origin")
WORK = Fields({name: IDENTITY_PATHS[name] for name in _WORK}, CONVERTERS)
_COMMON = ("session_id", "developer_id", *_WORK, "diff_ratio", "accepted_lines")


def common_fields(found: Mapping[str, Any]) -> dict[str, Any]:
    """Return what every convention and its users write alike, of the fields read, as ``CanonicalTrace`` names it."""
    accepted = found["accepted_flag"]
    common = {name: found[name] for name in _COMMON}
    return common | {"accepted_flag": bool(accepted), "acceptance_known": accepted is not None}


def outcome_of(span: Span) -> Outcome:
    """Return how the call ended: a span that is not marked as an error succeeded.

    The HTTP status of a failure stands in an attribute, or in the free text of the status ("Error code: 529"), of
    which nothing but the number is read; 500 stands for a failure without one.
    """
    given = span.attributes
    code = http_status(given.get("http.response.status_code") or given.get("error.code"))
    if str(span.status) not in _FAILED:
        return Outcome(code or OK, None)
    message = span.message if isinstance(span.message, str) else ""
    name = (
        _class_name(given.get("error.type")) or _class_name(span.error_type) or _class_name(message.partition(":")[0])
    )
    found = _ERROR_CODE.search(message)
    code = code or http_status(name) or (int(found["code"]) if found else STATUS_OF_CLASS.get(name or ""))
    return Outcome(code or UNSPECIFIED_FAILURE, name or "unspecified")


def error_type_of(events: object) -> Any:
    """Return the type of the exception that a span's events record, None when they record none."""
    for event in sequence(events):
        given = mapping(mapping(event).get("attributes")) or otlp.attributes_of(mapping(event))
        if "exception.type" in given:
            return given["exception.type"]
    return None


def _class_name(value: object) -> str | None:
    """Return the bare name of an error's class, or its number; None for text that is neither."""
    text = clean_text(value)
    match = _CLASS_NAME.fullmatch(text) if text else None
    return match["name"] if match else None


def model_call(span: Span, start: datetime, source: str, fields: Fields) -> CanonicalTrace:
    """Return the model call of a span.

    Args:
        span: The span.
        start: Its start, which was readable.
        source: Name of the convention.
        fields: Where the convention keeps them; without a ``call_id`` of its own the span's id identifies the call.
    """
    found = fields.read(span.parts())
    tokens = from_fields(found)
    ended = outcome_of(span)
    return CanonicalTrace(
        timestamp=start,
        model=found["model"],
        latency_ms=elapsed_ms(start, span.end),
        status_code=ended.status_code,
        status_reason=ended.status_reason,
        provider=found["provider"],
        source=source,
        call_id=found.get("call_id") or span.span_id,
        price_modifier=price_modifier(*(span.attributes.get(name) for name in _TIERS)),
        **common_fields(found),
        **tokens.fields(),
        **cost_fields(found["cost_usd"], tokens),
    )
