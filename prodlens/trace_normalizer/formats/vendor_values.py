"""Single values of what vendors report a day at a time: days, money, and parts of token counts.

A value comes from JSON, or from a CSV file, where everything is text.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from prodlens.json_values import amount, clean_text, mapping, sequence
from prodlens.slugs import is_slug
from prodlens.timestamps import parse_timestamp
from prodlens.trace_normalizer.formats.recorded_values import composed_id, slug
from prodlens.trace_normalizer.formats.tokens import Tokens, from_disjoint

if TYPE_CHECKING:
    from collections.abc import Mapping

_WRITTEN_MOMENTS = ("%b %d, %Y, %I:%M %p", "%b %d, %Y", "%m/%d/%Y", "%m/%d/%y")
_CENTS = 100


def moment_of(value: object) -> datetime | None:
    """Return a moment, also one as pages and spreadsheets write it; without a year it is not a moment."""
    at = parse_timestamp(value)
    if at is not None or not isinstance(value, str):
        return at
    for form in _WRITTEN_MOMENTS:
        try:
            return datetime.strptime(value.strip(), form).replace(tzinfo=UTC)
        except ValueError:
            continue
    return None


def day_of(value: object) -> date | None:
    """Return a calendar day."""
    at = moment_of(value)
    return None if at is None else at.date()


def dollars(value: object) -> float | None:
    """Return an amount of US dollars, also with its sign and thousands separators; None for no possible amount."""
    text = clean_text(value)
    return amount(text.replace("$", "").replace(",", "")) if text else None


def cents(value: object) -> float | None:
    """Return an amount of cents in US dollars."""
    found = dollars(value)
    return None if found is None else found / _CENTS


def repository_of(value: object, organization: object) -> str | None:
    """Return ``owner/name``; a bare name belongs to the organization of the row."""
    name, owner = clean_text(value), clean_text(organization)
    if name and owner and "/" not in name and is_slug(f"{owner}/{name}"):
        return f"{owner}/{name}"
    return slug(name)


def token_fields(
    plain: int | None, output: int | None, cache_read: int | None = None, cache_write: int | None = None
) -> dict[str, Any]:
    """Return counts that exclude each other under the names of ``UsageDay``; nothing where the vendor gives none."""
    if plain is None and output is None and cache_read is None and cache_write is None:
        return {}
    tokens: Tokens = from_disjoint(plain, output, cache_read=cache_read, cache_write=cache_write)
    return {
        "tokens_in": tokens.tokens_in,
        "tokens_out": tokens.tokens_out,
        "cache_read_tokens": cache_read,
        "cache_write_tokens": cache_write,
    }


def usage_key(source: str, *parts: object) -> str:
    """Return the identity of what a row sums, from its day and what else tells it from other rows."""
    return composed_id(source, *(part.isoformat() if isinstance(part, date) else part for part in parts))


def answer_rows(record: Mapping[str, Any], name: str = "data") -> list[Mapping[str, Any]]:
    """Return the rows of an answer of an API; the record itself where it is one row."""
    return [mapping(row) for row in sequence(record[name])] if name in record else [record]
