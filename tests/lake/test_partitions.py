"""The lake's files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from prodlens.errors import InvalidSlugError, StorageError
from prodlens.lake import Lake, stored_partitions
from prodlens.slugs import partition_folder
from prodlens.storage import ProdLensStore
from prodlens.storage.row_conversion import SESSION_COLUMNS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ProdLensStore]:
    """Open a store with a call a day for a quarter, in two repositories and in none."""
    with ProdLensStore(tmp_path / "cache.db") as opened:
        opened.insert_sessions(
            {"timestamp": f"2026-{month:02}-{day:02}T10:00:00Z", "repo_slug": slug, "session_id": slug}
            for month in (1, 2, 3)
            for day in range(1, 29)
            for slug in ("acme/web", "acme/api", None)
        )
        yield opened


def test_many_days_are_written_by_two_processes(store: ProdLensStore, tmp_path: Path) -> None:
    """A long lake, written half by a side process, has every row once, in every column."""
    lake = Lake(tmp_path / "lake")
    assert lake.sync(store.conn, stored_partitions(store.conn)) == 3 * 84
    assert len(lake.exported()) == 3 * 84
    table = pa.concat_tables([pq.ParquetFile(path).read() for path in lake.exported()])
    assert tuple(table.column_names) == SESSION_COLUMNS
    assert sorted(map(str, table["trace_hash"].to_pylist())) == sorted(
        row["trace_hash"] for row in store.fetch_sessions()
    )
    times = {path: path.stat().st_mtime_ns for path in lake.exported()}
    lake.sync(store.conn, stored_partitions(store.conn))
    assert {path: path.stat().st_mtime_ns for path in lake.exported()} == times


def test_only_what_shrinks_is_packed(store: ProdLensStore, tmp_path: Path) -> None:
    """Columns with a handful of values a day are not packed; the varied ones have no dictionary."""
    lake = Lake(tmp_path / "lake")
    lake.sync(store.conn, [("acme-web", "2026-01-05")])
    group = pq.ParquetFile(lake.path("acme-web", "2026-01-05")).metadata.row_group(0)
    columns = {each.path_in_schema: each for each in map(group.column, range(group.num_columns))}
    names = ("session_id", "call_id", "cache_read_tokens", "model", "accepted_flag", "event_date")
    assert [(columns[name].compression, columns[name].has_dictionary_page) for name in names] == [
        ("ZSTD", False),
        ("ZSTD", True),
        ("ZSTD", True),
        ("UNCOMPRESSED", True),
        ("UNCOMPRESSED", True),
        ("UNCOMPRESSED", True),
    ]


def test_partitions_by_day_and_repository(store: ProdLensStore) -> None:
    """Partitions are those from a day on, of one repository if given."""
    assert stored_partitions(store.conn, "2026-03-28") == [
        ("acme-api", "2026-03-28"),
        ("acme-web", "2026-03-28"),
        ("unknown", "2026-03-28"),
    ]
    assert stored_partitions(store.conn, "2026-03-28", "acme/web") == [("acme-web", "2026-03-28")]


def test_a_partition_without_calls_is_removed(store: ProdLensStore, tmp_path: Path) -> None:
    """When the last call of a day moves away, its file goes; a row that only the file knew would keep it."""
    lake = Lake(tmp_path / "lake")
    day = [("acme-web", "2026-01-05")]
    lake.sync(store.conn, day)
    store.conn.execute("UPDATE sessions SET event_date = '2026-01-06' WHERE event_date = '2026-01-05'")
    assert lake.sync(store.conn, day) == 0
    assert lake.exported() == []


def test_files_of_an_older_version_gain_the_new_columns(store: ProdLensStore, tmp_path: Path) -> None:
    """Rows of an old file without today's columns are kept with nulls there."""
    lake = Lake(tmp_path / "lake")
    path = lake.path("acme-web", "2026-01-05")
    path.parent.mkdir(parents=True)
    old = pa.table({"trace_hash": ["old"], "timestamp": ["2026-01-05T00:00:00+00:00"], "tokens_in": [7]})
    pq.write_table(old, path)
    lake.sync(store.conn, [("acme-web", "2026-01-05")])
    rows = pq.ParquetFile(path).read().to_pylist()
    assert {row["trace_hash"]: row["tokens_in"] for row in rows}["old"] == 7
    assert len(rows) == 2


def broken(path: Path) -> Iterator[tuple[str, bytes]]:
    """Yield ways in which a partition can be damaged."""
    whole = path.read_bytes()
    yield "empty", b""
    yield "not Parquet", b"not Parquet at all"
    yield "cut in the middle", whole[: len(whole) // 2]
    yield "cut at the end", whole[:-1]
    yield "another footer", whole[:-1000] + bytes(992) + whole[-8:]
    yield "another length", whole[:-8] + b"\xff\xff\xff\x7f" + whole[-4:]
    yield "zeros in the pages", whole[:4] + bytes(200) + whole[204:]
    table = pa.BufferOutputStream()
    pq.write_table(pa.table({"a": [1]}), table)
    yield "another program's", table.getvalue().to_pybytes()


def test_a_damaged_file_is_set_aside(store: ProdLensStore, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A file that cannot be read is named and kept under another name, and the day is written from the store."""
    lake, day = Lake(tmp_path / "lake"), [("acme-web", "2026-01-05")]
    lake.sync(store.conn, day)
    path = lake.path(*day[0])
    expected = path.read_bytes()
    for what, content in list(broken(path)):
        path.write_bytes(content)
        caplog.clear()
        assert lake.sync(store.conn, day) == 1, what
        assert path.read_bytes() == expected, what
        assert path.with_name("2026-01-05.parquet.damaged").read_bytes() == content, what
        [said] = caplog.messages
        assert said.startswith(f"{path} is damaged, or not a partition of ProdLens ("), what
        assert lake.exported() == [path]


def test_a_failing_disk_is_not_a_damaged_file(
    store: ProdLensStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that the system cannot read is left where it is, and the error names what failed."""
    lake, day = Lake(tmp_path / "lake"), [("acme-web", "2026-01-05")]
    lake.sync(store.conn, day)

    def fail(*_: object) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("prodlens.lake.partitions.pq.ParquetFile", fail)
    with pytest.raises(StorageError, match="Input/output error"):
        lake.sync(store.conn, day)
    assert lake.exported() == [lake.path(*day[0])]


def test_other_tables_stand_beside(tmp_path: Path) -> None:
    """Aggregates are written as they are; a folder that cannot be written is an error."""
    lake = Lake(tmp_path / "lake")
    path = lake.write("_aggregates/2026-01-01.parquet", pa.table({"a": [1]}))
    assert pq.ParquetFile(path).read().to_pylist() == [{"a": 1}]
    assert lake.exported() == [path]
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StorageError, match="file"):
        Lake(tmp_path / "file").write("x.parquet", pa.table({"a": [1]}))


@pytest.mark.parametrize(
    ("slug", "folder"),
    [("acme/web", "acme-web"), (None, "unknown"), ("bare", "bare"), ("a b/c", "a-b-c"), ("_aggregates", "aggregates")],
)
def test_folders_stay_inside(slug: str | None, folder: str) -> None:
    """A slug gives its documented folder, other harmless text one of its own."""
    assert partition_folder(slug) == folder


@pytest.mark.parametrize("slug", ["../../etc", "/etc", "..", "a/..", "..\\..\\x", "C:/x", "a\0b", "./x"])
def test_slugs_that_would_leave_are_refused(slug: str) -> None:
    """A slug that would lead out of the lake is refused."""
    with pytest.raises(InvalidSlugError):
        partition_folder(slug)
