"""One call from everything that was recorded of it: a function of the set of records, whatever their order."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import orjson

from prodlens.schemas import (
    ACCEPTANCE,
    CALL_COLUMNS,
    COST,
    OF_THE_WINNER,
    OURS,
    STATUS,
    TIME,
    TOKENS,
    call_hash,
    names_of,
)
from prodlens.timestamps import parse_timestamp

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

Row = dict[str, Any]

_COST = names_of(CALL_COLUMNS, merged=COST)
_ACCEPTANCE = names_of(CALL_COLUMNS, merged=ACCEPTANCE)
_STATUS = names_of(CALL_COLUMNS, merged=STATUS)
_OF_THE_WINNER = names_of(CALL_COLUMNS, merged=OF_THE_WINNER)
_TIME = names_of(CALL_COLUMNS, merged=TIME)
_LONGEST_CALL = timedelta(minutes=1)
_REPEATS_INPUT = frozenset({"claude-code"})
_LEAST_LENGTH, _LEAST_DIFFERENT = 20, 8  # characters of an id that an API made up
_TOKENS = names_of(CALL_COLUMNS, merged=TOKENS)


def identity_bytes(part: Mapping[str, Any]) -> bytes:
    """Return what tells two records of a call apart; a computed cost is ours and tells nothing."""
    computed = part["cost_source"] in OURS
    recorded = {name: None if computed and name in _COST else value for name, value in part.items()}
    return orjson.dumps(recorded, option=orjson.OPT_SORT_KEYS)


def are_two_calls(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Return whether two records of one id cannot be of one call: a gateway gave its constant id to both.

    Two final records of one source agree on the input of a call, on its session, unless that was forked, and on its
    time within the length of the call. Records that differ in all three are of two calls. Where a source
    repeats a message, it repeats its input: there another input is enough, if the id is not one that an API made up.
    """
    if one["source"] is None or one["source"] != other["source"] or one["partial"] or other["partial"]:
        return False
    if not _differ(one["tokens_in"], other["tokens_in"]):
        return False
    if one["source"] in _REPEATS_INPUT and not is_unique(one["call_id"] or ""):
        return True
    apart = abs(_moment(one) - _moment(other)) > _LONGEST_CALL
    return apart and _differ(one["session_id"], other["session_id"])


def is_unique(call_id: str) -> bool:
    """Return whether an id is long and mixed enough to be one that an API made up for one answer alone."""
    return len(call_id) >= _LEAST_LENGTH and len(set(call_id)) >= _LEAST_DIFFERENT


def _moment(record: Mapping[str, Any]) -> datetime:
    return parse_timestamp(record["timestamp"]) or datetime.min.replace(tzinfo=UTC)


def _differ(one: object, other: object) -> bool:
    return bool(one) and bool(other) and one != other


def under_own_id(record: Mapping[str, Any]) -> Row:
    """Return a record whose id is another call's under an id of its own."""
    call_id = f"{record['call_id']} {record['session_id']} {record['tokens_in']}"
    return dict(record) | {"call_id": call_id, "trace_hash": call_hash(call_id)}


def merge(
    parts: Iterable[Mapping[str, Any]], price: Callable[[Row], Row] | None = None, trace_hash: str | None = None
) -> Row:
    """Return the row of a call.

    The most complete record wins: final over partial, then more output tokens, then the later timestamp, then the
    greater bytes. What only another one knows is kept. A recorded cost is kept; else ``price`` prices the result.

    Args:
        parts: Rows of ``sessions``, at least one, all of one call.
        price: Returns a row with its cost; without it, the cost of the most complete record that has one stands.
        trace_hash: The call's, where some of the records go by an alias of it; by default that of all of them.
    """
    ordered = sorted(parts, key=_completeness, reverse=True)
    row = dict(ordered[0])
    for name in row:
        if name not in _OF_THE_WINNER and name not in _TIME:
            row[name] = next((part[name] for part in ordered if part[name] is not None), None)
    for name in _TOKENS:  # of tokens, nothing and unknown are both written as 0
        row[name] = next((part[name] for part in ordered if part[name]), 0)
    row["total_tokens"] = max(row["total_tokens"], row["tokens_in"] + row["tokens_out"])
    timed = next((part for part in ordered if not part["time_is_estimated"]), ordered[0])
    row.update({name: timed[name] for name in _TIME})
    row["trace_hash"] = trace_hash or row["trace_hash"]
    own = (part["call_id"] for part in ordered if part["trace_hash"] == row["trace_hash"])
    row["call_id"] = next((call_id for call_id in own if call_id is not None), row["call_id"])
    known_status = next((part for part in ordered if part["status_code"] is not None), ordered[0])
    row.update({name: known_status[name] for name in _STATUS})
    known = next((part for part in ordered if part["acceptance_known"]), None)
    if known is not None:
        row.update({name: known[name] for name in _ACCEPTANCE})
    costs = [part for part in ordered if part["cost_usd"] is not None]
    recorded = [part for part in costs if part["cost_source"] not in OURS]
    chosen = (recorded or costs or ordered)[0]
    row.update({name: chosen[name] for name in _COST})
    return row if recorded or price is None else price(row)


def _completeness(part: Mapping[str, Any]) -> tuple[Any, ...]:
    return (not part["partial"], part["tokens_out"], part["timestamp"], identity_bytes(part))
