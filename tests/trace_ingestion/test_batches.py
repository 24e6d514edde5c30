"""From entries of one source to what the store gets: each kind of item, what is counted, and why lines are kept."""

from __future__ import annotations

import io
import json
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import pytest

from prodlens.errors import StorageError
from prodlens.schemas import Alias, CanonicalTrace, Decision, SessionBranch, SessionLink, ToolUse, UsageDay
from prodlens.storage.row_conversion import SESSION_COLUMNS
from prodlens.trace_ingestion.archives import ArchiveError
from prodlens.trace_ingestion.batches import NO_TIME_AT_ALL, Batch, RowRules, SourceReading, batches
from prodlens.trace_ingestion.dead_letters import DeadLetter
from prodlens.trace_ingestion.json_stream import Entry
from prodlens.trace_ingestion.sources import Source
from tests.trace_files import FOLDER, records
from tests.trace_normalizer.formats.test_claude_session_lines import TREE, answer, line, link, moment
from tests.trace_project import lines, record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

WRITTEN = datetime(2026, 5, 9, 8, tzinfo=UTC)


def entry(value: Any, number: int = 1) -> Entry:
    """Return the entry of a JSON value."""
    return Entry(number, json.dumps(value).encode(), value)


def read(*values: Any, rules: RowRules | None = None, time: datetime | None = None) -> Batch:
    """Read values as the lines of one source."""
    reading = SourceReading("traces.jsonl", rules or RowRules(), time)
    for number, value in enumerate(values, 1):
        reading.read(entry(value, number))
    reading.finish()
    return reading.take()


def rows_of(batch: Batch) -> list[dict[str, Any]]:
    """Return the calls of a batch by the names of their columns."""
    return [dict(zip(SESSION_COLUMNS, row, strict=True)) for row in batch.rows]


def call(**changes: Any) -> CanonicalTrace:
    """Return a call of which nothing is known but its time."""
    return replace(
        CanonicalTrace(None, None, datetime(2026, 5, 1, 10, tzinfo=UTC), None, 0, 0, 0.0, None, accepted_flag=False),
        **changes,
    )


def hidden(given: Any) -> Any:
    """Hide the people of calls and usage days, and the sessions that are to stay hidden."""
    if isinstance(given, UsageDay):
        return replace(given, key="", person=None)
    session = None if given.session_id == "secret" else f"h-{given.session_id}"
    branch = given.branch and f"b-{given.branch}"
    return replace(given, developer_id="p-1", session_id=session, branch=branch)


def test_what_a_call_does_not_say_is_filled_in() -> None:
    """Repository, person and origin where the call has none; names become logins, after what hides them."""
    plain = RowRules(repo_slug="acme/web", person="ada", in_workflow=True, people={"ada": "ada-l", "bob@x": "bob"})
    silent = plain.row_of(call(source="claude-code-transcript"))
    assert (silent["repo_slug"], silent["developer_id"]) == ("acme/web", "ada-l")
    named = plain.row_of(call(repo_slug="acme/api", developer_id="bob@x", origin="desk"))
    assert (named["repo_slug"], named["developer_id"], named["origin"]) == ("acme/api", "bob", "desk")
    assert plain.row_of(call(developer_id="eve"))["developer_id"] == "eve"
    nothing = RowRules().row_of(call())
    assert (nothing["repo_slug"], nothing["developer_id"], nothing["origin"]) == (None, None, None)
    behind = replace(plain, anonymize=hidden, people={"p-1": "somebody", "eve": "wrong"})
    assert behind.row_of(call(developer_id="eve"))["developer_id"] == "somebody"


@pytest.mark.parametrize(
    ("in_workflow", "value", "origin"),
    [(True, answer(1, 0.5), "workflow"), (False, answer(1, 0.5), None), (True, record(), None)],
)
def test_where_session_files_were_written(in_workflow: bool, value: dict[str, Any], origin: str | None) -> None:
    """Files that agents keep of their sessions ran where they were written; a proxy's log says nothing of that."""
    (row,) = rows_of(read(value, rules=RowRules(in_workflow=in_workflow)))
    assert row["origin"] == origin


