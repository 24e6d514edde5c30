"""TraceIngestor against real files, a real store and a real lake."""

from __future__ import annotations

import gzip
import io
import json
import os
import re
import tracemalloc
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from prodlens.calls import Prices
from prodlens.calls.own_prices import OwnPrice, OwnPrices
from prodlens.errors import InvalidSlugError, StorageError
from prodlens.slugs import partition_folder
from prodlens.trace_ingestion import TraceIngestor
from prodlens.trace_ingestion.batches import RowRules
from prodlens.trace_ingestion.dead_letters import DeadLetter
from prodlens.trace_ingestion.known_files import KnownFiles
from prodlens.trace_ingestion.outcomes import ingestion_state
from prodlens.trace_ingestion.sources import Source, file_sources, find_sources
from prodlens.trace_normalizer import REFERENCE
from prodlens.trace_normalizer.formats.interface import RecordReader
from tests.examples import examples
from tests.trace_project import DATA, TraceProject, call, killed_ingestions, lines, record

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from prodlens.trace_normalizer import Item


@pytest.fixture
def project(tmp_path: Path) -> Iterator[TraceProject]:
    """Open a project that is empty."""
    with TraceProject(tmp_path / "project") as opened:
        yield opened


def test_a_file_reaches_store_lake_and_dead_letters(project: TraceProject) -> None:
    """Good records are stored, priced and written to their partition; bad lines are dead letters, byte for byte."""
    bad = [b"not json", b"[1]", b'"text"', b'{"timestamp": "yesterday", "usage": {}}', b'{"a": "\xff"}']
    escaping = json.dumps(record(metadata={"repo": "../../etc"})).encode()
    assert project.ingest(lines(bad[0], record(1), *bad[1:], escaping, record(2))) == 2
    assert [row["session_id"] for row in project.store.fetch_sessions()] == ["1", "2"]
    first = project.store.fetch_sessions()[0]
    assert first["cost_usd"] == pytest.approx(
        (1001 * 3 + 500 * 15) / 1e6
    )  # claude-3-sonnet: 3 and 15 dollars a million
    assert first["cost_source"] == "computed"
    assert set(project.lake()) == {"acme-web/2026-05-02.parquet", "acme-web/2026-05-03.parquet"}
    assert project.lake()["acme-web/2026-05-02.parquet"][0]["trace_hash"] == first["trace_hash"]
    letters = (project.folder / "dead" / "traces.deadletter.jsonl").read_bytes()
    assert letters == lines(*bad, escaping)
    assert project.store.get_last_checkpoint("trace_ingestion") == datetime(2026, 5, 3, 10, tzinfo=UTC)


def test_the_same_file_again_changes_nothing(project: TraceProject) -> None:
    """Ingesting twice leaves rows, Parquet files and dead letters as they were, down to their times."""
    data = lines(record(1), b"bad", call(), call(usage={"input_tokens": 1, "output_tokens": 900}))
    project.ingest(data)
    files = {path: path.stat().st_mtime_ns for path in (project.folder / "lake").rglob("*.parquet")}
    before = project.rows(), (project.folder / "dead" / "traces.deadletter.jsonl").read_bytes()
    assert project.ingest(data) == 3
    assert (project.rows(), (project.folder / "dead" / "traces.deadletter.jsonl").read_bytes()) == before
    assert {path: path.stat().st_mtime_ns for path in (project.folder / "lake").rglob("*.parquet")} == files


def test_a_given_repository_fills_and_never_identifies(project: TraceProject) -> None:
    """``--repo`` fills what is unknown; the same record with and without it is one call, known slugs stay."""
    bare = record(metadata={"developer_id": "bob"})
    project.ingest(lines(bare, record(5)))
    assert {row["repo_slug"] for row in project.rows()} == {None, "acme/web"}
    project.ingest(lines(bare, record(5)), repo_slug="octo/hello")
    assert {row["repo_slug"] for row in project.rows()} == {"octo/hello", "acme/web"}
    assert set(project.lake()) == {"acme-web/2026-05-06.parquet", "octo-hello/2026-05-01.parquet"}
    with pytest.raises(InvalidSlugError):
        project.ingest(lines(bare), repo_slug="../../etc")


