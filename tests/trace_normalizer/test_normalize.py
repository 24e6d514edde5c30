"""``normalize_records`` on the reference format, field by field."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prodlens import CanonicalTrace, ProdLensStore, ReportGenerator, normalize_records
from prodlens.trace_normalizer.formats import REFERENCE, recognise

if TYPE_CHECKING:
    from pathlib import Path

MOMENT = "2026-05-01T10:00:00Z"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=5),
    max_leaves=15,
)
FIELD_NAMES = [
    "timestamp",
    "start_time",
    "usage",
    "attributes",
    "metadata",
    "input_tokens",
    "prompt_tokens",
    "output_tokens",
    "total_tokens",
    "cache_read_input_tokens",
    "session_id",
    "requester_metadata",
    "user_id",
    "repo",
    "model",
    "attributes.metadata",
    "attributes.latency_ms",
    "latency_ms",
    "status_code",
    "accepted",
    "diff_ratio",
    "id",
]
TRACE_LIKE = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.sampled_from([MOMENT, "session_a", "12", "nan", "-3", "{}", '{"session_id": 4}', "[]", "{", "acme/web"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(FIELD_NAMES), inner, max_size=8),
    max_leaves=30,
)
RECORDS = st.dictionaries(st.sampled_from(FIELD_NAMES), TRACE_LIKE, max_size=12)


def normalize(**fields: Any) -> CanonicalTrace:
    """Normalize one record of the reference format that is complete but for the given fields."""
    record = {"timestamp": MOMENT, "usage": {"input_tokens": 1, "output_tokens": 1}, **fields}
    (trace,) = normalize_records([record])
    return trace


def test_a_whole_record() -> None:
    """Every documented field of a complete record arrives, in its type."""
    trace = normalize(
        usage={"input_tokens": 1000, "output_tokens": 500, "total_tokens": 1500},
        attributes={
            "llm.model_name": "anthropic/claude-3-sonnet",
            "latency_ms": 1200,
            "status_code": 200,
            "prod_lens.accepted": True,
            "diff_ratio": 0.8,
            "accepted_lines": 12,
        },
        metadata={"session_id": "session_alpha_beta", "developer_id": "alice@example.com", "repo": "acme/web"},
    )
    assert trace == CanonicalTrace(
        session_id="alpha_beta",
        developer_id="alice@example.com",
        timestamp=datetime(2026, 5, 1, 10, tzinfo=UTC),
        model="anthropic/claude-3-sonnet",
        tokens_in=1000,
        tokens_out=500,
        latency_ms=1200.0,
        status_code=200,
        accepted_flag=True,
        repo_slug="acme/web",
        diff_ratio=0.8,
        accepted_lines=12,
        source="reference",
        trace_hash=trace.trace_hash,
    )


def test_a_bare_record_has_the_defaults() -> None:
    """What the source does not say takes the documented default, and acceptance is not known."""
    trace = normalize(usage={})
    assert (trace.session_id, trace.developer_id, trace.model, trace.repo_slug) == (None, None, None, None)
    assert (trace.tokens_in, trace.tokens_out, trace.latency_ms, trace.status_code) == (0, 0, 0.0, None)
    assert (trace.accepted_flag, trace.acceptance_known) == (False, False)
    assert (trace.diff_ratio, trace.accepted_lines, trace.cost_usd) == (None, None, None)


@pytest.mark.parametrize("metadata", [{"user_id": "x"}, json.dumps({"user_id": "x"})])
@pytest.mark.parametrize("where", ["metadata", "attributes.metadata", "attributes"])
def test_metadata_is_found_wherever_it_is_kept(where: str, metadata: object) -> None:
    """Metadata is a mapping or JSON text, at the top, within the attributes or under the flattened key."""
    value = {"metadata": metadata} if where == "attributes" else metadata
    assert normalize(**{where: value}).developer_id == "x"


def test_flattened_attributes() -> None:
    """Attributes may be flattened into keys of the record, and dotted names may be nested objects."""
    assert normalize(**{"attributes.llm.model_name": "m", "attributes.latency_ms": 3}).model == "m"
    assert normalize(**{"attributes.latency_ms": "3"}).latency_ms == 3.0
    assert normalize(attributes={"llm": {"model_name": "m"}}).model == "m"
    assert normalize(**{"attributes.metadata.repo": "acme/web"}).repo_slug == "acme/web"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("session_alpha_beta", "alpha_beta"),
        ("_session_alpha_beta", "alpha_beta"),
        ("session-42", "42"),
        ("sess_1", "sess_1"),
        ("user_5e4d_account__session_0f8d-9c", "0f8d-9c"),
        ("user_5e4d_account_77_session_0f8d-9c", "0f8d-9c"),
        ('{"device_id": "d", "account_uuid": "", "session_id": "0f8d-9c"}', "0f8d-9c"),
        (42, "42"),
        ("", None),
        (True, None),
    ],
)
def test_session_id(given: object, expected: str | None) -> None:
    """The session is what follows the prefix, in every form that clients write it."""
    assert normalize(metadata={"session_id": given}).session_id == expected
    assert normalize(metadata={"requester_metadata": {"user_id": given}}).session_id == expected


def test_a_text_that_holds_a_session_is_no_developer() -> None:
    """A user id that carries a session gives the session, and the developer comes from the next place."""
    trace = normalize(metadata={"user_id": "user_5e4d_account__session_9c", "requester_metadata": {"user": "bo"}})
    assert (trace.session_id, trace.developer_id) == ("9c", "bo")


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        ({"input_tokens": 10, "output_tokens": 5}, (10, 5)),
        ({"prompt_tokens": 10, "completion_tokens": 5}, (10, 5)),
        ({"input_tokens": 0, "prompt_tokens": 10, "output_tokens": 5}, (0, 5)),
        ({"total_tokens": 15, "output_tokens": 5}, (10, 5)),
        ({"total_tokens": 15, "input_tokens": 10}, (10, 5)),
        ({"total_tokens": 15}, (15, 0)),
        ({"total_tokens": 3, "output_tokens": 5}, (0, 5)),
        ({"input_tokens": -4, "output_tokens": 5}, (0, 5)),
        ({"input_tokens": True, "output_tokens": float("nan")}, (0, 0)),
        ({"input_tokens": "10", "output_tokens": 5.0}, (10, 5)),
        ({"input_tokens": 1e300, "output_tokens": 10**30}, (0, 0)),
        ({"usage": {"input_tokens": 10, "output_tokens": 5}}, (10, 5)),
        ({"tokens": {"prompt_tokens": 10, "completion_tokens": 5}, "other": {}}, (10, 5)),
        ({"input_tokens": 10, "output_tokens": 5, "cache_read_input_tokens": 90}, (100, 5)),
    ],
)
def test_tokens(usage: dict[str, Any], expected: tuple[int, int]) -> None:
    """Either pair of names, a missing part from the total, never negative; what is not a number counts as missing."""
    trace = normalize(usage=usage)
    assert (trace.tokens_in, trace.tokens_out) == expected


def test_usage_of_the_attributes_or_the_response() -> None:
    """A usage object may be nested in the attributes or the response; a number alone is not a usage object."""
    for holder in ("attributes", "response"):
        (trace,) = normalize_records([{"timestamp": MOMENT, holder: {"usage": {"input_tokens": 10}}}])
        assert trace.tokens_in == 10
    (trace,) = normalize_records([{"timestamp": MOMENT, "usage.input_tokens": 10}])
    assert trace.tokens_in == 10
    assert normalize_records([{"timestamp": MOMENT, "input_tokens": 10}]) == []


@pytest.mark.parametrize(
    ("given", "flag", "known"),
    [
        (True, True, True),
        (False, False, True),
        (1, True, True),
        (0, False, True),
        ("TRUE", True, True),
        ("1", True, True),
        ("yes", True, True),
        ("no", False, True),
        ("perhaps", False, False),
        (None, False, False),
        (float("nan"), False, False),
        ([], False, False),
    ],
)
def test_accepted_flag(given: object, flag: bool, known: bool) -> None:
    """A bool, a number or a word; what cannot be read is unknown, which is not the same as rejected."""
    trace = normalize(attributes={"prod_lens.accepted": given})
    assert (trace.accepted_flag, trace.acceptance_known) == (flag, known)


@pytest.mark.parametrize("name", ["latency_ms", "request.latency_ms", "response.latency_ms", "duration_ms"])
def test_latency_places(name: str) -> None:
    """Latency is found under each of its names in the attributes, then at the top."""
    assert normalize(attributes={name: 12.5}, latency_ms=3).latency_ms == 12.5
    assert normalize(attributes={name: float("inf")}, latency_ms=3).latency_ms == 3.0


@pytest.mark.parametrize("prefix", ["", "prod_lens.", "analysis."])
def test_quality_places(prefix: str) -> None:
    """Diff ratio and accepted lines are found bare and under both prefixes."""
    trace = normalize(attributes={f"{prefix}diff_ratio": 0.25, f"{prefix}accepted_lines": "7"})
    assert (trace.diff_ratio, trace.accepted_lines) == (0.25, 7)


def test_repository_places() -> None:
    """The metadata's repository wins over the attributes'; a git remote becomes a slug, other text is kept."""
    assert normalize(metadata={"repository": "a/b"}, attributes={"repo": "c/d"}).repo_slug == "a/b"
    assert normalize(attributes={"repository": "c/d"}).repo_slug == "c/d"
    assert normalize(metadata={"repo": "git@github.com:acme/web.git"}).repo_slug == "acme/web"
    assert normalize(metadata={"repo": "../../etc"}).repo_slug == "../../etc"


@pytest.mark.parametrize(
    "record",
    [
        {"usage": {}},
        {"timestamp": "soon", "usage": {}},
        {"timestamp": MOMENT},
        {"timestamp": MOMENT, "usage": None},
        {"timestamp": MOMENT, "usage": 7},
        {"timestamp": True, "usage": {}},
        {},
    ],
)
def test_unusable_records_cost_the_others_nothing(record: dict[str, Any]) -> None:
    """A record without a readable time or without usage is left out, the ones beside it are not."""
    good = {"timestamp": MOMENT, "usage": {"total_tokens": 1}}
    assert len(normalize_records([good, record, good])) == 2


def test_a_recorded_cost_is_kept() -> None:
    """A cost the source reports is kept; 0.0 beside tokens says that the logger had no price."""
    assert (normalize(response_cost=0.25).cost_usd, normalize(response_cost=0.25).cost_source) == (0.25, "recorded")
    assert (normalize(response_cost=0.0).cost_usd, normalize(response_cost=0.0).cost_source) == (None, None)


@pytest.mark.parametrize(
    ("given", "kept"), [(1e12, 1e12), ("2.5", 2.5), (1.1e12, None), (1e308, None), (-0.01, None), ("-3", None)]
)
def test_a_recorded_cost_that_no_call_can_have_is_not_a_cost(given: object, kept: float | None) -> None:
    """A credit belongs to a bill and not to a call, and one absurd amount must not drown what all others cost."""
    assert (normalize(response_cost=given).cost_usd, normalize(response_cost=given).cost_source) == (
        kept,
        None if kept is None else "recorded",
    )


def test_the_identity_of_a_call() -> None:
    """An id of the source identifies the call; else its content does, and ``repo`` given beside it never counts."""
    assert (
        normalize(id="msg_1", latency_ms=1).to_record()["trace_hash"] == normalize(id="msg_1").to_record()["trace_hash"]
    )
    assert normalize(latency_ms=1).trace_hash != normalize(latency_ms=2).trace_hash


@given(RECORDS)
def test_the_order_of_keys_does_not_matter(record: dict[str, Any]) -> None:
    """The same record with its keys in another order is the same call."""
    turned = dict(reversed(record.items()))
    assert [t.to_record() for t in normalize_records([record])] == [t.to_record() for t in normalize_records([turned])]


@given(RECORDS | st.dictionaries(st.text(max_size=12), JSON, max_size=8))
def test_whatever_a_record_holds_nothing_raises(record: dict[str, Any]) -> None:
    """No JSON object makes reading or explaining raise, and token counts keep their invariants."""
    found = recognise(record) or REFERENCE
    assert set(found.explain(record)) <= set(CanonicalTrace.__dataclass_fields__) | {"total_tokens"}
    for trace in normalize_records([record]):
        assert 0 <= (trace.cache_read_tokens or 0) + (trace.cache_write_tokens or 0) <= trace.tokens_in
        assert 0 <= (trace.reasoning_tokens or 0) <= trace.tokens_out
        assert trace.timestamp.tzinfo is UTC
        assert trace.to_record()["trace_hash"]


def test_every_field_found_is_explained() -> None:
    """The explanation names the place of each field and nothing of its content."""
    record = {"start_time": 1, "usage": {"total_tokens": 3}, "attributes.metadata": {"repo": "a/b"}, "model": "m"}
    assert REFERENCE.explain(record) == {
        "timestamp": "start_time",
        "model": "model",
        "total_tokens": "usage.total_tokens",
        "repo_slug": "metadata.repo",
    }


def test_absurd_counts_break_no_report(tmp_path: Path) -> None:
    """Calls that claim the largest numbers are kept with the counts that can be true; the report on them is JSON."""
    call = {
        "timestamp": MOMENT,
        "usage": {"input_tokens": 2**53, "output_tokens": 2**53, "cache_read_input_tokens": 2**53},
        "attributes": {"model": "claude-sonnet-4-5", "accepted": True, "accepted_lines": 2**53, "latency_ms": 1e300},
        "metadata": {"repo": "acme/web"},
    }
    with ProdLensStore(tmp_path / "s.db") as store:
        store.insert_sessions(normalize_records([{**call, "id": f"c{number}"} for number in range(1_100)]))
        report = ReportGenerator(store).generate_report(repo="acme/web", since=date(2026, 4, 1))
    assert report["ai_interaction_velocity"]["total_sessions"] == 1_100
    assert report["ledger"]["total_tokens"] == 0
    assert orjson.dumps(report)
