"""OpenRouter's activity API: what each model and provider was used for on a day.

``usage`` is what OpenRouter bills; what a key of one's own paid to the provider stands beside it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prodlens.json_values import clean_text, count, finite_number
from prodlens.schemas import UsageDay
from prodlens.trace_normalizer.formats.field_paths import Fields, paths_in
from prodlens.trace_normalizer.formats.interface import Format, Item, RecordReader, Unusable
from prodlens.trace_normalizer.formats.vendor_values import answer_rows, day_of, dollars, token_fields, usage_key

if TYPE_CHECKING:
    from collections.abc import Mapping

NAME = "openrouter-activity"
TOOL = "openrouter"
FIELDS = Fields(
    {
        "day": paths_in("", "date"),
        "model": paths_in("", "model"),
        "tokens_in": paths_in("", "prompt_tokens"),
        "tokens_out": paths_in("", "completion_tokens"),
        "net_usd": paths_in("", "usage"),
    }
)


def matches(record: Mapping[str, Any]) -> bool:
    """Return whether the record is an answer of the API or a row of one."""
    rows = answer_rows(record)
    return bool(rows) and {"date", "model", "usage", "prompt_tokens", "requests"} <= rows[0].keys()


def read(record: Mapping[str, Any]) -> list[Item]:
    """Read the rows of an answer."""
    return [_row(row) for row in answer_rows(record)]


def _row(row: Mapping[str, Any]) -> Item:
    day = day_of(row.get("date"))
    if day is None:
        return Unusable("OpenRouter activity without a readable date")
    billed, own_key = dollars(row.get("usage")), dollars(row.get("byok_usage_inference"))
    model = row.get("model_permaslug") or row.get("model")
    return UsageDay(
        key=usage_key(NAME, day, model, row.get("endpoint_id"), row.get("provider_name")),
        day=day,
        tool=TOOL,
        source=NAME,
        model=clean_text(row.get("model")),
        quantity=finite_number(row.get("requests")),
        unit="requests",
        gross_usd=None if billed is None else billed + (own_key or 0.0),
        net_usd=billed,
        **token_fields(count(row.get("prompt_tokens")), count(row.get("completion_tokens"))),
    )


def explain(record: Mapping[str, Any]) -> dict[str, str]:
    """Return the path at which each field of the first row is found."""
    return FIELDS.explain({"": next(iter(answer_rows(record)), {})})


OPENROUTER_ACTIVITY = Format(
    name=NAME,
    title="OpenRouter activity",
    matches=matches,
    reader=lambda: RecordReader(read),
    explain=explain,
)