def test_a_record_becomes_a_row_and_its_partition() -> None:
    """Values stand in the order of the columns, priced; the partition is the folder of the repository and the day."""
    batch = read(record(3), record(4, metadata={}))
    first, second = rows_of(batch)
    assert (first["session_id"], first["developer_id"], first["repo_slug"]) == ("3", "alice", "acme/web")
    assert (first["tokens_in"], first["cost_source"], first["event_date"]) == (1003, "computed", "2026-05-04")
    assert (second["repo_slug"], second["event_date"]) == (None, "2026-05-05")
    assert batch.partitions == {("acme-web", "2026-05-04"), ("unknown", "2026-05-05")}
    assert (batch.entries, batch.size, batch.letters) == (
        2,
        len(json.dumps(record(3)) + json.dumps(record(4, metadata={}))),
        [],
    )


def test_every_kind_of_fact() -> None:
    """Aliases, tool uses, decisions, links and branches go to their lists; what is not a call is counted by kind."""
    use = {"type": "tool_use", "id": "use_1", "name": "Bash", "input": {}}
    said = answer(1, 0.5, requestId="req_1")
    said["message"]["content"] = [use]
    batch = read(said, link(5), line("worktree-state", 9, worktreeSession=TREE), line("system", 3), line("system", 4))
    assert batch.aliases == [Alias("req_1", "msg_1")]
    assert batch.tool_uses == [ToolUse("use_1", "msg_1")]
    assert batch.links == [SessionLink("s", moment(5), "acme/web", 7)]
    assert batch.branches == [SessionBranch("s", moment(9), "worktree-x")]
    assert batch.skipped == {"session event": 2}
    decisions = read(*records("claude_code_otel_logs.otlp.jsonl")).decisions
    assert {decision.verdict for decision in decisions} >= {"accept"}


def test_marks_of_sessions_are_hidden_as_their_calls_are() -> None:
    """A session has the name that its calls are stored under, a branch too; without a session there is no mark."""
    rules = RowRules(anonymize=hidden)
    given = [answer(1, 0.5), link(5), line("worktree-state", 9, worktreeSession=TREE)]
    batch = read(*given, rules=rules)
    assert batch.links == [SessionLink("h-s", moment(5), "acme/web", 7)]
    assert batch.branches == [SessionBranch("h-s", moment(9), "b-worktree-x")]
    secret = read(*({**each, "sessionId": "secret"} for each in given), rules=rules)
    assert (secret.links, secret.branches) == ([], [])


def test_a_call_without_a_time_has_that_of_its_source() -> None:
    """The time is marked as an estimate; where the source has none either, the line is kept with its reason."""
    given = records("codex_exec.jsonl")
    first, second = rows_of(read(*given, time=WRITTEN))
    assert {(row["timestamp"], row["time_is_estimated"]) for row in (first, second)} == {
        ("2026-05-09T08:00:00+00:00", 1)
    }
    without = read(*given)
    assert (without.rows, {letter.reason for letter in without.letters}) == ([], {NO_TIME_AT_ALL})


def test_withheld_values_are_counted() -> None:
    """A latency that is known to be recorded wrongly is left unknown, and counted once a call."""
    batch = read(*records("litellm_proxy.jsonl"))
    assert (batch.latency_withheld, [row["latency_ms"] is None for row in rows_of(batch)].count(True)) == (2, 2)


def test_days_of_people_who_were_removed_are_numbered() -> None:
    """Without a key of its own a day has one of its content, and equal days of a source have a number each."""
    (given,) = records("openrouter_activity.json")
    plain = read(given)
    assert [day.model for day in plain.usage_days] == [
        day.model for day in read(given, rules=RowRules(people={"x": "y"})).usage_days
    ]
    days = read(given, given, rules=RowRules(anonymize=hidden)).usage_days
    keys = [day.key.split("/") for day in days]
    assert {key[0] for key in keys} == {"openrouter-activity"}
    assert [key[2] for key in keys] == ["1", "1", "2", "2"]
    assert keys[0][1] == keys[2][1] != keys[1][1] == keys[3][1]