def test_a_partition_is_rewritten_only_where_something_changed(project: TraceProject) -> None:
    """One more day touches that day's file only; a file that is gone comes back."""
    project.ingest(lines(*(record(number) for number in range(10))))
    files = {path.name: path.stat().st_mtime_ns for path in (project.folder / "lake").rglob("*.parquet")}
    project.ingest(lines(record(20)))
    after = {path.name: path.stat().st_mtime_ns for path in (project.folder / "lake").rglob("*.parquet")}
    assert {name for name in after if after[name] != files.get(name)} == {"2026-05-21.parquet"}
    (project.folder / "lake" / "acme-web" / "2026-05-21.parquet").unlink()
    project.ingest(lines(record(20)))
    assert "acme-web/2026-05-21.parquet" in project.lake()


def test_folders_of_two_repositories_are_shared(project: TraceProject) -> None:
    """Two slugs that give one folder name share its files and keep both their rows."""
    project.ingest(lines(record(metadata={"repo": "a-b/c"}), record(metadata={"repo": "a/b-c"})))
    project.ingest(lines(record(metadata={"repo": "a-b/c", "session_id": "later"})))
    assert [row["repo_slug"] for row in project.lake()["a-b-c/2026-05-01.parquet"]].count("a-b/c") == 2
    assert len(project.lake()["a-b-c/2026-05-01.parquet"]) == 3


def test_rows_of_another_store_stay_in_a_shared_lake(tmp_path: Path) -> None:
    """A partition keeps the rows of its old file that the store knows nothing of."""
    lake = tmp_path / "a" / "lake"
    with TraceProject(tmp_path / "a") as first, TraceProject(tmp_path / "b") as second:
        second.ingestor = TraceIngestor(second.store, dead_letter_dir=tmp_path / "d", parquet_dir=lake)
        first.ingest(lines(record(0), record(28)))
        second.ingest(lines(record(28), record(56)))
        assert {row["session_id"] for row in first.lake()["acme-web/2026-05-01.parquet"]} == {"0", "28", "56"}
        first.ingest(lines(record(84)))
        assert len(first.lake()["acme-web/2026-05-01.parquet"]) == 4


RECORDS = st.builds(
    lambda out, time, model, accepted, cost, slug: call(
        timestamp=f"2026-05-0{time}T10:00:00Z",
        usage={"input_tokens": 100, "output_tokens": out},
        attributes={"llm.model_name": model, **({} if accepted is None else {"accepted": accepted})},
        metadata={"repo": slug} if slug else {},
        **({} if cost is None else {"response_cost": cost}),
    ),
    st.integers(0, 3),
    st.integers(1, 3),
    st.sampled_from(["claude-3-sonnet", "gpt-4o", None]),
    st.sampled_from([None, True, False]),
    st.sampled_from([None, 0.5, 0.25]),
    st.sampled_from([None, "acme/web", "acme/api"]),
)


@examples(30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(RECORDS, min_size=1, max_size=5), st.randoms(use_true_random=False))
def test_any_order_and_split_gives_the_same_store_and_lake(
    tmp_path_factory: pytest.TempPathFactory, records: list[dict[str, Any]], rng: random.Random
) -> None:
    """Merging is commutative, associative and idempotent: shuffled, split over files and repeated, one result."""
    others = [record(1), record(2)]
    shuffled = [*records, *records[:2], *others]
    rng.shuffle(shuffled)
    cut = rng.randrange(len(shuffled) + 1)
    with TraceProject(tmp_path_factory.mktemp("one")) as one, TraceProject(tmp_path_factory.mktemp("other")) as other:
        one.ingest(lines(*records, *others))
        other.ingest(lines(*shuffled[:cut]), "first.jsonl")
        other.ingest(lines(*shuffled[cut:]), "second.jsonl")
        assert other.rows() == one.rows()
        assert other.lake() == one.lake()


