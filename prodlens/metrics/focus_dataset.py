"""The columns of FOCUS 1.2 that the ledger fills, and their dataset.

Columns of the specification are left out if the ledger lacks the feature that they describe: commitments, capacity,
regions, invoices, negotiated unit prices. Columns of our own begin with ``x_``, as the specification asks.
"""

from __future__ import annotations

import io
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import orjson

from prodlens.calls import maker_name
from prodlens.metrics.focus import ALL_TOKENS, CALLS, SCALE
from prodlens.slugs import split_slug

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from prodlens.metrics.focus import Charge, FocusLedger, Key

FOCUS_VERSION = "1.2"
MONEY, WHOLE, TEXT = "money", "whole", "text"
# Columns of the specification in alphabetical order, then our own. Times are texts, as the specification writes them.
FOCUS_COLUMNS: dict[str, str] = {
    "BilledCost": MONEY, "BillingAccountId": TEXT, "BillingAccountName": TEXT, "BillingCurrency": TEXT,
    "BillingPeriodEnd": TEXT, "BillingPeriodStart": TEXT, "ChargeCategory": TEXT, "ChargeClass": TEXT,
    "ChargeDescription": TEXT, "ChargeFrequency": TEXT, "ChargePeriodEnd": TEXT, "ChargePeriodStart": TEXT,
    "ConsumedQuantity": WHOLE, "ConsumedUnit": TEXT, "ContractedCost": MONEY, "EffectiveCost": MONEY,
    "InvoiceIssuerName": TEXT, "ListCost": MONEY, "ListUnitPrice": MONEY, "PricingCategory": TEXT,
    "PricingQuantity": WHOLE, "PricingUnit": TEXT, "ProviderName": TEXT, "PublisherName": TEXT,
    "ServiceCategory": TEXT, "ServiceName": TEXT, "ServiceSubcategory": TEXT, "SkuId": TEXT, "SkuMeter": TEXT,
    "SkuPriceDetails": TEXT, "SkuPriceId": TEXT, "SubAccountId": TEXT, "SubAccountName": TEXT, "SubAccountType": TEXT,
    "Tags": TEXT, "x_CallCount": WHOLE, "x_CostSource": TEXT, "x_PullRequestNumber": WHOLE, "x_Repository": TEXT,
}  # fmt: skip
_UNKNOWN = "Unknown"
_SAME = {
    "BillingCurrency": "USD",
    "ChargeCategory": "Usage",
    "ChargeClass": None,
    "ChargeFrequency": "Usage-Based",
    "PricingCategory": "Standard",
    "ServiceCategory": "AI and Machine Learning",
    "ServiceSubcategory": "Generative AI",
    "BillingAccountName": None,
}


def focus_rows(ledger: FocusLedger, repo: str, billing_account: str | None = None) -> Iterator[dict[str, Any]]:
    """Yield the rows of the dataset: texts, whole numbers and decimals under the names of ``FOCUS_COLUMNS``.

    Args:
        ledger: The charges.
        repo: The repository that they were asked for, ``owner/name``.
        billing_account: Identifier of the account that is billed; its owner where it is not given.
    """
    account = billing_account or split_slug(repo)[0]
    for key, charge in ledger.charges.items():
        row = _SAME | _periods(key.day) | _who(key, account) | _what(key, charge) | _tags(key, ledger.states)
        yield {name: row[name] for name in FOCUS_COLUMNS}


def focus_parquet(rows: Iterable[Mapping[str, Any]]) -> bytes:
    """Return the dataset as a Parquet file: money as exact decimals, the specification's version in the metadata."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    types: dict[str, pa.DataType] = {MONEY: pa.decimal128(38, SCALE), WHOLE: pa.decimal128(38, 0), TEXT: pa.string()}
    schema = pa.schema([(name, types[kind]) for name, kind in FOCUS_COLUMNS.items()])
    table = pa.Table.from_pylist([dict(row) for row in rows], schema.with_metadata({"FocusVersion": FOCUS_VERSION}))
    written = io.BytesIO()
    pq.write_table(table, written, compression="zstd")
    return written.getvalue()


def _periods(day: str) -> dict[str, Any]:
    charged = date.fromisoformat(day)
    month = charged.replace(day=1)
    last = month.year == date.max.year and month.month == date.max.month
    after = date.max if last else (month + timedelta(days=31)).replace(day=1)
    return {
        "BillingPeriodStart": _midnight(month),
        "BillingPeriodEnd": _midnight(after),
        "ChargePeriodStart": _midnight(charged),
        "ChargePeriodEnd": _midnight(date.max if charged == date.max else charged + timedelta(days=1)),
    }


def _midnight(day: date) -> str:
    return f"{day.isoformat()}T00:00:00Z"


def _who(key: Key, account: str) -> dict[str, Any]:
    maker = None if key.model is None else maker_name(key.model)
    provider = key.provider or maker or _UNKNOWN
    return {
        "BillingAccountId": account,
        "InvoiceIssuerName": provider,
        "ProviderName": provider,
        "PublisherName": maker or provider,
        "ServiceName": f"{provider} models",
        "SubAccountId": key.repo,
        "SubAccountName": key.repo,
        "SubAccountType": None if key.repo is None else "Repository",
    }


def _what(key: Key, charge: Charge) -> dict[str, Any]:
    model = key.model or _UNKNOWN
    price = None if key.unit_price is None else _dollars(key.unit_price)
    billed = _dollars(charge.billed)
    undivided = key.meter in {ALL_TOKENS, CALLS}
    return {
        "BilledCost": billed,
        "ContractedCost": billed,
        "EffectiveCost": billed,
        "ListCost": _dollars(charge.listed),
        "ListUnitPrice": price,
        "ConsumedQuantity": charge.quantity,
        "ConsumedUnit": key.unit,
        "PricingQuantity": charge.quantity,
        "PricingUnit": key.unit,
        "ChargeDescription": _described(key, model),
        "SkuId": f"{model}/{key.meter}",
        "SkuMeter": key.meter,
        "SkuPriceId": f"{model}/{key.meter}/{'unlisted' if price is None else f'{price.normalize():f}'}",
        "SkuPriceDetails": None if undivided else _json({"x_TokenClass": key.meter}),
        "x_CallCount": charge.calls,
        "x_CostSource": key.cost_source,
    }


def _described(key: Key, model: str) -> str:
    text = f"{key.meter} of {model}"
    return f"{text}; the cost is not known and stands as 0" if key.cost_source is None else text


def _tags(key: Key, states: Mapping[int, str]) -> dict[str, Any]:
    tags: dict[str, Any] = {"cost_source": key.cost_source or "unpriced"}
    if key.repo is not None:
        tags["repository"] = key.repo
    if key.pull_request is not None:
        tags["pull_request"] = key.pull_request
        tags["pull_request_state"] = states.get(key.pull_request, "unknown")
    return {"Tags": _json(tags), "x_PullRequestNumber": key.pull_request, "x_Repository": key.repo}


def _json(value: Mapping[str, Any]) -> str:
    return orjson.dumps(value).decode()


def _dollars(units: int) -> Decimal:
    return Decimal(units).scaleb(-SCALE)