def test_people_of_usage_days_become_logins() -> None:
    """The name that a vendor has for a person becomes the login of the people file."""
    (given,) = records("cursor_daily.json")
    names = {day.person for day in read(given).usage_days}
    name = min(filter(None, names))
    found = {day.person for day in read(given, rules=RowRules(people={name: "login"})).usage_days}
    assert found == (names - {name}) | {"login"}


def test_why_a_line_cannot_be_used() -> None:
    """One record has its reason, one of several its place before it; three reasons of a line are shown."""
    reading = SourceReading("traces.jsonl", RowRules())
    bad = {"timestamp": "2026-05-01T10:00:00Z", "metadata": {"repo": "../up"}, "usage": {"input_tokens": 1}}
    (alone,) = (reading.read(entry(bad, 7)),)
    assert alone == DeadLetter("traces.jsonl", 7, json.dumps(bad).encode(), reading.batch.letters[0].reason)
    reason = alone.reason
    assert reason == "a repository that would leave the Parquet folder: '../up'"
    several = reading.read(entry([record(), 5, bad, "x", None], 8))
    assert several is not None
    other = "JSON that is not an object"
    assert several.reason == f"element 2 of 5: {other}; element 3 of 5: {reason}; element 4 of 5: {other}"
    assert reading.read(entry(5)) == DeadLetter("traces.jsonl", 1, b"5", other)
    assert reading.read(Entry(9, b"{", None, "not JSON")) == DeadLetter("traces.jsonl", 9, b"{", "not JSON")
    assert reading.read(entry([])) is reading.read(entry([])) is None
    assert reading.read(entry(record(1))) is None
    batch = reading.take()
    assert (batch.entries, len(batch.letters), len(batch.rows), batch.skipped) == (7, 4, 2, {"empty array": 2})
    assert reading.take() == Batch()


def test_a_fault_of_ours_names_its_place() -> None:
    """An error in our code is counted by its place, and the record is kept; text that is too deep is the record's."""

    def fails(given: Any) -> Any:
        raise KeyError("secret") if given.session_id == "1" else RecursionError

    reading = SourceReading("traces.jsonl", RowRules(anonymize=fails))
    letter, deep = reading.read(entry([record(1), record(1)])), reading.read(entry(record(2)))
    assert letter is not None
    assert deep is not None
    ((place, count),) = reading.batch.faults.items()
    assert count == 2
    assert place.startswith("KeyError at prodlens/trace_ingestion/batches.py:")
    reason = f"ProdLens failed here, and the record may be right: {place}"
    assert letter.reason == f"element 1 of 2: {reason}; element 2 of 2: {reason}"
    assert deep.reason == "nested too deeply"


def test_a_fault_at_the_end_of_a_source_is_counted_and_told(caplog: pytest.LogCaptureFixture) -> None:
    """What a format held back has no line of its own: its fault is counted, and a warning names the source."""

    def fails(_: Any) -> Any:
        raise KeyError("secret")

    held = answer(1, 0.5)
    del held["message"]["stop_reason"]  # it could go on
    assert (len(read(held).rows), read(held).faults) == (1, {})
    batch = read(held, rules=RowRules(anonymize=fails))
    ((place, count),) = batch.faults.items()
    assert (len(batch.rows), count) == (0, 1)
    assert place.startswith("KeyError at prodlens/trace_ingestion/batches.py:")
    assert caplog.messages == [f"traces.jsonl: ProdLens failed here, and the record may be right: {place}"]


def test_when_a_batch_ends() -> None:
    """20,000 entries or 16 MiB make it full, one fewer of both does not."""
    assert Batch(entries=20_000).full
    assert Batch(size=16 * 1024 * 1024).full
    assert not Batch(entries=19_999, size=16 * 1024 * 1024 - 1).full


