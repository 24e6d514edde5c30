"""The rules of FOCUS 1.2 as far as a schema can hold them, written from the specification and not from our columns."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

# Name of the column: (type, whether it may be null). The mandatory ones of the specification, all 21.
MANDATORY: dict[str, tuple[str, bool]] = {
    "BilledCost": ("decimal", False),
    "BillingAccountId": ("string", False),
    "BillingAccountName": ("string", True),
    "BillingCurrency": ("string", False),
    "BillingPeriodEnd": ("time", False),
    "BillingPeriodStart": ("time", False),
    "ChargeCategory": ("string", False),
    "ChargeClass": ("string", True),
    "ChargeDescription": ("string", True),
    "ChargePeriodEnd": ("time", False),
    "ChargePeriodStart": ("time", False),
    "ContractedCost": ("decimal", False),
    "EffectiveCost": ("decimal", False),
    "InvoiceIssuerName": ("string", False),
    "ListCost": ("decimal", False),
    "PricingQuantity": ("decimal", True),
    "PricingUnit": ("string", True),
    "ProviderName": ("string", False),
    "PublisherName": ("string", False),
    "ServiceCategory": ("string", False),
    "ServiceName": ("string", False),
}
# Conditional and recommended ones that a dataset of usage with list prices has.
FURTHER: dict[str, tuple[str, bool]] = {
    "ChargeFrequency": ("string", False),
    "ConsumedQuantity": ("decimal", True),
    "ConsumedUnit": ("string", True),
    "ListUnitPrice": ("decimal", True),
    "PricingCategory": ("string", True),
    "ServiceSubcategory": ("string", False),
    "SkuId": ("string", True),
    "SkuMeter": ("string", True),
    "SkuPriceDetails": ("json", True),
    "SkuPriceId": ("string", True),
    "SubAccountId": ("string", True),
    "SubAccountName": ("string", True),
    "SubAccountType": ("string", True),
    "Tags": ("json", True),
}
ALLOWED: dict[str, set[Any]] = {
    "ChargeCategory": {"Usage", "Purchase", "Tax", "Credit", "Adjustment"},
    "ChargeClass": {"Correction", None},
    "ChargeFrequency": {"One-Time", "Recurring", "Usage-Based"},
    "PricingCategory": {"Standard", "Dynamic", "Committed", "Other", None},
    "PricingUnit": {"Tokens", "Requests"},
    "ConsumedUnit": {"Tokens", "Requests"},
    "ServiceCategory": {"AI and Machine Learning"},
    "ServiceSubcategory": {
        "AI Platforms", "Bots", "Generative AI", "Machine Learning", "Natural Language Processing",
        "Other (AI and Machine Learning)",
    },
}  # fmt: skip
_TIME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z")
_NUMBER = re.compile(r"-?\d+(\.\d+)?(E-?\d+)?")
_CURRENCY = re.compile(r"[A-Z]{3}")


def check_row(row: Mapping[str, Any]) -> None:
    """Assert every rule of one row; values are texts as in CSV, None is an empty cell."""
    assert row.keys() >= MANDATORY.keys() | FURTHER.keys()
    for name, value in row.items():
        if not name.startswith("x_"):
            kind, nullable = (MANDATORY | FURTHER)[name]
            assert nullable or value is not None, name
            assert value is None or _fits(kind, value), (name, value)
    for name, values in ALLOWED.items():
        assert row[name] in values, (name, row[name])
    assert _CURRENCY.fullmatch(row["BillingCurrency"])
    assert row["BillingPeriodStart"] <= row["ChargePeriodStart"] < row["ChargePeriodEnd"] <= row["BillingPeriodEnd"]
    _check_usage(row)


def _check_usage(row: Mapping[str, Any]) -> None:
    """Assert what the specification asks of usage that is not a correction."""
    for name in ("PricingQuantity", "PricingUnit", "PricingCategory", "SkuId", "SkuPriceId", "ConsumedQuantity"):
        assert row[name] is not None, name
    assert (row["SubAccountId"] is None) == (row["SubAccountType"] is None)
    if row["ListUnitPrice"] is not None:
        assert Decimal(row["ListUnitPrice"]) >= 0
        assert Decimal(row["ListUnitPrice"]) * Decimal(row["PricingQuantity"]) == Decimal(row["ListCost"])
    else:  # our one departure: no list price is invented for what no list names
        assert row["ListCost"] == row["BilledCost"]


def _fits(kind: str, value: str) -> bool:
    if kind == "json":
        found = json.loads(value)
        return isinstance(found, dict) and not any(isinstance(one, dict | list) for one in found.values())
    if kind == "string":
        return bool(value.strip())
    return bool({"time": _TIME, "decimal": _NUMBER}[kind].fullmatch(value))
