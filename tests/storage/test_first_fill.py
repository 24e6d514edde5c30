"""Filling a new store with a large file: indexes at the end, the lake from what passes by; the result is the same."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from prodlens.errors import StorageError
from prodlens.lake import Lake, stored_partitions
from prodlens.lake.first_fill import LakeDraft
from prodlens.storage import ProdLensStore
from prodlens.storage.first_fill import BulkLoad, is_unfilled
from prodlens.trace_ingestion import TraceIngestor
from prodlens.trace_ingestion.reference_fast_path import PLAIN_COLUMNS, PlainRows
from tests.trace_project import TraceProject, call, killed_ingestions, lines, record

if TYPE_CHECKING:
    from pathlib import Path

    from tests.trace_project import Opener


def plain(number: int = 0, day: int = 1, repo: str = "acme/web", **attributes: Any) -> dict[str, Any]:
    """Build a record that takes the short way."""
    return {
        "timestamp": f"2026-05-{day:02}T{number % 24:02}:00:00.{1 + number:06}Z",
        "usage": {"input_tokens": number, "output_tokens": 5, "total_tokens": number + 5},
        "attributes": {
            "llm.model_name": "gpt-4o",
            "latency_ms": 10,
            "status_code": 200,
            "prod_lens.accepted": True,
            "diff_ratio": 0.5,
            "accepted_lines": 3,
            **attributes,
        },
        "metadata": {"session_id": f"session_{number:x}", "developer_id": "dev", "repo": repo},
    }


def files(project: TraceProject) -> dict[str, bytes]:
    """Return what every file of the lake holds, the unfinished ones too."""
    lake = project.folder / "lake"
    return {str(path.relative_to(lake)): path.read_bytes() for path in lake.rglob("*parquet*")}


def letters(project: TraceProject) -> list[tuple[int, bytes, str]]:
    """Return the dead letters: line, bytes, reason."""
    return [(letter.line, letter.raw, letter.reason) for letter in project.ingestor.dead_letters.read("traces")]


def indexes(project: TraceProject) -> set[tuple[str, str]]:
    """Return the indexes of the calls."""
    query = "SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND tbl_name = 'sessions'"
    return {(row[0], row[1]) for row in project.store.conn.execute(query)}


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Take every file for a large one, read in this process so that the size of a batch can be set."""
    monkeypatch.setattr("prodlens.trace_ingestion.ingestor._LARGE_BYTES", 0)
    monkeypatch.setattr("prodlens.trace_ingestion.batches._BATCH_ENTRIES", 3)
    monkeypatch.setattr("prodlens.trace_ingestion.ingestor._batches", _batches_here)
    return monkeypatch


def _batches_here(*arguments: Any) -> Any:
    from prodlens.trace_ingestion.batches import batches  # noqa: PLC0415 - the name that is replaced is another module's

    source, *rest = arguments
    return batches(source.open, source.name, *rest)


ENTRIES = st.one_of(
    st.builds(
        plain,
        st.integers(0, 5),
        st.integers(1, 3),
        st.sampled_from(["acme/web", "acme/api", "a-b/c", "a/b-c"]),
        diff_ratio=st.sampled_from([0, 0.5, -0.0]),
    ),
    st.sampled_from([b"bad", record(1), record(4), call(), call(usage={"input_tokens": 1, "output_tokens": 9})]),
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(ENTRIES, max_size=12), st.integers(0, 6))
def test_a_filled_store_is_as_one_that_grew(
    tmp_path_factory: pytest.TempPathFactory, large: pytest.MonkeyPatch, entries: list[Any], most: int
) -> None:
    """Any records in any order, repeated and mixed, give the store, the letters and to the byte the lake of batches."""
    with (
        TraceProject(tmp_path_factory.mktemp("grown")) as grown,
        TraceProject(tmp_path_factory.mktemp("filled")) as filled,
    ):
        with large.context() as patch:
            patch.setattr("prodlens.trace_ingestion.ingestor._LARGE_BYTES", 2**60)
            stored = grown.ingest(lines(*entries))
        with large.context() as patch:
            patch.setattr("prodlens.trace_ingestion.ingestor._MOST_OTHERS", most)
            patch.setattr("prodlens.lake.first_fill._MOST_ROWS", most)
            assert filled.ingest(lines(*entries)) == stored
        assert filled.rows() == grown.rows()
        assert files(filled) == files(grown)
        assert indexes(filled) == indexes(grown)
        assert letters(filled) == letters(grown)
        for query in ("SELECT * FROM lake_pending", "SELECT * FROM session_parts ORDER BY trace_hash, digest"):
            found = [[tuple(row) for row in each.store.conn.execute(query)] for each in (filled, grown)]
            assert found[0] == found[1]