def test_batches_add_up() -> None:
    """Everything for the store is added; letters and counts of a source stay its own."""
    (given,) = records("openrouter_activity.json")
    one, other = read(record(9), answer(1, 0.5, requestId="r1"), link(5), given), read(record(2), given, 5)
    size = one.size + other.size
    for number, batch in enumerate((one, other)):
        batch.tool_uses = [ToolUse("use", f"call {number}")]
        batch.decisions = [Decision("use", "accept", f"source {number}")]
        batch.branches = [SessionBranch("s", moment(number), None)]
        batch.aliases = [Alias("alias", f"call {number}")]
        batch.links = [SessionLink("s", moment(number), "acme/web", 7)]
    one.extend(other)
    assert (len(one.rows), len(one.usage_days), one.letters) == (3, 4, [])
    assert one.tool_uses == [ToolUse("use", "call 0"), ToolUse("use", "call 1")]
    assert one.decisions == [Decision("use", "accept", "source 0"), Decision("use", "accept", "source 1")]
    assert one.branches == [SessionBranch("s", moment(0), None), SessionBranch("s", moment(1), None)]
    assert one.aliases == [Alias("alias", "call 0"), Alias("alias", "call 1")]
    assert [found.linked_at for found in one.links] == [moment(0), moment(1)]
    assert (one.entries, one.size) == (7, size)
    assert {day for _, day in one.partitions} == {"2026-05-02", "2026-05-03", "2026-05-10"}


def source_of(data: bytes, **options: Any) -> Source:
    """Return a source of bytes."""

    @contextmanager
    def opened() -> Iterator[Any]:
        yield io.BytesIO(data)

    return Source("traces.jsonl", "traces", opened, **options)


def test_a_source_comes_in_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """A full batch is given away and a new one begun; what formats hold back comes with the last."""
    monkeypatch.setattr("prodlens.trace_ingestion.batches.BATCH_ENTRIES", 2)
    found = list(batches(source_of(lines(*map(record, range(5)))), RowRules()))
    assert [(batch.entries, len(batch.rows)) for batch in found] == [(2, 2), (2, 2), (1, 1)]
    assert [batch.entries for batch in batches(source_of(b""), RowRules())] == [0]
    (bad,) = batches(source_of(b"5\n"), RowRules())
    assert bad.letters == [DeadLetter("traces.jsonl", 1, b"5", "JSON that is not an object")]


@pytest.mark.parametrize(
    ("written", "now", "moments"),
    [
        (WRITTEN, None, {"2026-05-09T08:00:00+00:00"}),
        (None, WRITTEN, {"2026-05-09T08:00:00+00:00"}),
        (None, None, set()),
    ],
)
def test_the_time_of_a_source(written: datetime | None, now: datetime | None, moments: set[str]) -> None:
    """When it was written, or else the present moment where the rules have one."""
    data = (FOLDER / "codex_exec.jsonl").read_bytes()
    (batch,) = batches(source_of(data, written=written), RowRules(now=now))
    assert {row["timestamp"] for row in rows_of(batch)} == moments
    later = source_of(data, written=datetime(2026, 5, 10, 8, tzinfo=UTC))
    (batch,) = batches(later, RowRules(now=now))
    assert {row["timestamp"] for row in rows_of(batch)} == {"2026-05-10T08:00:00+00:00"}


def failing(error: Exception) -> Callable[[], Any]:
    """Return what opens a source that fails after its first line."""

    class Stream(io.RawIOBase):
        def __init__(self) -> None:
            self.left = [lines(record(1))]

        def readinto(self, buffer: Any) -> int:
            if not self.left:
                raise error
            data = self.left.pop()
            buffer[: len(data)] = data
            return len(data)

        def readable(self) -> bool:
            return True

    @contextmanager
    def opened() -> Iterator[Any]:
        yield io.BufferedReader(Stream())

    return opened


def test_what_was_readable_of_a_damaged_source_is_kept() -> None:
    """Damage to an archive is a letter without a line; a source that cannot be read is an error that names it."""
    (batch,) = batches(Source("a.zip!m", "a", failing(ArchiveError("a.zip is damaged"))), RowRules())
    assert batch.letters == [DeadLetter("a.zip!m", 0, b"", "a.zip is damaged")]
    assert (len(batch.rows), batch.entries) == (1, 2)
    with pytest.raises(StorageError, match=r"cannot read x: Input/output error"):
        list(batches(Source("x", "x", failing(OSError(5, "Input/output error"))), RowRules()))
    with pytest.raises(StorageError, match=r"cannot read x: broken"):
        list(batches(Source("x", "x", failing(OSError("broken"))), RowRules()))
    assert date(2026, 5, 2).isoformat() == rows_of(batch)[0]["event_date"]
