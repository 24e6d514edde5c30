"""What LiteLLM's payloads and spend logs have in common: person, repository, tokens and outcome."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from prodlens.json_values import clean_text, count, counts, finite_number, mapping, mappings, sequence, truth
from prodlens.timestamps import parse_timestamp
from prodlens.trace_normalizer.formats.field_paths import Convert, FieldPath, Fields, Parts, paths_in
from prodlens.trace_normalizer.formats.origins import origin_of_user_agent
from prodlens.trace_normalizer.formats.people_and_sessions import device_of, held_session, person_behind_gateway
from prodlens.trace_normalizer.formats.recorded_values import (
    change_number,
    commit_sha,
    content_identity,
    http_status,
    price_modifier,
    slug,
)
from prodlens.trace_normalizer.formats.tokens import Tokens, with_parts

if TYPE_CHECKING:
    from collections.abc import Mapping

OK = 200
STREAM_LATENCY = "LiteLLM starts the clock of a streamed /v1/messages call when its answer begins"
# The failure's number where LiteLLM recorded none, by its class of error.
STATUS_OF_CLASS = {
    "AuthenticationError": 401,
    "PermissionDeniedError": 403,
    "NotFoundError": 404,
    "Timeout": 408,
    "RateLimitError": 429,
    "BadRequestError": 400,
    "ContextWindowExceededError": 400,
    "ServiceUnavailableError": 503,
    "InternalServerError": 500,
    "OverloadedError": 529,
    "APITimeoutError": 408,
}
UNSPECIFIED_FAILURE = 500

# A trace id that LiteLLM made up itself says nothing of a session: always 32 hex digits under OpenTelemetry, and any
# UUID in versions that had no litellm_call_id yet, which ignored the caller's session.
_HEX_TRACE = re.compile(r"[0-9a-f]{32}")
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")

_BATCH = "batch request"
_KIND_OF_CALL_TYPE = (
    ("embed", "embedding"),
    ("image", "image generation"),
    ("transcription", "audio transcription"),
    ("speech", "speech synthesis"),
    ("moderation", "moderation"),
    ("rerank", "reranking"),
    ("ocr", "text recognition"),
    ("video", "video generation"),
    ("search", "search"),
    ("vector_store", "vector store request"),
    ("mcp", "tool call"),
    ("file", "file request"),
    ("batch", _BATCH),
    ("fine_tuning", "fine-tuning request"),
    ("list_", "listing request"),
    ("get_", "listing request"),
    ("delete_", "administrative request"),
    ("cancel_", "administrative request"),
    ("health", "health check"),
)

# The parts of a record, named by their paths.
_REQUESTER = "metadata.requester_metadata"
_CALLER = "metadata.spend_logs_metadata"
_KEY = "metadata.user_api_key_auth_metadata"
_HEADERS = "metadata.requester_custom_headers"
_CODEX = f"{_HEADERS}.x-codex-turn-metadata"
_TAGS = "request_tags"
_PARAMETERS = "model_parameters"
_USAGE = "usage"

FIELD_PATHS: dict[str, tuple[FieldPath, ...]] = {
    "model": paths_in("", "model", "model_group"),
    "provider": paths_in("", "custom_llm_provider"),
    "session_id": (
        *paths_in(_REQUESTER, "session_id"),
        *paths_in(_HEADERS, "x-claude-code-session-id"),
        *paths_in(_CODEX, "session_id", "thread_id"),
        *paths_in(_CALLER, "session_id"),
        *paths_in(_REQUESTER, "user_id", convert=held_session),
        *paths_in("metadata", "user_api_key_end_user_id", convert=held_session),
        *paths_in("", "end_user", convert=held_session),
    ),
    "developer_id": (
        *paths_in("metadata", "user_api_key_user_id"),
        *paths_in("", "user"),
        *paths_in("metadata", "user_api_key_user_email"),
        *paths_in(_CALLER, "developer_id", "developer"),
        *paths_in(_REQUESTER, "developer_id", "developer", "user"),
        *paths_in("metadata", "user_api_key_alias"),
        *paths_in("", "end_user"),
        *paths_in(_PARAMETERS, "user"),
        # A device's pseudonym where nobody is named.
        *paths_in(_REQUESTER, "user_id", convert=device_of),
        *paths_in("", "end_user", convert=device_of),
    ),
    "repo_slug": (
        *paths_in(_TAGS, "repo"),
        *paths_in(_CALLER, "repo_slug", "repo", "repository"),
        *paths_in(_REQUESTER, "repo_slug", "repo", "repository"),
        *paths_in(_CODEX, "remote"),
        *paths_in(_KEY, "repo_slug", "repo", "repository"),
    ),
    "branch": (*paths_in(_TAGS, "branch"), *paths_in(_CALLER, "branch"), *paths_in(_REQUESTER, "branch")),
    "pull_request": (*paths_in(_TAGS, "pr"), *paths_in(_CALLER, "pr", "pull_request"), *paths_in(_REQUESTER, "pr")),
    "commit_sha": (*paths_in(_TAGS, "commit"), *paths_in(_CALLER, "commit"), *paths_in(_CODEX, "commit")),
    "origin": (*paths_in("metadata", "user_agent"), *paths_in("", "user_agent"), *paths_in(_TAGS, "User-Agent")),
    # A payload has no acceptance of its own; what a caller put into its metadata under ProdLens' names is kept.
    "accepted_flag": (
        *paths_in(_CALLER, "prod_lens.accepted", "accepted_flag"),
        *paths_in(_REQUESTER, "prod_lens.accepted", "accepted_flag"),
    ),
    "diff_ratio": (*paths_in(_CALLER, "diff_ratio"), *paths_in(_REQUESTER, "diff_ratio")),
    "accepted_lines": (*paths_in(_CALLER, "accepted_lines"), *paths_in(_REQUESTER, "accepted_lines")),
    "tokens_in": (*paths_in("", "prompt_tokens"), *paths_in(_USAGE, "prompt_tokens", "input_tokens")),
    "tokens_out": (*paths_in("", "completion_tokens"), *paths_in(_USAGE, "completion_tokens", "output_tokens")),
    "total_tokens": paths_in("", "total_tokens"),
    "web_searches": paths_in(_USAGE, "server_tool_use.web_search_requests"),
}


CONVERTERS: dict[str, Convert] = {
    "timestamp": parse_timestamp,
    "ended_at": parse_timestamp,
    "developer_id": person_behind_gateway,
    "repo_slug": slug,
    "pull_request": change_number,
    "commit_sha": commit_sha,
    "origin": origin_of_user_agent,
    "accepted_flag": truth,
    "diff_ratio": finite_number,
    "accepted_lines": count,
    "tokens_in": count,
    "tokens_out": count,
    "total_tokens": count,
    "web_searches": count,
    "cost_usd": finite_number,
}
_COMMON = (
    "developer_id",
    "model",
    "provider",
    "repo_slug",
    "branch",
    "pull_request",
    "commit_sha",
    "origin",
    "diff_ratio",
    "accepted_lines",
)
# What a field is taken from where nothing else says it.
_LAST_RESORTS = {"trace_id": "session_id", "litellm_call_id": "call_id"}


def parts_of(record: Mapping[str, Any], metadata: Mapping[str, Any], *usage: object) -> Parts:
    """Return the parts of a record in which LiteLLM and its callers keep things; nothing is copied.

    Args:
        record: The record.
        metadata: Its metadata.
        usage: Where its token counts may stand; the first one that holds anything is taken.
    """
    requester, caller, key, headers, parameters, *counted = mappings(
        metadata.get("requester_metadata"),
        metadata.get("spend_logs_metadata"),
        metadata.get("user_api_key_auth_metadata"),
        metadata.get("requester_custom_headers"),
        record.get("model_parameters"),
        *usage,
    )
    turn = headers.get("x-codex-turn-metadata")
    return {
        "": record,
        "metadata": metadata,
        _USAGE: next(filter(None, counted), {}),
        _REQUESTER: requester,
        _CALLER: caller,
        _KEY: key,
        _PARAMETERS: parameters,
        _HEADERS: headers,
        _CODEX: {} if turn is None else _codex(mapping(turn)),
        _TAGS: _tags(record.get("request_tags")),
    }


def explain_fields(fields: Fields, parts: Parts) -> dict[str, str]:
    """Return the path at which each field is found."""
    found = {
        field: f"{path} (device)" if path.convert is device_of else str(path)
        for field, path in fields.places(parts).items()
    }
    for name, field in _LAST_RESORTS.items():
        if name in found:
            found.setdefault(field, found.pop(name))
    return found


def skipped_kind(call_type: object, cost: object) -> str | None:
    """Return what a record is that is not a model call; None for a model call.

    The cost of a completed batch stands on the request that fetched its result, with the tokens of all its answers.

    Args:
        call_type: LiteLLM's type of call.
        cost: The cost that LiteLLM recorded.
    """
    kind = _kind(str(call_type))
    return None if kind == _BATCH and (finite_number(cost) or 0) > 0 else kind


@lru_cache(maxsize=256)  # every record has a type, and there are few
def _kind(call_type: str) -> str | None:
    name = call_type.lower()
    return next((kind for mark, kind in _KIND_OF_CALL_TYPE if mark in name), None)


def common_fields(parts: Parts, found: Mapping[str, Any], *, knows_sessions: bool) -> dict[str, Any]:
    """Return what every LiteLLM record says alike, its identity first, under the names of ``CanonicalTrace``.

    Args:
        parts: The record's parts.
        found: Its fields, as they were read.
        knows_sessions: Whether this version of LiteLLM lets the caller's session become the trace id.
    """
    accepted = found["accepted_flag"]
    identity = _call_id(found["call_id"], found["litellm_call_id"])
    return {
        "call_id": identity,
        "trace_hash": None if identity else content_identity(parts[""]),
        **{name: found[name] for name in _COMMON},
        "session_id": found["session_id"] or _callers_trace(found["trace_id"], knows_sessions=knows_sessions),
        "accepted_flag": bool(accepted),
        "acceptance_known": accepted is not None,
        "price_modifier": _price_modifier(parts[""].get("call_type"), parts[_USAGE], parts[_PARAMETERS]),
        "web_searches": found["web_searches"] or None,
    }


def _price_modifier(call_type: object, usage: Mapping[str, Any], parameters: Mapping[str, Any]) -> str | None:
    batch = "batch" if "batch" in str(call_type).lower() else None
    speed = usage.get("speed") or parameters.get("speed")
    tier = usage.get("service_tier") or parameters.get("service_tier")
    return price_modifier(batch, speed, tier) if batch or speed or tier else None


def _callers_trace(trace: str | None, *, knows_sessions: bool) -> str | None:
    if trace is None or _HEX_TRACE.fullmatch(trace) or (not knows_sessions and _UUID.fullmatch(trace)):
        return None
    return trace


def tokens_of(found: Mapping[str, Any], usage: Mapping[str, Any]) -> Tokens:
    """Return the token counts; ``total_tokens`` is only a last resort, since LiteLLM writes 0 there at times."""
    prompt, answer = mappings(
        usage.get("prompt_tokens_details") or usage.get("input_tokens_details"),
        usage.get("completion_tokens_details") or usage.get("output_tokens_details"),
    )
    kept = mapping(prompt.get("cache_creation_token_details"))
    read, cached, written, created, in_cache, for_an_hour, reasoning = counts(
        usage.get("cache_read_input_tokens"),
        prompt.get("cached_tokens"),
        usage.get("cache_creation_input_tokens"),
        prompt.get("cache_creation_tokens"),
        prompt.get("cache_write_tokens"),
        kept.get("ephemeral_1h_input_tokens"),
        answer.get("reasoning_tokens"),
    )
    return with_parts(
        found["tokens_in"],
        found["tokens_out"],
        total=found["total_tokens"],
        cache_read=_largest(read, cached),
        cache_write=_largest(written, created, in_cache),
        cache_write_1h=for_an_hour,
        reasoning=reasoning,
    )


def _largest(*given: int | None) -> int | None:
    """Return the largest count: a provider without such a count leaves one of its names at 0."""
    return max([value for value in given if value is not None], default=None)


class Outcome(NamedTuple):
    """How a call ended: an HTTP status and, for a failure, its class."""

    status_code: int | None
    status_reason: str | None


def outcome(status: object, given: object) -> Outcome:
    """Return how a call ended.

    LiteLLM records no number on success, where 200 is assumed, nor on some failures, where the class of error or the
    normalised error gives it, and 500 stands for a failure of no known kind.
    """
    if status == "success":
        return Outcome(OK, None)
    error = mapping(given)
    normalized, name = clean_text(error.get("normalized_error")), clean_text(error.get("error_class"))
    code = http_status(error.get("error_code"))
    if status != "failure":
        return Outcome(code, None)
    if code is None and normalized:
        code = http_status(normalized.partition("_")[0])
    code = code or STATUS_OF_CLASS.get(name or "", UNSPECIFIED_FAILURE)
    return Outcome(code, error_name(normalized) or error_name(name) or "unspecified")


_ERROR_NAME = re.compile(r"[A-Za-z0-9_.:\-]{1,80}")


def error_name(value: object) -> str | None:
    """Return the name of a class or code of errors; None for anything longer, which could quote the conversation."""
    text = clean_text(value)
    return text if text and _ERROR_NAME.fullmatch(text) else None


def _call_id(given: str | None, internal: str | None) -> str | None:
    """Return the identity of a call: the provider's id, else LiteLLM's.

    On a cache hit LiteLLM appends a clock reading to the id, which differs between its logs of the one call.
    """
    return internal if given is None or (internal and "_cache_hit" in given) else given


_NAMED_TAGS = frozenset({"repo", "branch", "pr", "commit", "User-Agent"})


def _tags(value: object) -> dict[str, str]:
    """Return ``repo``, ``branch``, ``pr`` and ``commit`` tags; two different tags of one name are ignored.

    LiteLLM itself tags calls with their user agent, once with its version and once without.
    """
    found: dict[str, set[str]] = {}
    for tag in sequence(value):
        if isinstance(tag, str):
            name, colon, rest = tag.partition(":")
            if colon and name in _NAMED_TAGS and (name != "User-Agent" or "/" in rest):
                found.setdefault(name, set()).add(rest.strip())
    return {name: values.pop() for name, values in found.items() if len(values) == 1}


def _codex(turn: Mapping[str, Any]) -> dict[str, Any]:
    """Return session and git remote from what Codex says of its turn in a header."""
    workspaces = [*map(mapping, mapping(turn.get("workspaces")).values())]
    remotes = {slug(mapping(workspace.get("associated_remote_urls")).get("origin")) for workspace in workspaces} - {
        None
    }
    commits = {commit_sha(workspace.get("latest_git_commit_hash")) for workspace in workspaces} - {None}
    return {
        "session_id": turn.get("session_id"),
        "thread_id": turn.get("thread_id"),
        "remote": remotes.pop() if len(remotes) == 1 else None,
        "commit": commits.pop() if len(commits) == 1 else None,
    }
