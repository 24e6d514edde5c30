"""One call that several sources know by different ids: real files, and any records in any order."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from contextlib import ExitStack, closing
from itertools import permutations
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from prodlens import normalize_records
from prodlens.schemas import call_hash
from prodlens.storage import APPLICATION_ID, ProdLensStore, migrations
from prodlens.storage.row_conversion import session_row
from prodlens.trace_ingestion import TraceIngestor
from tests.examples import examples
from tests.trace_files import records
from tests.trace_project import DATA, TraceProject, lines, record

if TYPE_CHECKING:
    import random
    from pathlib import Path

    import pytest

    from tests.trace_project import Opener

OTEL, PROXY, EXECUTION = (
    "claude_code_otel_joined.otlp.jsonl",
    "litellm_proxy_joined.jsonl",
    "claude_code_execution_867e.json",
)
TRANSCRIPTS = ("claude_code_7fabc0bc.jsonl", "claude_code_15adb190.jsonl")
# The transcripts have 5 and 3 messages, the execution file 5 of its own; every request and payload is one of these.
CALLS = 13
THREE_SOURCES = "msg_01ebf8f99cd7674827bc42c0"


def transcript(
    message: str, request: str | None, *, out: int = 50, day: int = 1, use: str | None = None
) -> dict[str, Any]:
    """Return the line of a Claude Code transcript that ends a message."""
    content = [{"type": "tool_use", "id": use, "name": "Bash", "input": {}}] if use else []
    usage = {"input_tokens": 100, "output_tokens": out}
    said = {"id": message, "model": "claude-sonnet-4-5", "stop_reason": "end_turn", "usage": usage, "content": content}
    return {
        "type": "assistant",
        "sessionId": "s",
        "timestamp": f"2026-05-0{day}T10:00:00Z",
        "message": said,
        **({} if request is None else {"requestId": request}),
    }


def event(name: str, *, day: int = 1, **attributes: Any) -> dict[str, Any]:
    """Return an OTLP export request with one event of Claude Code."""
    given = {"event.name": name, "event.timestamp": f"2026-05-0{day}T10:00:01Z", "model": "claude-sonnet-4-5"}
    kinds = {str: "stringValue", int: "intValue", float: "doubleValue"}
    pairs = [{"key": key, "value": {kinds[type(value)]: value}} for key, value in {**given, **attributes}.items()]
    scope = {"name": "com.anthropic.claude_code.events"}
    resource = {"attributes": [{"key": "repo", "value": {"stringValue": "acme/web"}}]}
    logs = [{"scope": scope, "logRecords": [{"attributes": pairs}]}]
    return {"resourceLogs": [{"resource": resource, "scopeLogs": logs}]}


def request(request_id: str, *, out: int = 50, cost: float = 0.5, day: int = 1) -> dict[str, Any]:
    """Return the event of an answered request."""
    counts = {"input_tokens": 100, "output_tokens": out, "duration_ms": 700}
    return event("api_request", day=day, request_id=request_id, cost_usd=cost, **counts)


def payload(message: str, *, out: int = 50, cost: float = 0.25, day: int = 1, use: str = "") -> dict[str, Any]:
    """Return LiteLLM's payload of a message that proposes a tool use."""
    return {
        "id": message,
        "call_type": "anthropic_messages",
        "status": "success",
        "startTime": f"2026-05-0{day}T09:59:59Z",
        "endTime": f"2026-05-0{day}T10:00:00Z",
        "model": "anthropic/claude-sonnet-4-5",
        "prompt_tokens": 100,
        "completion_tokens": out,
        "response_cost": cost,
        "metadata": {"user_api_key_user_id": "alice"},
        "request_tags": ["repo:acme/api"],
        "response": {"content": [{"type": "tool_use", "id": use}]},
    }


# Real files -------------------------------------------------------------------------------------------------------


