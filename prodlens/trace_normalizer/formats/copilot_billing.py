"""GitHub's billing report of Copilot as CSV: a row a day, person, model, repository and kind of unit.

Until June 2026 the unit was the premium request, since then it is the AI credit. A month of both has rows of both,
which tell of the same use: they stay apart by their source.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prodlens.json_values import clean_text, count, finite_number
from prodlens.schemas import UsageDay
from prodlens.trace_normalizer.formats.field_paths import Fields, paths_in
from prodlens.trace_normalizer.formats.interface import Format, Item, RecordReader, Unusable
from prodlens.trace_normalizer.formats.vendor_values import day_of, dollars, repository_of, token_fields, usage_key

if TYPE_CHECKING:
    from collections.abc import Mapping

CREDITS, REQUESTS = "copilot-ai-usage", "copilot-premium-requests"
TOOL = "copilot"
_IDENTITY = ("date", "sku", "model", "username", "repository", "organization", "cost_center_name")
FIELDS = Fields(
    {
        "day": paths_in("", "date"),
        "person": paths_in("", "username"),
        "model": paths_in("", "model"),
        "repo_slug": paths_in("", "repository"),
        "tokens_in": paths_in("", "input"),
        "tokens_out": paths_in("", "output"),
        "gross_usd": paths_in("", "gross_amount", "aic_gross_amount"),
        "net_usd": paths_in("", "net_amount"),
    },
    {"gross_usd": dollars, "net_usd": dollars},
)


def matches(record: Mapping[str, Any]) -> bool:
    """Return whether the record is a row of the report."""
    return {"date", "username", "sku", "quantity"} <= record.keys() and (
        "unit_type" in record or "gross_amount" in record
    )


def read(record: Mapping[str, Any]) -> list[Item]:
    """Read one row; its input counts neither what was read from a cache nor what was written to one."""
    day = day_of(record.get("date"))
    if day is None:
        return [Unusable("row of Copilot's billing report without a readable date")]
    parts = [count(record.get(name)) for name in ("input", "output", "cache_read", "cache_write")]
    credits_row = "credit" in f"{record.get('unit_type')} {record.get('sku')}".lower()
    source = CREDITS if credits_row else REQUESTS
    gross = dollars(record.get("gross_amount"))
    return [
        UsageDay(
            key=usage_key(source, *(day if name == "date" else record.get(name) for name in _IDENTITY)),
            day=day,
            tool=TOOL,
            source=source,
            person=clean_text(record.get("username")),
            model=clean_text(record.get("model")),
            repo_slug=repository_of(record.get("repository"), record.get("organization")),
            quantity=finite_number(record.get("quantity")),
            unit="ai-credits" if credits_row else "requests",
            gross_usd=dollars(record.get("aic_gross_amount")) if gross is None else gross,
            net_usd=dollars(record.get("net_amount")),
            **token_fields(*parts),
        )
    ]


def explain(record: Mapping[str, Any]) -> dict[str, str]:
    """Return for each field of the row the column where it is found."""
    return FIELDS.explain({"": record})


COPILOT_BILLING = Format(
    name="copilot-billing",
    title="GitHub Copilot billing report (AI usage and premium requests, CSV)",
    matches=matches,
    reader=lambda: RecordReader(read),
    explain=explain,
)
