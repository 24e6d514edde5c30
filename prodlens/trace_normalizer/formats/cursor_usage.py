"""Cursor's usage: the CSV file of its dashboard, and the answers of its Admin API.

Both tell of the same events and give them no id: time, model and counts identify one. Its counts exclude each other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prodlens.json_values import clean_text, count, finite_number, mapping, truth
from prodlens.schemas import UsageDay
from prodlens.trace_normalizer.formats.field_paths import Fields, paths_in
from prodlens.trace_normalizer.formats.interface import Format, Item, RecordReader, Skipped, Unusable
from prodlens.trace_normalizer.formats.vendor_values import (
    answer_rows,
    cents,
    day_of,
    dollars,
    moment_of,
    token_fields,
    usage_key,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

TOOL = "cursor"
EVENTS, DAILY = "cursor-usage", "cursor-daily"
_WRITTEN, _PLAIN = "Input (w/ Cache Write)", "Input (w/o Cache Write)"
_COLUMNS = (_PLAIN, "Output Tokens", "Cache Read", _WRITTEN)
_FIELDS = ("inputTokens", "outputTokens", "cacheReadTokens", "cacheWriteTokens")
_REQUESTS = ("composerRequests", "chatRequests", "agentRequests", "cmdkUsages")
_NAMES = {
    "day": ("Date", "timestamp", "date"),
    "person": ("User", "User Email", "userEmail", "email"),
    "model": ("Model", "model"),
    "tokens_in": (_PLAIN, "tokenUsage.inputTokens"),
    "tokens_out": ("Output Tokens", "tokenUsage.outputTokens"),
    "gross_usd": ("Cost", "chargedCents", "tokenUsage.totalCents"),
}
FIELDS = Fields({field: paths_in("", *names) for field, names in _NAMES.items()}, {"gross_usd": dollars})


def matches(record: Mapping[str, Any]) -> bool:
    """Return whether the record is a row of the CSV file, an answer of the API or a row of one."""
    if "Date" in record and _PLAIN in record:
        return True
    if "usageEvents" in record or ("userEmail" in record and "timestamp" in record and "model" in record):
        return True
    rows = answer_rows(record)
    return bool(rows) and {"email", "date", "totalLinesAdded"} <= rows[0].keys()


def read(record: Mapping[str, Any]) -> list[Item]:
    """Read one row or answer."""
    if "Date" in record:
        return [_csv_row(record)]
    if "usageEvents" in record or "userEmail" in record:
        return [_event(row) for row in answer_rows(record, "usageEvents")] or [Skipped("empty answer")]
    return [_daily(row) for row in answer_rows(record)]


def _csv_row(row: Mapping[str, Any]) -> Item:
    """Read one event of the CSV file; a cost in words says that a plan includes it, not what it is worth."""
    at = moment_of(row.get("Date"))
    if at is None:
        return Unusable("row of Cursor's usage without a readable date")
    charged = dollars(row.get("Cost"))
    person = clean_text(row.get("User")) or clean_text(row.get("User Email"))
    return _usage(at, person, row.get("Model"), [count(row.get(name)) for name in _COLUMNS], charged, charged)


def _event(row: Mapping[str, Any]) -> Item:
    """Read one event of the API: amounts are cents, and what is not chargeable is in a plan."""
    at, usage = moment_of(row.get("timestamp")), mapping(row.get("tokenUsage"))
    if at is None:
        return Unusable("Cursor usage event without a readable timestamp")
    charged = cents(row.get("chargedCents"))
    gross = cents(usage.get("totalCents")) if charged is None else charged
    net = 0.0 if truth(row.get("isChargeable")) is False and gross is not None else gross
    counts = [count(usage.get(name)) for name in _FIELDS]
    return _usage(at, clean_text(row.get("userEmail")), row.get("model"), counts, gross, net)


def _usage(
    at: datetime, person: str | None, model: object, counts: list[int | None], gross: float | None, net: float | None
) -> UsageDay:
    return UsageDay(
        key=usage_key(EVENTS, int(at.timestamp() * 1000), model, *(number or 0 for number in counts)),
        day=at.date(),
        tool=TOOL,
        source=EVENTS,
        person=person,
        model=clean_text(model),
        quantity=1.0,
        unit="requests",
        gross_usd=gross,
        net_usd=net,
        **token_fields(*counts),
    )


def _daily(row: Mapping[str, Any]) -> Item:
    """Read one person's day: requests, and neither tokens nor money."""
    day, person = day_of(row.get("date")), clean_text(row.get("email"))
    if day is None:
        return Unusable("Cursor's daily usage without a readable date")
    counted = [number for name in _REQUESTS if (number := finite_number(row.get(name))) is not None]
    return UsageDay(
        key=usage_key(DAILY, day, person),
        day=day,
        tool=TOOL,
        source=DAILY,
        person=person,
        quantity=sum(counted) if counted else None,
        unit="requests" if counted else None,
    )


def explain(record: Mapping[str, Any]) -> dict[str, str]:
    """Return the path at which each field of the first row is found."""
    name = "usageEvents" if "usageEvents" in record else "data"
    rows = answer_rows(record, name)
    return FIELDS.explain({"": rows[0] if rows else {}})


CURSOR_USAGE = Format(
    name="cursor-usage",
    title="Cursor usage (dashboard CSV and Admin API)",
    matches=matches,
    reader=lambda: RecordReader(read),
    explain=explain,
)
