"""GitHub's Copilot usage metrics: a record for each person's day.

Its AI credits tell of the same use as the billing report, so they count only where that has nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prodlens.json_values import clean_text, count, finite_number, mapping
from prodlens.schemas import UsageDay
from prodlens.trace_normalizer.formats.copilot_billing import TOOL
from prodlens.trace_normalizer.formats.field_paths import Fields, paths_in
from prodlens.trace_normalizer.formats.interface import Format, Item, RecordReader, Skipped, Unusable
from prodlens.trace_normalizer.formats.vendor_values import day_of, repository_of, token_fields, usage_key

if TYPE_CHECKING:
    from collections.abc import Mapping

NAME = "copilot-metrics"
_DOLLARS_A_CREDIT = 0.01
_MARKS = ("totals_by_ide", "totals_by_feature", "code_generation_activity_count")
_SCOPE = ("enterprise_id", "organization_id", "repository_id", "repository")
FIELDS = Fields(
    {
        "day": paths_in("", "day"),
        "person": paths_in("", "user_login", "user_id"),
        "tokens_in": paths_in("", "totals_by_cli.token_usage.prompt_tokens_sum"),
        "tokens_out": paths_in("", "totals_by_cli.token_usage.output_tokens_sum"),
        "quantity": paths_in("", "ai_credits_used"),
    }
)


def matches(record: Mapping[str, Any]) -> bool:
    """Return whether the record is a day of a person, an organization, an enterprise or a repository."""
    return "day" in record and any(mark in record for mark in _MARKS)


def read(record: Mapping[str, Any]) -> list[Item]:
    """Read one person's day; sums over all people repeat them and are skipped."""
    person = clean_text(record.get("user_login")) or clean_text(record.get("user_id"))
    if person is None:
        return [Skipped("usage of all people together")]
    day = day_of(record.get("day"))
    if day is None:
        return [Unusable("Copilot usage metrics without a readable day")]
    spent = finite_number(record.get("ai_credits_used"))
    return [
        UsageDay(
            key=usage_key(NAME, day, record.get("user_id") or person, *(record.get(name) for name in _SCOPE)),
            day=day,
            tool=TOOL,
            source=NAME,
            person=person,
            repo_slug=repository_of(record.get("repository"), None),
            quantity=spent,
            unit=None if spent is None else "ai-credits",
            gross_usd=None if spent is None or spent < 0 else spent * _DOLLARS_A_CREDIT,
            **_tokens(record),
        )
    ]


def _tokens(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return the sums of the CLI and the app: the editors report none."""
    given = [
        mapping(mapping(record.get(name)).get("token_usage")) for name in ("totals_by_cli", "totals_by_copilot_app")
    ]
    sums = []
    for name in ("prompt_tokens_sum", "output_tokens_sum"):
        known = [number for usage in given if (number := count(usage.get(name))) is not None]
        sums.append(sum(known) if known else None)
    return token_fields(*sums)


def explain(record: Mapping[str, Any]) -> dict[str, str]:
    """Return the path at which each field of the record is found."""
    return FIELDS.explain({"": record})


COPILOT_METRICS = Format(
    name=NAME,
    title="GitHub Copilot usage metrics",
    matches=matches,
    reader=lambda: RecordReader(read),
    explain=explain,
)