@examples(60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.one_of(
            st.binary(max_size=60),
            st.just(json.dumps(record()).encode()),
            st.recursive(
                st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
                lambda inner: (
                    st.dictionaries(
                        st.sampled_from(
                            ["timestamp", "usage", "metadata", "attributes", "id", "model", "type", "message"]
                        ),
                        inner,
                    )
                    | st.lists(inner, max_size=2)
                ),
                max_leaves=8,
            ).map(lambda value: json.dumps(value).encode()),
        ),
        max_size=8,
    )
)
def test_no_bytes_stop_an_ingestion_or_lose_an_entry(
    tmp_path_factory: pytest.TempPathFactory, parts: list[bytes]
) -> None:
    """Whatever the bytes, ingestion ends, and every entry is stored, counted as skipped or a dead letter."""
    good = lines(record(7))
    with TraceProject(tmp_path_factory.mktemp("fuzz")) as project:
        path = project.folder / "fuzz.jsonl"
        path.write_bytes(good + b"\n".join(part.replace(b"\n", b" ") for part in parts))
        (done,) = project.ingestor.ingest([path])
        assert done.entries == 1 + sum(1 for part in parts if part.strip())
        assert done.stored >= 1
        assert done.entries <= done.stored + done.skipped.total() + done.dead
        assert len(list(project.ingestor.dead_letters.read("fuzz"))) == done.dead


def test_containers_give_the_same_store(tmp_path: Path) -> None:
    """JSON lines, arrays a line, one array, pretty-printed objects, gzip and standard input are the same records."""
    records = [record(number) for number in range(5)]
    whole = lines(*records)
    kinds = {
        "lines.jsonl": whole,
        "arrays.jsonl": lines(records[:2], records[2:]),
        "array.json": json.dumps(records, indent=2).encode(),
        "pretty.json": b"\n".join(json.dumps(each, indent=2).encode() for each in records),
        "packed.jsonl.gz": gzip.compress(whole),
    }
    with TraceProject(tmp_path / "expected") as project:
        project.ingest(whole)
        expected = project.rows()
    for name, data in kinds.items():
        with TraceProject(tmp_path / name) as project:
            assert project.ingest(data, name) == 5
            assert project.rows() == expected
    with TraceProject(tmp_path / "stdin") as project:
        project.ingestor.ingest(["-"], stdin=io.BytesIO(whole))
        assert project.rows() == expected


