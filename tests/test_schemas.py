"""The identity of a call, as literal values: a change here makes every stored call a new one."""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from prodlens import normalize_records
from prodlens.lake.partitions import SCHEMA
from prodlens.schemas import (
    CALL_COLUMNS,
    FIRST_KNOWN,
    FLAG,
    INTEGER,
    MOMENT,
    NUMBER,
    PULL_REQUEST_COLUMNS,
    SLUG,
    SQLITE_TYPES,
    TEXT,
    CanonicalTrace,
    Column,
    call_hash,
    content_hash,
)
from prodlens.storage import ProdLensStore
from tests.trace_project import record


def trace(**changes: Any) -> CanonicalTrace:
    """Return a call without an id, whose documented fields are all known."""
    values: dict[str, Any] = {
        "session_id": "alpha",
        "developer_id": "alice",
        "timestamp": datetime(2026, 5, 1, 10, 30, tzinfo=UTC),
        "model": "claude-3-sonnet",
        "tokens_in": 1000,
        "tokens_out": 500,
        "latency_ms": 900.0,
        "status_code": 200,
        "accepted_flag": True,
        "repo_slug": "acme/web",
        "diff_ratio": 0.75,
        "accepted_lines": 12,
    }
    return CanonicalTrace(**{**values, **changes})


def trace_hash(call: CanonicalTrace) -> str:
    """Return the identity under which a call is stored."""
    return str(call.to_record()["trace_hash"])


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "e667fb603d6273844be0000703337458"),
        ({"session_id": "beta"}, "7596d1f33bfa6efcb980af4beef3583d"),
        ({"developer_id": "bob"}, "475df8d95066f2a070fee1d5b1b2f96f"),
        ({"timestamp": datetime(2026, 5, 1, 10, 30, 1, tzinfo=UTC)}, "c0b6dcd81b81893645fbb159d4409840"),
        ({"model": "x"}, "78254549cbd026405b1404333a2d8f1c"),
        ({"tokens_in": 1001}, "feede60291daade71bf0f004a92161eb"),
        ({"tokens_out": 501}, "c2e8e19f6fb02452347934931bf93ab0"),
        ({"latency_ms": 901.0}, "ca9dde04a995f5afb89d538d24e63926"),
        ({"status_code": 201}, "3b9e6e4b0cf440ea619540453717099b"),
        ({"accepted_flag": False}, "cfdd19093dacd97d899529a5d9101b42"),
        ({"diff_ratio": 0.8}, "2ea9a1f777f5b9e7555bf05a4aeb22a2"),
        ({"accepted_lines": 13}, "c4f8a61f9254199a221328427967d40a"),
    ],
    ids=lambda value: next(iter(value), "unchanged") if isinstance(value, dict) else "",
)
def test_a_call_without_an_id_is_identified_by_its_documented_fields(changes: dict[str, Any], expected: str) -> None:
    """Every documented field of the record itself is a part of the identity, down to its digits."""
    assert trace_hash(trace(**changes)) == expected


@pytest.mark.parametrize(
    "changes",
    [
        {"acceptance_known": False},
        {"cost_usd": 0.5, "cost_source": "recorded"},
        {"provider": "anthropic"},
        {"cache_read_tokens": 7},
        {"source": "reference"},
        {"partial": True},
        {"branch": "main", "pull_request": 7},
        {"timestamp": datetime(2026, 5, 1, 12, 30, tzinfo=timezone(timedelta(hours=2)))},
    ],
    ids=lambda value: next(iter(value)),
)
def test_fields_added_later_and_offsets_do_not_change_the_identity(changes: dict[str, Any]) -> None:
    """A field that a newer version reads, or another offset of the same moment, leaves the identity as it was."""
    assert trace_hash(trace(**changes)) == "e667fb603d6273844be0000703337458"


@pytest.mark.parametrize("slug", [None, "acme/web", "acme/api"])
def test_a_repository_named_beside_a_record_is_not_a_part_of_its_identity(slug: str | None) -> None:
    """The same call ingested with another ``--repo`` is the same call."""
    assert trace_hash(trace(repo_slug=slug)) == "e667fb603d6273844be0000703337458"


def test_the_identity_of_an_empty_call_an_id_and_a_mapping() -> None:
    """Unknown fields, ids and whole records have these hashes; the order of keys does not matter."""
    empty = CanonicalTrace(None, None, datetime(2026, 5, 1), None, 0, 0, 0.0, None, False)  # noqa: DTZ001 - naive is UTC
    assert trace_hash(empty) == "58d73d391116cc3c04838335ac05a1c0"
    assert trace_hash(trace(call_id="msg_1")) == call_hash("msg_1") == "e41cbac12a536aee27d314aa846c544d"
    assert trace_hash(trace(call_id="msg_1", trace_hash="given")) == "given"
    assert content_hash({"b": 1, "a": [None, 2.5]}) == "e20dcb94c20bd3768a0704563edb69cc"
    assert content_hash({"a": [None, 2.5], "b": 1}) == "e20dcb94c20bd3768a0704563edb69cc"
    (normal,) = normalize_records([record(1)])
    assert trace_hash(normal) == "c5f25214bbabca2d4fcdbeebc1503ae1"


