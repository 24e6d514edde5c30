"""Anthropic's Claude Code Analytics API: what each person used Claude Code for on a day, by model.

Amounts are cents. A subscription pays for what it covers, so its estimated cost is worth and not bill.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prodlens.json_values import clean_text, count, finite_number, mapping, sequence
from prodlens.schemas import UsageDay
from prodlens.trace_normalizer.formats.field_paths import Fields, paths_in
from prodlens.trace_normalizer.formats.interface import Format, Item, RecordReader, Skipped, Unusable
from prodlens.trace_normalizer.formats.vendor_values import answer_rows, cents, day_of, token_fields, usage_key

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

NAME = "claude-code-analytics"
TOOL = "claude-code"
_TOKENS = ("input", "output", "cache_read", "cache_creation")
_IDENTITY = ("organization_id", "customer_type", "terminal_type")
FIELDS = Fields(
    {
        "day": paths_in("", "date"),
        "person": paths_in("", "actor.email_address", "actor.api_key_name"),
        "model": paths_in("model", "model"),
        "tokens_in": paths_in("model", "tokens.input"),
        "tokens_out": paths_in("model", "tokens.output"),
        "gross_usd": paths_in("model", "estimated_cost.amount"),
    }
)


def matches(record: Mapping[str, Any]) -> bool:
    """Return whether the record is an answer of the API or a row of one."""
    rows = answer_rows(record)
    return bool(rows) and {"actor", "core_metrics"} <= rows[0].keys()


def read(record: Mapping[str, Any]) -> list[Item]:
    """Read the rows of an answer."""
    return [item for row in answer_rows(record) for item in _row(row)]


def _row(row: Mapping[str, Any]) -> list[Item]:
    """Read one person's day: an entry for each model."""
    day = day_of(row.get("date"))
    if day is None:
        return [Unusable("Claude Code analytics without a readable date")]
    models = [mapping(each) for each in sequence(row.get("model_breakdown"))]
    return [_of_model(row, model, day) for model in models] or [Skipped("day without a model")]


def _of_model(row: Mapping[str, Any], model: Mapping[str, Any], day: date) -> UsageDay:
    actor, cost, tokens = (
        mapping(holder) for holder in (row.get("actor"), model.get("estimated_cost"), model.get("tokens"))
    )
    person = clean_text(actor.get("email_address")) or clean_text(actor.get("api_key_name"))
    gross = cents(cost.get("amount")) if str(cost.get("currency") or "USD").upper() == "USD" else None
    included = row.get("customer_type") == "subscription" and gross is not None
    sessions = finite_number(mapping(row.get("core_metrics")).get("num_sessions"))
    return UsageDay(
        key=usage_key(NAME, day, person, *(row.get(name) for name in _IDENTITY), model.get("model")),
        day=day,
        tool=TOOL,
        source=NAME,
        person=person,
        model=clean_text(model.get("model")),
        quantity=sessions,
        unit=None if sessions is None else "sessions",
        gross_usd=gross,
        net_usd=0.0 if included else gross,
        **token_fields(*(count(tokens.get(name)) for name in _TOKENS)),
    )


def explain(record: Mapping[str, Any]) -> dict[str, str]:
    """Return the path at which each field of the first row is found."""
    row = next(iter(answer_rows(record)), {})
    models = sequence(row.get("model_breakdown"))
    return FIELDS.explain({"": row, "model": mapping(models[0] if models else None)})


CLAUDE_ANALYTICS = Format(
    name=NAME,
    title="Anthropic's Claude Code Analytics API",
    matches=matches,
    reader=lambda: RecordReader(read),
    explain=explain,
)