def test_real_files_of_one_call_are_one_call_in_any_order(opened: Opener, tmp_path: Path) -> None:
    """Transcripts, OTLP logs, a proxy's log and an execution file of the same sessions count each call once."""
    orders = [*permutations([OTEL, PROXY, TRANSCRIPTS[0]]), (TRANSCRIPTS[0], OTEL, PROXY)]
    results = []
    for number, order in enumerate(orders):
        project = opened(tmp_path / str(number))
        for name in (EXECUTION, *order, TRANSCRIPTS[1]) if number % 2 else (TRANSCRIPTS[1], *order, EXECUTION):
            done = project.ingestor.ingest([DATA / name])
            assert sum(each.dead for each in done) == 0
        results.append((project.rows(), project.lake()))
    assert len(results[0][0]) == sum(map(len, results[0][1].values())) == CALLS
    assert all(result == results[0] for result in results)


def test_the_one_call_has_the_fields_of_all_its_records(opened: Opener, tmp_path: Path) -> None:
    """Cost, latency and repository come from the logs, identity from the message id, acceptance from decisions."""
    project = opened(tmp_path)
    project.ingestor.ingest([DATA / name for name in (OTEL, PROXY, *TRANSCRIPTS)])
    row = next(row for row in project.rows() if row["call_id"] == THREE_SOURCES)
    assert row["trace_hash"] == call_hash(THREE_SOURCES)
    assert (row["repo_slug"], row["developer_id"], row["cost_source"]) == ("acme/api", "dev-00", "recorded")
    assert row["latency_ms"] == 388.0  # the proxy's is withheld
    assert (row["tokens_in"], row["tokens_out"]) == (15216, 85)
    asked = {row["decision"] for row in project.rows() if row["session_id"].startswith("15adb190")}
    assert {"accept", "reject"} <= asked


def test_a_normalised_trace_has_the_identity_of_its_call() -> None:
    """Records of a request and of its message, normalised together, are stored as one call, whoever stores them."""
    given = [request("req_1"), transcript("msg_1", "req_1"), request("req_2")]
    traces = normalize_records(given)
    hashes = [trace.to_record()["trace_hash"] for trace in traces]
    assert sorted(hashes) == sorted([call_hash("msg_1"), call_hash("msg_1"), call_hash("req_2")])
    with ProdLensStore(":memory:") as store:
        assert store.insert_sessions(traces) == 3
        assert len(store.fetch_sessions()) == 2
    contested = normalize_records([request("req_1"), transcript("msg_1", "req_1"), transcript("msg_2", "req_1")])
    assert len({trace.to_record()["trace_hash"] for trace in contested}) == 3


# Any records ------------------------------------------------------------------------------------------------------

MESSAGES, REQUESTS, USES = ("msg_0", "msg_1", "msg_2"), ("req_0", "req_1"), ("use_0", "use_1")
# Ids of either kind turn up as the other one too: contested, chained and circular aliases.
LINES = st.one_of(
    st.builds(
        lambda number, alias: transcript(MESSAGES[number], alias, out=40 + number, day=1 + number, use=f"use_{number}"),
        st.integers(0, 2),
        st.sampled_from([*REQUESTS, *REQUESTS, "msg_0", "msg_1", None]),
    ),
    st.builds(
        request,
        st.sampled_from([*REQUESTS, "msg_1"]),
        out=st.integers(39, 43),
        cost=st.sampled_from([0.5, 0.75]),
        day=st.integers(1, 4),
    ),
    st.builds(
        payload,
        st.sampled_from([*MESSAGES, "req_1"]),
        out=st.integers(39, 43),
        day=st.integers(1, 4),
        use=st.sampled_from(["", *USES]),
    ),
    st.builds(
        lambda use, verdict: event("tool_decision", tool_use_id=use, decision=verdict, source="user_temporary"),
        st.sampled_from(USES),
        st.sampled_from(["accept", "reject"]),
    ),
)


def ids_and_aliases(given: list[dict[str, Any]]) -> tuple[set[str], dict[str, set[str]]]:
    """Return the ids that the records go by, and who claims each alias."""
    ids, claims = set(), defaultdict(set)
    for each in given:
        if "message" in each:
            ids.add(each["message"]["id"])
            if each.get("requestId") not in {None, each["message"]["id"]}:
                claims[each["requestId"]].add(each["message"]["id"])
        elif "call_type" in each:
            ids.add(each["id"])
        else:
            pairs = each["resourceLogs"][0]["scopeLogs"][0]["logRecords"][0]["attributes"]
            ids |= {pair["value"]["stringValue"] for pair in pairs if pair["key"] == "request_id"}
    return ids, claims


