"""What holds for every source format, on real records, on broken ones and on arbitrary JSON."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prodlens import normalize_records
from prodlens.schemas import Alias, CanonicalTrace, Decision, ToolUse, UsageDay
from prodlens.trace_normalizer.formats import FORMATS, REFERENCE, Item, Skipped, Untimed, Unusable, Withheld, recognise
from tests.examples import examples
from tests.trace_files import FOLDER, records

FILES = sorted(path.name for path in FOLDER.iterdir() if path.suffix in {".json", ".jsonl"})
REAL = [(name, record) for name in FILES for record in records(name)]
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(
        ["", "-1", "nan", "1e400", "{", '{"a": [1]}', "[]", "session_", "\ud800", "2026-11-23T09:00:00+00:00Z"]
    )
)
JSON = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
MARKS = sorted(
    {"timestamp", "usage", "type", "payload", "message", "sessionId", "session_id", "call_type", "startTime", "spend"}
    | {"request_id", "response_cost", "body", "key", "ct", "level", "data", "total", "context", "attributes", "subtype"}
    | {"_schema", "info", "messages", "role", "sessionID", "time", "say", "ts", "text", "usageLedger", "id", "hrTime"}
    | {"_hrTime", "scopeMetrics", "traceId", "projectHash", "content", "$set", "observations", "usageDetails"}
    | {"date", "username", "sku", "quantity", "unit_type", "day", "user_login", "totals_by_ide", "Date", "usageEvents"}
    | {"email", "actor"}
    | {"Input (w/o Cache Write)", "core_metrics", "model_breakdown", "requests", "prompt_tokens", "model"}
    | {"resourceSpans", "resourceLogs", "resourceMetrics", "context.span_id", "start_time", "metadata", "response"}
)


def places_in(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the path of every value inside a JSON value."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [found for key, item in inner for found in [(*path, key), *places_in(item, (*path, key))]]


def with_value(record: Any, path: tuple[Any, ...], value: Any) -> Any:
    """Return a copy of a JSON value that holds another value at the path."""
    changed = copy.deepcopy(record)
    holder = changed
    for key in path[:-1]:
        holder = holder[key]
    holder[path[-1]] = value
    return changed


def check(items: list[Item]) -> None:
    """Assert what must hold for the items of any record."""
    for item in items:
        assert isinstance(
            item, CanonicalTrace | UsageDay | Alias | Decision | ToolUse | Skipped | Untimed | Unusable | Withheld
        )
        if isinstance(item, CanonicalTrace):
            assert item.tokens_in >= (item.cache_read_tokens or 0) + (item.cache_write_tokens or 0) >= 0
            assert item.tokens_out >= (item.reasoning_tokens or 0) >= 0
            assert (item.cache_write_tokens or 0) >= (item.cache_write_1h_tokens or 0) >= 0
            assert item.latency_ms >= 0
            assert item.cost_usd is None or item.cost_usd >= 0
            assert (item.cost_source is None) == (item.cost_usd is None)
            assert len(item.status_reason or "") <= 80
            assert len(item.to_record()["trace_hash"]) == 32
        if isinstance(item, UsageDay):
            assert (item.gross_usd or 0) >= 0
            assert (item.net_usd or 0) >= 0
            assert (item.tokens_in or 0) >= (item.cache_read_tokens or 0) + (item.cache_write_tokens or 0) >= 0
        if isinstance(item, Alias):
            assert item.alias
            assert item.call_id
        if isinstance(item, Decision):
            assert item.verdict in {"accept", "reject", "automatic"}
            assert 0 <= (item.diff_ratio or 0) <= 1


def read_all(given: list[dict[str, Any]]) -> list[Item]:
    """Return the items of records of any formats, read as a file is read."""
    readers: dict[str, Any] = {}
    items: list[Item] = []
    for record in given:
        source = recognise(record) or REFERENCE
        source.explain(record)
        items += readers.setdefault(source.name, source.reader()).read(record)
    return items + [item for reader in readers.values() for item in reader.finish()]


@pytest.mark.parametrize("name", FILES)
def test_every_real_record_is_recognised_and_used(name: str) -> None:
    """No record of the bundled files is unknown or unusable."""
    assert all(recognise(record) for record in records(name))
    items = read_all(records(name))
    check(items)
    assert not [item for item in items if isinstance(item, Unusable)]


@pytest.mark.parametrize("name", FILES)
def test_what_was_said_is_never_kept(name: str) -> None:
    """No prompt, answer, path or error message of a record reaches a trace."""
    words = ("case-", "step 0", "hi", "/home/dev", "Traceback", "AnthropicException", "exceed")
    for trace in normalize_records(records(name)):
        kept = [value for value in vars(trace).values() if isinstance(value, str)]
        assert not [value for value in kept for word in words if word in value.split() or f"{word}" == value]
        assert not [value for value in kept if "/home/" in value or "Traceback" in value or "xception" in value]


def test_formats_have_names_of_their_own() -> None:
    """Names and titles tell the formats apart."""
    assert len({source.name for source in FORMATS}) == len({source.title for source in FORMATS}) == len(FORMATS)


@examples(300)
@given(st.data())
def test_a_broken_real_record_never_raises(data: st.DataObject) -> None:
    """Any value of a real record may be anything else: reading goes on and the counts keep their invariants."""
    _, record = data.draw(st.sampled_from(REAL))
    for _ in range(data.draw(st.integers(1, 3))):
        paths = places_in(record)
        if not paths:
            break
        path = data.draw(st.sampled_from(paths))
        record = with_value(record, path, data.draw(JSON))
    check(read_all([record]))


@examples(300)
@given(st.lists(st.dictionaries(st.sampled_from(MARKS), JSON, max_size=8), max_size=3))
def test_arbitrary_json_never_raises(given: list[dict[str, Any]]) -> None:
    """Records that have no more than the marks of a format are read without an error."""
    check(read_all(given))


@given(st.data())
def test_the_order_of_keys_does_not_matter(data: st.DataObject) -> None:
    """The same record with its keys in another order is the same call."""
    _, record = data.draw(st.sampled_from(REAL))

    def turned(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: turned(value[key]) for key in data.draw(st.permutations(list(value)))}
        return [turned(item) for item in value] if isinstance(value, list) else value

    if len(places_in(record)) < 400:
        hashes = [trace.to_record()["trace_hash"] for trace in normalize_records([turned(record)])]
        assert hashes == [trace.to_record()["trace_hash"] for trace in normalize_records([record])]