def test_a_damaged_archive_keeps_what_was_readable(project: TraceProject) -> None:
    """Records before the damage are stored, and the damage itself is a dead letter with its reason."""
    packed = gzip.compress(lines(*(record(number) for number in range(20_000))))
    stored = project.ingest(packed[: len(packed) // 2], "cut.jsonl.gz")
    assert stored >= 1000
    assert "cannot be unpacked" in next(iter(project.ingestor.dead_letters.read("cut"))).reason


def test_dead_letters_are_tried_again(project: TraceProject) -> None:
    """What can be used on a retry leaves the box; what cannot stays, and the original file doubles nothing."""
    bare = record(metadata={"session_id": "s"})
    data = lines(b"bad", record(3))
    project.ingest(data)
    box = project.folder / "dead" / "traces.deadletter.jsonl"
    box.write_bytes(box.read_bytes() + lines(bare))  # as if an older version had not known the format
    (done,) = project.ingestor.retry_dead_letters(repo_slug="acme/new")
    assert (done.stored, done.dead) == (1, 1)
    assert box.read_bytes() == b"bad\n"
    project.ingest(data)
    assert box.read_bytes() == b"bad\n"
    assert {row["repo_slug"] for row in project.rows()} == {"acme/web", "acme/new"}
    assert "acme-new/2026-05-01.parquet" in project.lake()


def test_decisions_reach_their_calls_in_any_order(tmp_path: Path) -> None:
    """Transcripts, proxy logs and decision logs give the same calls whichever is read first."""
    files = sorted(DATA.glob("**/*.json*"))
    assert files
    results = []
    for number, order in enumerate((files, files[::-1])):
        with TraceProject(tmp_path / str(number)) as project:
            for path in order:
                project.ingestor.ingest_file(path)
            results.append((project.rows(), project.lake()))
    assert results[0] == results[1]


def test_state_says_what_was_read(project: TraceProject) -> None:
    """The state counts each source once, as it was read last."""
    project.ingest(lines(record(1), b"bad"))
    project.ingest(lines(record(1), b"bad", []))
    now = datetime(2026, 6, 1, tzinfo=UTC)
    project.ingestor.ingest([DATA / "litellm_standard_logging.jsonl"], now=now)
    state = ingestion_state(project.store)
    assert state["last_ingested_at"] == now.isoformat()
    assert (state["sources"], state["dead_letters"], state["skipped"]["empty array"]) == (2, 1, 1)
    assert state["newest_trace"] is not None


def test_sources_are_ingested_with_the_callers_transaction_or_not_at_all(project: TraceProject) -> None:
    """A transaction that is rolled back leaves nothing of its sources, and the lake follows what is committed."""
    path = project.folder / "given"
    path.write_bytes(lines(record(1), b"bad"))

    def ingest(failure: Exception | None = None) -> None:
        with project.store.transaction():
            sources = file_sources(path, "run!session.jsonl", stem="given-1")
            project.ingestor.ingest_sources(sources, repo_slug="acme/web")
            if failure is not None:
                raise failure

    with pytest.raises(ZeroDivisionError):
        ingest(ZeroDivisionError())
    assert (project.rows(), project.lake()) == ([], {})
    assert ingestion_state(project.store)["sources"] == 0
    ingest()
    assert project.lake() == {}
    project.ingestor.write_lake()
    assert list(project.lake()) == ["acme-web/2026-05-02.parquet"]
    assert [row[0] for row in project.store.conn.execute("SELECT source FROM ingestions")] == ["run!session.jsonl"]
    assert [letter.source for letter in project.ingestor.dead_letters.read("given-1")] == ["run!session.jsonl"]


# What a run does from its beginning to its end, and where in it the process dies.
PLACES = [
    ("BEGIN IMMEDIATE", 1),
    ("INSERT INTO sessions", 60),
    ("dead/traces.deadletter.jsonl", 3),
    ("dead/traces.deadletter.reasons.jsonl", 3),
    ("INSERT OR IGNORE INTO lake_pending", 1),
    ("COMMIT", 2),
    ("INSERT OR REPLACE INTO ingestions", 1),
    ("os.rename", 1),
    ("os.rename", 20),
    ("DELETE FROM lake_pending", 1),
]


def test_a_killed_run_is_finished_by_the_next(tmp_path: Path) -> None:
    """Killed anywhere and run again, an ingestion ends in the store, lake and dead letters of one left alone."""
    path = tmp_path / "traces.jsonl"
    session = (DATA / "claude_code_7fabc0bc.jsonl").read_bytes()
    bad = [
        part for number in range(6) for part in (*map(record, range(30 * number, 30 * number + 30)), b"bad %d" % number)
    ]
    path.write_bytes(lines(*bad, call(), call(usage={"input_tokens": 1, "output_tokens": 900})) + session)
    with TraceProject(tmp_path / "expected") as project:
        project.ingestor.ingest_file(path)
        expected = project.rows(), project.lake(), list(project.ingestor.dead_letters.read("traces"))
    assert (len(expected[0]), len(expected[2])) == (186, 6)
    for folder in killed_ingestions(path, tmp_path, PLACES):
        with TraceProject(folder) as project:
            project.ingestor.ingest_file(path)
            letters = sorted(project.ingestor.dead_letters.read("traces"), key=lambda letter: letter.line)
            assert (project.rows(), project.lake(), letters) == expected


def not_read(*_: object) -> Any:
    """Stand in for the reading of a file that must not be read."""
    raise AssertionError("the file was read")


@pytest.fixture
def transcript(project: TraceProject) -> Path:
    """Write a session whose calls are written several times, and a line that cannot be used, with a full time."""
    path = project.folder / "session.jsonl"
    path.write_bytes((DATA / "claude_code_7fabc0bc.jsonl").read_bytes() + b"bad\n")
    os.utime(path, ns=(10**18 + 5, 10**18 + 5))
    return path


def test_an_unchanged_file_is_not_read_again(
    project: TraceProject, transcript: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that has not changed is known, with what became of it, also where several records made one call."""
    first = project.ingestor.ingest([transcript])
    monkeypatch.setattr("prodlens.trace_ingestion.ingestor.batches", not_read)
    assert project.ingestor.ingest([transcript]) == first
    assert (first[0].entries, first[0].stored, first[0].dead, first[0].skipped) == (20, 5, 1, {"session event": 6})


def test_a_known_file_is_read_again_when_something_of_it_is_gone(project: TraceProject, transcript: Path) -> None:
    """Rows, partitions and dead letters that were deleted come back with their file."""
    project.ingestor.ingest([transcript])
    before = project.rows(), project.lake()
    letters = project.folder / "dead" / "session.deadletter.jsonl"
    (partition,) = project.folder.glob("lake/*/*.parquet")
    damages: list[Callable[[], object]] = [
        lambda: project.store.conn.execute("DELETE FROM sessions WHERE id = 2"),
        partition.unlink,
        letters.unlink,
    ]
    for damage in damages:
        damage()
        project.ingestor.ingest([transcript])
        assert (project.rows(), project.lake()) == before
        assert letters.read_bytes() == b"bad\n"


def test_a_file_that_changed_is_read_again(project: TraceProject, transcript: Path) -> None:
    """A file is known by its size and times, and by the repository that its calls are given."""
    project.ingestor.ingest([transcript])
    with transcript.open("ab") as stream:
        stream.write(lines(record(3)))
    assert project.ingestor.ingest_file(transcript) == 6
    assert project.ingestor.ingest_file(transcript, repo_slug="octo/hello") == 6
    assert project.ingestor.ingest_file(transcript) == 6


def test_a_file_of_whole_seconds_is_not_known(
    project: TraceProject, transcript: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the file system keeps whole seconds, a file can change twice in one, and is read every time."""
    status = os.stat_result((*transcript.stat()[:7], 1, 1, 1), {"st_mtime_ns": 10**9, "st_ctime_ns": 10**9})
    known = KnownFiles(project.store.conn, RowRules())
    assert known.signature(transcript) is not None
    monkeypatch.setattr(type(transcript), "stat", lambda _, **__: status)
    assert known.signature(transcript) is None


def test_an_anonymized_file_is_not_known(project: TraceProject, transcript: Path) -> None:
    """What an anonymizer makes of a call can change from run to run, and so the file is read every time."""
    assert KnownFiles(project.store.conn, RowRules(anonymize=lambda trace: trace)).signature(transcript) is None


class Broken(RecordReader):
    """A reader with a mistake in it."""

    def finish(self) -> list[Item]:
        """Fail as code fails that forgot a case."""
        raise KeyError("trace content")


def test_a_fault_of_ours_is_not_blamed_on_the_record(
    project: TraceProject, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A record that the program fails on is kept, counted by the place in the code, and no other record is lost."""

    def fail_on_gpt(given: Mapping[str, Any]) -> list[Item]:
        if given["attributes"]["llm.model_name"] == "gpt-4o":
            partition_folder(given["usage"])
        return REFERENCE.reader().read(given)

    broken = replace(REFERENCE, reader=lambda: Broken(fail_on_gpt))
    bad = json.dumps(record(2, attributes={"llm.model_name": "gpt-4o"})).encode()
    path = project.folder / "traces.jsonl"
    path.write_bytes(lines(record(1), bad, record(3)))
    with monkeypatch.context() as patch:
        patch.setattr("prodlens.trace_ingestion.batches.recognise", lambda _: broken)
        (done,) = project.ingestor.ingest([path])
    assert (done.stored, done.dead, sum(done.faults.values())) == (2, 1, 2)
    assert all(re.fullmatch(r"(Attribute|Key|Type)Error at prodlens/.*\.py:\d+", place) for place in done.faults)
    (letter,) = project.ingestor.dead_letters.read("traces")
    assert letter.raw == bad
    assert letter.reason.startswith("ProdLens failed here, and the record may be right: ")
    assert "trace content" not in caplog.text
    (again,) = project.ingestor.ingest([path])
    assert (again.stored, again.dead, again.faults) == (3, 0, {})
    (retried,) = project.ingestor.retry_dead_letters()
    assert (retried.stored, retried.dead) == (1, 0)


def test_a_record_nested_too_deeply_is_a_dead_letter(project: TraceProject, monkeypatch: pytest.MonkeyPatch) -> None:
    """Depth is the record's own fault."""

    def deep(_: object) -> None:
        raise RecursionError

    monkeypatch.setattr("prodlens.trace_ingestion.batches.recognise", deep)
    path = project.folder / "traces.jsonl"
    path.write_bytes(lines(record(1)))
    (done,) = project.ingestor.ingest([path])
    assert (done.dead, done.faults) == (1, {})
    (letter,) = project.ingestor.dead_letters.read("traces")
    assert letter.reason == "nested too deeply"


def test_files_before_an_unreadable_one_are_stored(project: TraceProject) -> None:
    """Small files are stored together, and what was read before an error is kept."""

    def denied(*_: object) -> Any:
        raise PermissionError(13, "Permission denied")

    good = project.folder / "good.jsonl"
    good.write_bytes(lines(record(1)))
    locked = Source("locked.jsonl", "locked", denied)
    with pytest.raises(StorageError, match=r"cannot read locked\.jsonl: Permission denied"):
        project.ingestor.ingest_sources([*find_sources([good]), locked])
    assert [row["session_id"] for row in project.rows()] == ["1"]


def test_a_retry_holds_no_more_letters_than_a_batch(project: TraceProject, monkeypatch: pytest.MonkeyPatch) -> None:
    """Letters are tried again one after the other: memory does not grow with their number."""
    monkeypatch.setattr("prodlens.trace_ingestion.batches.BATCH_BYTES", 100_000)
    held = {}
    for count in (200, 800):
        letters = [DeadLetter("a.jsonl", number, b"bad " + b"x" * 10_000, "invalid") for number in range(count)]
        project.ingestor.dead_letters.add(f"a{count}", letters)
        del letters
        tracemalloc.start()
        (*_, done) = project.ingestor.retry_dead_letters()
        held[count] = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert done.dead == count
        project.ingestor.dead_letters.replace(f"a{count}", ())
    assert held[800] < 2 * held[200] < 8_000_000


def test_prices_of_ones_own_are_part_of_what_is_known_of_a_file(project: TraceProject, transcript: Path) -> None:
    """Another price list is used for a file that has not changed."""
    own = Prices(OwnPrices((OwnPrice("claude-haiku-*", share=0.5),)))
    project.ingestor.ingest([transcript])
    project.ingestor.prices = own
    project.ingestor.ingest([transcript])
    assert {row["cost_source"] for row in project.rows() if row["model"].startswith("claude-haiku")} == {"own-price"}