def expected_calls(given: list[dict[str, Any]]) -> set[str]:
    """Return the ids of the calls that records make: an id is another's alias if that alone claims it."""
    ids, claims = ids_and_aliases(given)
    claiming = set().union(*claims.values())
    return {next(iter(claims[one])) if one not in claiming and len(claims.get(one, ())) == 1 else one for one in ids}


@examples(80, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(LINES, min_size=1, max_size=8), st.randoms(use_true_random=False))
def test_any_order_and_split_of_several_sources_gives_the_same_store_and_lake(
    tmp_path_factory: pytest.TempPathFactory, given_lines: list[dict[str, Any]], rng: random.Random
) -> None:
    """What is stored is a function of the set of records, however they are shuffled, repeated and split over files."""
    with ExitStack() as stack:
        one, other = (stack.enter_context(TraceProject(tmp_path_factory.mktemp(name))) for name in ("one", "other"))
        one.ingest(lines(*given_lines, b"bad", record(1)))
        shuffled = [*given_lines, *rng.sample(given_lines, len(given_lines) // 2), b"bad", record(1)]
        rng.shuffle(shuffled)
        cuts = sorted(rng.randrange(len(shuffled) + 1) for _ in range(3))
        for number, (start, end) in enumerate(zip([0, *cuts], [*cuts, len(shuffled)], strict=True)):
            other.ingest(lines(*shuffled[start:end]), f"{number}.jsonl")
        assert other.rows() == one.rows()
        assert other.lake() == one.lake()
        calls = {row["trace_hash"] for row in one.rows() if row["call_id"]}
        assert calls == set(map(call_hash, expected_calls(given_lines)))
        in_lake = [row["trace_hash"] for rows in one.lake().values() for row in rows]
        assert sorted(in_lake) == [row["trace_hash"] for row in one.rows()]


def test_a_log_that_came_days_before_its_transcript_moves_with_its_decisions(opened: Opener, tmp_path: Path) -> None:
    """The log's row becomes a part of the message's, in the partition of the call and in no other."""
    project = opened(tmp_path)
    decision = event("tool_decision", tool_use_id="use", decision="accept", source="user_temporary")
    project.ingest(lines(request("req_1", day=1), decision), "monday.jsonl")
    assert list(project.lake()) == ["acme-web/2026-05-01.parquet"]
    project.ingest(lines(transcript("msg_1", "req_1", day=4, use="use")), "thursday.jsonl")
    (row,) = project.rows()
    assert (row["call_id"], row["cost_usd"], row["latency_ms"], row["decision"]) == ("msg_1", 0.5, 700.0, "accept")
    assert {name: len(rows) for name, rows in project.lake().items()} == {"acme-web/2026-05-04.parquet": 1}
    before = project.rows(), project.lake()
    project.ingest(lines(request("req_1", day=1), decision), "monday.jsonl")
    assert (project.rows(), project.lake()) == before


def test_a_decision_on_a_record_that_goes_by_an_alias_is_the_calls(opened: Opener, tmp_path: Path) -> None:
    """The tool uses of every record of a call are its own, whichever id the record goes by."""
    project = opened(tmp_path)
    project.ingest(lines(payload("req_1", use="use")), "proxy.jsonl")
    project.ingest(lines(transcript("msg_1", "req_1")), "transcript.jsonl")
    decision = event("tool_decision", tool_use_id="use", decision="reject", source="user_reject")
    project.ingest(lines(decision), "logs.jsonl")
    assert [(row["call_id"], row["decision"]) for row in project.rows()] == [("msg_1", "reject")]


def test_a_request_id_of_two_messages_joins_neither(opened: Opener, tmp_path: Path) -> None:
    """A gateway that answers everything with one request id makes no calls disappear, also after a first join."""
    project = opened(tmp_path)
    project.ingest(lines(request("req_1"), transcript("msg_1", "req_1")))
    assert [row["call_id"] for row in project.rows()] == ["msg_1"]
    project.ingest(lines(transcript("msg_2", "req_1", day=2)), "second.jsonl")
    assert {row["call_id"] for row in project.rows()} == {"msg_1", "msg_2", "req_1"}
    assert {row["call_id"] for row in project.rows() if row["cost_source"] == "recorded"} == {"req_1"}


def test_what_an_older_version_stored_twice_is_joined_when_it_is_read_again(opened: Opener, tmp_path: Path) -> None:
    """Calls of a store without aliases become one as soon as their transcript is ingested again."""
    project = opened(tmp_path)
    project.ingest(lines(request("req_1"), transcript("msg_1", None)))
    assert len(project.rows()) == 2
    project.ingest(lines(transcript("msg_1", "req_1")))
    assert [row["call_id"] for row in project.rows()] == ["msg_1"]
    assert [len(rows) for rows in project.lake().values()] == [1]


def test_files_known_to_an_older_version_are_read_again(tmp_path: Path) -> None:
    """The migrations forget known files, since what their rows depend on has changed."""
    path = tmp_path / "cache.db"
    with closing(sqlite3.connect(path)) as conn:
        for _, script in migrations()[:3]:
            conn.executescript(script)
        conn.executescript(f"PRAGMA user_version = 3; PRAGMA application_id = {APPLICATION_ID}")
        conn.execute("INSERT INTO known_files VALUES ('digest', 0, 1, '{}', '[]')")
        conn.commit()
    with ProdLensStore(path) as store:
        assert store.conn.execute("SELECT count(*) FROM known_files").fetchone()[0] == 0


def test_a_known_file_whose_row_joined_another_stays_known(opened: Opener, tmp_path: Path) -> None:
    """A row that joins another call is not lost, and its file changes nothing when it is ingested again."""
    project = opened(tmp_path)
    project.ingest(lines(request("req_1"), request("req_2")), "logs.jsonl")
    project.ingest(lines(transcript("msg_2", "req_2")), "transcript.jsonl")
    before = project.rows(), project.lake()
    known = [row[0] for row in project.store.conn.execute("SELECT source FROM known_files ORDER BY source")]
    assert known == [str(tmp_path / "logs.jsonl"), str(tmp_path / "transcript.jsonl")]
    for name, stored in (("logs.jsonl", 2), ("transcript.jsonl", 1)):
        (done,) = project.ingestor.ingest([tmp_path / name])
        assert done.stored == stored
    assert (project.rows(), project.lake()) == before


def test_a_shared_lake_keeps_the_log_of_another_store(opened: Opener, tmp_path: Path) -> None:
    """A store that knows an alias, and not the record that goes by it, leaves another store's row where it is."""
    first, second = opened(tmp_path / "a"), opened(tmp_path / "b")
    second.ingestor = TraceIngestor(second.store, dead_letter_dir=tmp_path / "d", parquet_dir=tmp_path / "a" / "lake")
    second.ingest(lines(request("req_1")))
    first.ingest(lines(transcript("msg_1", "req_1")), repo_slug="acme/web")
    hashes = {row["trace_hash"] for row in first.lake()["acme-web/2026-05-01.parquet"]}
    assert hashes == {call_hash("msg_1"), call_hash("req_1")}


def test_rows_given_to_the_store_join_too(opened: Opener, tmp_path: Path) -> None:
    """A mapping with the request's id and identity goes into the message's call that the store knows."""
    project = opened(tmp_path)
    project.ingest(lines(transcript("msg_1", "req_1")))
    given = {"timestamp": "2026-05-01T10:00:00Z", "call_id": "req_1", "latency_ms": 300, "tokens_out": 7}
    assert session_row(given)["trace_hash"] == call_hash("req_1")
    assert project.store.insert_sessions([given]) == 1
    assert [(row["call_id"], row["latency_ms"]) for row in project.rows()] == [("msg_1", 300.0)]


def test_transcripts_alone_keep_no_parts(opened: Opener, tmp_path: Path) -> None:
    """An alias that nothing goes by costs one small row."""
    project = opened(tmp_path)
    for name in TRANSCRIPTS:
        project.ingestor.ingest_file(DATA / name)
    counted = "SELECT (SELECT count(*) FROM call_aliases), (SELECT count(*) FROM sessions)"
    assert tuple(project.store.conn.execute(counted).fetchone()) == (8, 8)
    messages = {r["message"]["id"] for name in TRANSCRIPTS for r in records(name) if r["type"] == "assistant"}
    assert len(messages) == 8
