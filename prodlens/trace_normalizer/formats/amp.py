"""Amp threads (``T-*.json``): the usage of each answer, and in older threads a ledger of the same.

Amp's credits are its own unit and are not taken for dollars.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prodlens.json_values import clean_text, count, mapping, sequence
from prodlens.schemas import CanonicalTrace
from prodlens.timestamps import parse_timestamp
from prodlens.trace_normalizer.formats.claude_message import provider_of
from prodlens.trace_normalizer.formats.field_paths import Fields, paths_in
from prodlens.trace_normalizer.formats.interface import Format, Item, RecordReader, Skipped, Unusable
from prodlens.trace_normalizer.formats.recorded_values import composed_id, slug
from prodlens.trace_normalizer.formats.tokens import Tokens, completed, from_disjoint

if TYPE_CHECKING:
    from collections.abc import Mapping

NAME = "amp"
_USAGE = "usage"
_READ, _WRITTEN = "cacheReadInputTokens", "cacheCreationInputTokens"
FIELDS = Fields(
    {
        "timestamp": (*paths_in(_USAGE, "timestamp"), *paths_in("message", "timestamp", "meta.sentAt")),
        "model": (*paths_in(_USAGE, "model"), *paths_in("message", "model")),
        "tokens_in": paths_in(_USAGE, "inputTokens"),
        "tokens_out": paths_in(_USAGE, "outputTokens"),
        "cache_read_tokens": paths_in(_USAGE, _READ),
        "cache_write_tokens": paths_in(_USAGE, _WRITTEN),
        "call_id": paths_in("message", "messageId"),
    }
)


def matches(record: Mapping[str, Any]) -> bool:
    """Return whether the record is a thread."""
    if "usageLedger" in record:
        return True
    return str(record.get("id")).startswith("T-") and isinstance(record.get("messages"), list)


class _Thread:
    """One thread: its answers by message id, and what the ledger books on each."""

    def __init__(self, record: Mapping[str, Any]) -> None:
        self.id = clean_text(record.get("id"))
        self.created = parse_timestamp(record.get("created"))
        self.answers = [
            message for message in map(mapping, sequence(record.get("messages"))) if mapping(message.get(_USAGE))
        ]
        events = map(mapping, sequence(mapping(record.get("usageLedger")).get("events")))
        self.events = [event for event in events if mapping(event.get("tokens"))]
        trees = sequence(mapping(mapping(record.get("env")).get("initial")).get("trees"))
        repository = mapping(mapping(trees[0] if trees else None).get("repository"))
        self.slug = slug(repository.get("url"))
        self.branch = (clean_text(repository.get("ref")) or "").removeprefix("refs/heads/") or None

    def items(self) -> list[Item]:
        """Return the calls: the ledger's, and the answers that it does not know."""
        by_id = {key: message for message in self.answers if (key := clean_text(message.get("messageId")))}
        booked = {key for event in self.events if (key := clean_text(event.get("toMessageId")))}
        items = [self._event(event, by_id.get(clean_text(event.get("toMessageId")) or "", {})) for event in self.events]
        if not self.events:
            return [self._answer(message) for message in self.answers]
        return items + [self._answer(by_id[key]) for key in by_id if booked and key not in booked]

    def _answer(self, message: Mapping[str, Any]) -> Item:
        usage, key = mapping(message.get(_USAGE)), clean_text(message.get("messageId"))
        at = usage.get("timestamp") or message.get("timestamp") or mapping(message.get("meta")).get("sentAt")
        given_in, given_out = count(usage.get("inputTokens")), count(usage.get("outputTokens"))
        if given_in is None and given_out is None:
            given_in, given_out = completed(None, None, count(usage.get("totalTokens")))
        tokens = from_disjoint(
            given_in, given_out, cache_read=count(usage.get(_READ)), cache_write=count(usage.get(_WRITTEN))
        )
        told = ["message", key] if key else [at, usage.get("model"), *tokens]
        return self._call(at, clean_text(usage.get("model")) or clean_text(message.get("model")), tokens, told)

    def _event(self, event: Mapping[str, Any], message: Mapping[str, Any]) -> Item:
        given, usage = mapping(event.get("tokens")), mapping(message.get(_USAGE))
        given_in, given_out = count(given.get("input")), count(given.get("output"))
        if given_in is None and given_out is None:
            given_in, given_out = completed(None, None, count(given.get("total")))
        tokens = from_disjoint(
            given_in,
            given_out,
            cache_read=count(given.get(_READ, usage.get(_READ))),
            cache_write=count(given.get(_WRITTEN, usage.get(_WRITTEN))),
        )
        key, own = clean_text(event.get("toMessageId")), clean_text(event.get("id"))
        at = event.get("timestamp")
        told = ["message", key] if message else ["event", own] if own else [at, event.get("model"), *tokens]
        return self._call(at, clean_text(event.get("model")) or clean_text(usage.get("model")), tokens, told)

    def _call(self, moment: object, model: str | None, tokens: Tokens, told: list[Any]) -> Item:
        """Return a call; one that gives no moment takes the thread's."""
        if tokens.tokens_in + tokens.tokens_out == 0:
            return Skipped("message without a model call")
        at = parse_timestamp(moment) or self.created
        if at is None:
            return Unusable("Amp thread without a readable time")
        return CanonicalTrace(
            session_id=self.id,
            developer_id=None,
            timestamp=at,
            model=model,
            latency_ms=0.0,
            status_code=200,
            accepted_flag=False,
            acceptance_known=False,
            repo_slug=self.slug,
            branch=self.branch,
            provider=provider_of(model),
            source=NAME,
            call_id=composed_id(NAME, self.id, *told),
            **tokens.fields(),
        )


def read(record: Mapping[str, Any]) -> list[Item]:
    """Read one thread; a message without usage is not a model call."""
    return _Thread(record).items() or [Skipped("thread without usage")]


def explain(record: Mapping[str, Any]) -> dict[str, str]:
    """Return the path at which each field of the first answer is found."""
    message = next(iter(_Thread(record).answers), {})
    return FIELDS.explain({"message": message, _USAGE: mapping(message.get(_USAGE))})


AMP = Format(
    name=NAME,
    title="Amp threads",
    matches=matches,
    reader=lambda: RecordReader(read),
    explain=explain,
)