def test_the_lake_is_not_read_back(opened: Opener, tmp_path: Path, large: pytest.MonkeyPatch) -> None:
    """Days in their order are written as they pass: nothing is left for the store to give."""

    def refuse(*_: object) -> int:
        raise AssertionError("the lake was read back")

    large.setattr(Lake, "sync", refuse)
    project = opened(tmp_path)
    assert project.ingest(lines(*(plain(number, 1 + number // 4) for number in range(20)))) == 20
    assert sum(map(len, project.lake().values())) == 20
    assert project.store.conn.execute("SELECT count(*) FROM lake_pending").fetchone()[0] == 0


@pytest.mark.usefixtures("large")
def test_rows_of_another_store_stay_in_the_lake(opened: Opener, tmp_path: Path) -> None:
    """A partition that is there already is never drafted: it keeps the rows that the new store does not have."""
    first, second = opened(tmp_path / "a"), opened(tmp_path / "b")
    second.ingestor = TraceIngestor(second.store, dead_letter_dir=tmp_path / "d", parquet_dir=tmp_path / "a" / "lake")
    first.ingest(lines(plain(1)))
    second.ingest(lines(plain(2), plain(3, 2)))
    assert {name: len(rows) for name, rows in first.lake().items()} == {
        "acme-web/2026-05-01.parquet": 2,
        "acme-web/2026-05-02.parquet": 1,
    }


def test_a_failure_leaves_the_store_as_new(opened: Opener, tmp_path: Path, large: pytest.MonkeyPatch) -> None:
    """A file that cannot be read to its end leaves no call, every index, and nothing unfinished in the lake."""

    def broken(*arguments: Any) -> Any:
        yield from list(_batches_here(*arguments))[:-1]
        raise StorageError("the disk is gone")

    project = opened(tmp_path)
    expected = indexes(project)
    large.setattr("prodlens.trace_ingestion.ingestor._batches", broken)
    with pytest.raises(StorageError, match="disk"):
        project.ingest(lines(*(plain(number, 1 + number // 4) for number in range(20))))
    assert project.rows() == []
    assert indexes(project) == expected
    assert files(project) == {}


def test_a_store_with_calls_or_decisions_is_filled(tmp_path: Path) -> None:
    """Only a store that has neither calls nor decisions is a new one."""
    with ProdLensStore(tmp_path / "cache.db") as store:
        assert is_unfilled(store.conn)
        with store.transaction() as conn:
            conn.execute("INSERT INTO decisions (tool_use_id, digest, verdict) VALUES ('t', 'd', 'accept')")
        assert not is_unfilled(store.conn)
        with store.transaction() as conn:
            conn.execute("DELETE FROM decisions")
        store.insert_sessions([{"timestamp": "2026-05-01T00:00:00Z"}])
        assert not is_unfilled(store.conn)


def test_an_index_of_the_report_is_made_again(tmp_path: Path) -> None:
    """Whatever indexes the calls have, they have after a load, and each is whole."""
    with ProdLensStore(tmp_path / "cache.db") as store:
        store.conn.execute("CREATE INDEX mine ON sessions (model)")
        row = PlainRows({}).row(plain(1))
        assert row is not None
        with store.transaction() as conn:
            load = BulkLoad(conn, PLAIN_COLUMNS)
            load.add([row, row])
            assert load.finish() == {("acme/web", "2026-05-01")}
        assert stored_partitions(store.conn) == [("acme-web", "2026-05-01")]
        assert store.conn.execute("SELECT count(*) FROM sessions INDEXED BY mine WHERE model = 'gpt-4o'").fetchone()[0]
        assert store.conn.execute("PRAGMA integrity_check").fetchone()[0] == "ok"


def test_a_draft_that_cannot_take_its_place_is_said(tmp_path: Path) -> None:
    """A folder where a partition belongs is an error for the user, and the unfinished file goes."""
    row = PlainRows({}).row(plain(1))
    assert row is not None
    with LakeDraft(tmp_path, PLAIN_COLUMNS) as draft:
        draft.add([row])
        draft.add([])
        (tmp_path / "acme-web" / "2026-05-01.parquet" / "in the way").mkdir(parents=True)
        with pytest.raises(StorageError, match="cannot write"):
            draft.publish()
    assert [path.name for path in tmp_path.rglob("*.new")] == []


KILLED = """
import sys
from prodlens.storage import ProdLensStore
import prodlens.trace_ingestion.ingestor as ingestion
ingestion._LARGE_BYTES = 0
folder = sys.argv[1]
store = ProdLensStore(folder + "/cache.db")
print("ready", flush=True)
ingestion.TraceIngestor(store, dead_letter_dir=folder + "/dead", parquet_dir=folder + "/lake").ingest_file(sys.argv[2])
print("done", flush=True)
"""


def test_a_killed_filling_is_finished_by_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed at any point and run again, the filling of a store ends in the store and lake of one left alone."""
    monkeypatch.setattr("prodlens.trace_ingestion.ingestor._LARGE_BYTES", 0)
    path = tmp_path / "traces.jsonl"
    with path.open("wb") as file:
        for number in range(20_000):
            file.write(json.dumps(plain(number, 1 + number // 1000)).encode() + b"\n")
        file.write(lines(b"bad", plain(0), call(), record(3)))
    with TraceProject(tmp_path / "expected") as expected:
        started = time.perf_counter()
        expected.ingestor.ingest_file(path)
        seconds = time.perf_counter() - started
        for folder in killed_ingestions(KILLED, path, tmp_path, seconds=seconds, kills="2"):
            with TraceProject(folder) as project:
                project.ingestor.ingest_file(path)
                assert project.rows() == expected.rows()
                assert files(project) == files(expected)
                assert indexes(project) == indexes(expected)
                assert letters(project) == letters(expected)


@pytest.mark.usefixtures("large")
def test_inside_the_callers_transaction_nothing_is_published(tmp_path: Path) -> None:
    """A store is filled in a transaction of its own alone: one that is rolled back leaves no file in the lake."""
    path = tmp_path / "traces.jsonl"
    path.write_bytes(lines(*(plain(number, day=1 + number) for number in range(12))))
    with TraceProject(tmp_path / "project") as project:

        def ingest_and_fail() -> None:
            with project.store.transaction():
                project.ingestor.ingest([path])
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            ingest_and_fail()
        assert (project.rows(), files(project)) == ([], {})
        project.ingestor.ingest([path])
        assert (len(project.rows()), len(files(project))) == (12, 12)