def test_the_identity_of_what_json_cannot_hold() -> None:
    """Values and keys that only Python has are hashed as text, in any order, and a lone surrogate has a hash too."""
    moment = datetime(2026, 5, 1, tzinfo=UTC)
    expected = "d7b430731a7a436a7d2d84a3b33b058b"
    assert content_hash({1: {2.5}, "at": moment}) == content_hash({"at": moment, 1: {2.5}}) == expected
    assert content_hash({"at": moment, "1": "{2.5}"}) == expected
    assert content_hash({1: {3.5}}) == "412ac2d2a3b7ae604c4c80fa545cc7cf"
    assert call_hash("\ud800") == "b4fe3de0239399efbfffc79686f435f9"


def test_a_record_has_the_sum_of_its_tokens_and_its_utc_day() -> None:
    """1000 and 500 tokens are 1500; half past midnight in Berlin is the day before in UTC; 0 ms are unknown."""
    berlin = datetime(2026, 5, 2, 0, 30, tzinfo=timezone(timedelta(hours=2)))
    row = trace(timestamp=berlin, latency_ms=0.0).to_record()
    assert (row["total_tokens"], row["event_date"], row["latency_ms"]) == (1500, "2026-05-01", None)
    assert row["timestamp"] == "2026-05-01T22:30:00+00:00"
    assert [row[name] for name in ("accepted_flag", "acceptance_known", "partial", "cost_is_final")] == [1, 1, 0, 0]


@pytest.mark.parametrize("cost", [-0.01, -1e308, float("inf"), float("-inf"), float("nan")])
def test_a_call_cannot_cost_less_than_nothing(cost: float) -> None:
    """A negative or infinite cost is unknown, with all that is said of it; 0.0 and 1e308 stand."""
    row = trace(cost_usd=cost, cost_source="recorded", price_caveat="maker's price").to_record()
    assert (row["cost_usd"], row["cost_source"], row["price_caveat"]) == (None, None, None)
    kept = [trace(cost_usd=cost, cost_source="recorded").to_record() for cost in (0.0, 1e308)]
    assert [(row["cost_usd"], row["cost_source"]) for row in kept] == [(0.0, "recorded"), (1e308, "recorded")]


def test_the_columns_of_a_call_are_its_fields() -> None:
    """The table of columns has every field of a call in their order, then what is derived from them."""
    expected = [field.name for field in fields(CanonicalTrace)] + ["event_date", "total_tokens"]
    assert [column.name for column in CALL_COLUMNS] == expected


@pytest.mark.parametrize(("table", "columns"), [("sessions", CALL_COLUMNS), ("pull_requests", PULL_REQUEST_COLUMNS)])
def test_the_migrations_make_the_columns(table: str, columns: tuple[Column, ...]) -> None:
    """A table that the migrations make has the columns of ``schemas``, of their types and with their defaults."""
    with ProdLensStore(":memory:") as store:
        made = {
            row["name"]: (row["type"], None if row["dflt_value"] is None else int(row["dflt_value"]))
            for row in store.conn.execute(f"PRAGMA table_info({table})")
        }
    if table == "sessions":
        assert made.pop("id") == ("INTEGER", None)
    assert made == {column.name: (SQLITE_TYPES[column.kind], column.default) for column in columns}


def test_the_lake_has_the_columns_of_a_call() -> None:
    """A partition has every column of a call: text as strings, flags and counts as int64, other numbers as double."""
    kinds = {TEXT: "string", SLUG: "string", MOMENT: "string", INTEGER: "int64", FLAG: "int64", NUMBER: "double"}
    assert {field.name: str(field.type) for field in SCHEMA} == {
        column.name: kinds[column.kind] for column in CALL_COLUMNS
    }


def test_the_columns_that_are_merged_together() -> None:
    """Cost, acceptance, status and time of a call each come from one record as a whole."""
    groups: dict[str, set[str]] = {}
    for column in CALL_COLUMNS:
        groups.setdefault(column.merged, set()).add(column.name)
    del groups[FIRST_KNOWN]
    assert groups == {
        "cost": {"cost_usd", "cost_source", "cost_is_final", "price_caveat"},
        "acceptance": {"accepted_flag", "acceptance_known", "decision"},
        "status": {"status_code", "status_reason"},
        "time": {"timestamp", "event_date", "time_is_estimated"},
        "tokens": {"tokens_in", "tokens_out", "total_tokens"},
        "of the winner": {"trace_hash", "partial", "source"},
    }
