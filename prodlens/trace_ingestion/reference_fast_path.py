"""The short way from a plain record of the reference format to its row; everything else goes the long way.

A record is plain when it has the documented objects with the documented names and types alone. For those the row is
the one that the format's reader, ``to_record`` and ``priced`` would give (a property holds them equal), at a quarter
of their time: that is most of what a million records cost.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from prodlens.calls import PriceCard, price_card, price_changes_in_a_day
from prodlens.json_values import LARGEST_WHOLE_NUMBER, LONGEST_TEXT, words
from prodlens.schemas import COMPUTED, content_hash
from prodlens.slugs import partition_folder
from prodlens.trace_normalizer import REFERENCE, person_of, repository

if TYPE_CHECKING:
    from collections.abc import Mapping

# What a plain record fills; every other column has its default.
PLAIN_COLUMNS = (
    "session_id",
    "developer_id",
    "timestamp",
    "model",
    "tokens_in",
    "tokens_out",
    "latency_ms",
    "status_code",
    "accepted_flag",
    "acceptance_known",
    "repo_slug",
    "event_date",
    "total_tokens",
    "cost_usd",
    "cost_source",
    "diff_ratio",
    "accepted_lines",
    "source",
    "trace_hash",
)
_parts = itemgetter("timestamp", "usage", "attributes", "metadata")
_usage = itemgetter("input_tokens", "output_tokens", "total_tokens")
_attributes = itemgetter(
    "llm.model_name", "latency_ms", "status_code", "prod_lens.accepted", "diff_ratio", "accepted_lines"
)
_metadata = itemgetter("session_id", "developer_id", "repo")
_FIELDS, _USAGE_FIELDS, _ATTRIBUTE_FIELDS, _METADATA_FIELDS = 4, 3, 6, 3
_NUMBERS = (float, int)
_HIGHEST_STATUS = 999
_PREFIX = "session_"
_NAME = REFERENCE.name
# Text that ``isoformat`` writes in the same digits; that the day exists is known where its price is.
_instant = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.(?!000000)[0-9]{6})?Z"
).fullmatch


class PlainRows:
    """Makes rows of plain records; keeps what many records share."""

    def __init__(self, people: Mapping[str, str]) -> None:
        self._people = people
        self._developers: dict[str, str] = {}
        self._models: dict[str, str] = {}
        self._slugs: dict[str, str] = {}
        self._cards: dict[tuple[str, str], PriceCard | None] = {}

    def row(self, record: dict[str, Any]) -> tuple[Any, ...] | None:
        """Return the values of ``PLAIN_COLUMNS``, None for a record that is not plain."""
        try:
            given_at, usage, attributes, metadata = _parts(record)
            tokens_in, tokens_out, total = _usage(usage)
            given_model, latency, status, accepted, ratio, lines = _attributes(attributes)
            given_session, given_developer, given_slug = _metadata(metadata)
            model, slug = self._models[given_model], self._slugs[given_slug]
            developer = self._developers[given_developer]
            moment = given_at[:-1] + "+00:00" if _instant(given_at) else _in_utc(given_at)
            day = moment[:10]
            card = self._cards[model, day]
            if not (
                len(record) == _FIELDS
                and len(usage) == _USAGE_FIELDS
                and len(attributes) == _ATTRIBUTE_FIELDS
                and len(metadata) == _METADATA_FIELDS
                and type(tokens_in) is type(tokens_out) is type(total) is type(status) is type(lines) is int
                and 0 <= tokens_in <= LARGEST_WHOLE_NUMBER
                and 0 <= tokens_out <= LARGEST_WHOLE_NUMBER
                and 0 <= lines <= LARGEST_WHOLE_NUMBER
                and 0 < status <= _HIGHEST_STATUS
                and type(accepted) is bool
                and type(latency) in _NUMBERS
                and type(ratio) in _NUMBERS
                and latency >= 0
                and given_session.startswith(_PREFIX)
                and given_session.isascii()
                and given_session[-1] > " "
                and len(_PREFIX) < len(given_session) <= LONGEST_TEXT
            ):
                return None
        except (KeyError, TypeError, ValueError, AttributeError):
            return None if not self._learn(record) else self.row(record)
        tokens = tokens_in + tokens_out
        cost = None
        if card is not None and tokens:
            rates = card.rates(tokens_in)
            cost = tokens_in * rates.plain + tokens_out * rates.output + rates.request
        return (
            given_session[len(_PREFIX) :],
            developer,
            moment,
            model,
            tokens_in,
            tokens_out,
            float(latency) or None,
            status,
            int(accepted),
            1,
            slug,
            day,
            tokens,
            cost,
            None if cost is None else COMPUTED,
            ratio + 0.0,  # what SQLite makes of -0.0 too
            lines,
            _NAME,
            content_hash(record),
        )

    def _learn(self, record: dict[str, Any]) -> bool:
        """Look up once what many records share; tells whether the record can be tried again."""
        try:
            given_at, _, attributes, metadata = _parts(record)
            given_model, given_developer, given_slug = (
                attributes["llm.model_name"],
                metadata["developer_id"],
                metadata["repo"],
            )
            model, slug, developer = words(given_model), repository(given_slug), person_of(given_developer)
            if model is None or slug is None or developer is None:
                return False
            at = datetime.fromisoformat(given_at)
            partition_folder(slug)
        except (KeyError, TypeError, ValueError, AttributeError):
            return False
        if at.tzinfo is not UTC:
            return False
        if not (type(given_model) is type(given_developer) is type(given_slug) is str) or None in {
            model,
            slug,
            developer,
        }:
            return False
        day = at.isoformat()[:10]
        known = (given_model in self._models, given_slug in self._slugs, given_developer in self._developers)
        if (all(known) and (model, day) in self._cards) or price_changes_in_a_day(model, None):
            return False
        if len(self._developers) + len(self._cards) > _MOST_KEPT:
            self._developers.clear()
            self._cards.clear()
        self._models[given_model], self._slugs[given_slug] = model, slug
        self._developers[given_developer] = self._people.get(developer, developer)
        self._cards[model, day] = price_card(model, None, at)
        return True


def _in_utc(given_at: str) -> str:
    """Return a moment of UTC as the store writes it.

    Raises:
        ValueError: It is no moment, or one of another zone.
    """
    at = datetime.fromisoformat(given_at)
    if at.tzinfo is not UTC:
        raise ValueError(given_at)
    return at.isoformat()


_MOST_KEPT = 100_000
