"""Compaction: one file for each closed month, and no reader ever sees a half."""

from __future__ import annotations

import io
import os
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pyarrow.parquet as pq
import pytest

from prodlens.lake import Place, as_file, compact, publish, published_files, published_paths
from prodlens.lake.compaction import QUIET
from tests.forked import Forked
from tests.lake.published_rows import COMMITS, commits, publication, shas

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.lake.s3_server import S3Server

WEB, API = "v1/commits/month=2026-05/acme.web.parquet", "v1/commits/month=2026-05/acme.api.parquet"
LIST = "compacted/v1/commits.json"


JULY = datetime(2026, 7, 1, tzinfo=UTC)


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compact what has just changed. In a bucket times are seconds, so what changes there has another size here."""
    monkeypatch.setattr("prodlens.lake.compaction.QUIET", timedelta(0))


@pytest.fixture
def place(address: str) -> Place:
    """Give a place with two repositories, in May and June."""
    found = Place(address)
    publish(found, publication("05a", "05b", "06a"))
    publish(found, publication("05x", "06x", repository="acme/api"))
    return found


ALL = ["05a", "05b", "05x", "06a", "06x"]


def test_a_closed_month_is_one_file(place: Place) -> None:
    """Each closed month is read from one file with all rows by repository; the open month from its parts."""
    done = compact(place, JULY)
    assert (len(done.written), done.waiting, done.skipped, done.removed) == (2, 0, [], [])
    assert published_paths(place, "commits") == done.written
    assert published_paths(place, "commits", "2026-06") == done.written[1:]
    rows = pq.read_table(io.BytesIO(place.read(done.written[0]) or b""))
    assert rows.schema.equals(COMMITS.schema, check_metadata=True)
    assert list(zip(rows["repository"].to_pylist(), rows["sha"].to_pylist(), strict=True)) == [
        ("acme/api", "05x"),
        ("acme/web", "05a"),
        ("acme/web", "05b"),
    ]
    assert shas(place) == ALL
    again = compact(place, JULY)
    assert (again.written, again.unchanged) == ([], 2)


def test_the_open_month_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The current month, and months with a file that changed within the last minute, are not compacted yet."""
    monkeypatch.setattr("prodlens.lake.compaction.QUIET", QUIET)
    place = Place(tmp_path)
    publish(place, publication("05a", "06a"))
    for month, ago in (("05", 61), ("06", 61)):
        changed(tmp_path / WEB.replace("-05", f"-{month}"), ago)
    done = compact(place, JULY - timedelta(seconds=1))
    assert [path[:35] for path in done.written] == ["compacted/v1/commits/month=2026-05/"]
    changed(tmp_path / WEB.replace("-05", "-06"), 30)
    done = compact(place, JULY)
    assert (done.written, done.waiting, done.unchanged) == ([], 1, 1)
    changed(tmp_path / WEB.replace("-05", "-06"), 61)
    assert len(compact(place, JULY).written) == 1


def changed(file: Path, seconds_ago: int) -> None:
    """Let a file be one that was written some time ago."""
    at = datetime.now(UTC).timestamp() - seconds_ago
    os.utime(file, (at, at))


def test_publishing_after_compaction_is_seen_at_once(place: Place) -> None:
    """A month that changed is read from its parts, until it is compacted again; another one is not affected."""
    first = compact(place, JULY).written
    publish(place, publication("05a", "05b", "05c", "06a"))
    assert published_paths(place, "commits") == [API, WEB, first[1]]
    assert shas(place) == ["05a", "05b", "05c", "05x", "06a", "06x"]
    publish(place, publication("05z", repository="other/new"))
    assert shas(place) == ["05a", "05b", "05c", "05x", "05z", "06a", "06x"]
    publish(place, publication("06x", repository="acme/api"))
    assert shas(place) == ["05a", "05b", "05c", "05z", "06a", "06x"]
    again = compact(place, JULY).written
    assert published_paths(place, "commits") == [again[0], first[1]]
    assert shas(place) == ["05a", "05b", "05c", "05z", "06a", "06x"]
    publish(place, publication("06a"))
    assert shas(place) == ["05z", "06a", "06x"]


def test_old_files_are_removed_when_nobody_reads_them(tmp_path: Path) -> None:
    """A file that was replaced stays for readers that still use it, until it is replaced once more and a day old."""
    place = Place(tmp_path)
    files = []
    for sha in ("05a", "05b", "05c"):
        publish(place, publication(sha))
        files += compact(place, JULY).written
        assert compact(place, JULY).removed == []
    assert [(tmp_path / file).exists() for file in files] == [True, True, True]
    changed(tmp_path / files[0], 24 * 3600 - 60)
    assert compact(place, JULY).removed == []
    changed(tmp_path / files[0], 24 * 3600 + 60)
    assert compact(place, JULY).removed == files[:1]
    assert [(tmp_path / file).exists() for file in files] == [False, True, True]
    assert published_paths(place, "commits") == files[2:]


@pytest.mark.parametrize("listed", [b"", b"{", b"[]", b'{"months": {"2026-05": {"x": 1}}}', b'{"months": 3}', None])
def test_without_a_list_the_files_of_repositories_are_read(tmp_path: Path, listed: bytes | None) -> None:
    """If the list is missing or damaged, the repositories' files are read, and the next compaction writes it again."""
    place = Place(tmp_path)
    publish(place, publication("05a"))
    compact(place, JULY)
    if listed is None:
        (tmp_path / LIST).unlink()
    else:
        (tmp_path / LIST).write_bytes(listed)
    assert published_paths(place, "commits") == [WEB]
    assert published_paths(place, "commits") != compact(place, JULY).written == published_paths(place, "commits")


def test_a_file_that_cannot_be_a_part(tmp_path: Path) -> None:
    """A damaged file and one of a newer version are named; their months are read as they are, others are compacted."""
    place = Place(tmp_path)
    publish(place, publication("05a", "06a", "04a"))
    (tmp_path / WEB).write_bytes(b"PAR1")
    newer = commits("04a").append_column("later", commits("04a")["sha"])
    pq.write_table(newer, tmp_path / WEB.replace("-05", "-04"))
    done = compact(place, JULY)
    assert [path[:35] for path in done.written] == ["compacted/v1/commits/month=2026-06/"]
    assert len(done.skipped) == 2
    later = WEB.replace("-05", "-04")
    assert done.skipped[0] == (
        f"commits of 2026-04 is not compacted: {later} has columns that this version does not know (later); "
        "upgrade ProdLens"
    )
    # Arrow's own words come between.
    assert done.skipped[1].startswith(
        f"commits of 2026-05 is not compacted: {WEB} cannot be read (Parquet file size is"
    )
    assert done.skipped[1].endswith("); publish its repository again")
    assert "\n" not in done.skipped[1]
    assert [path.name for path in tmp_path.rglob("compacted/**/*") if path.name.startswith(".")] == []


def test_files_of_older_versions_are_taken(tmp_path: Path) -> None:
    """A column that a file does not have yet is null in the compacted one."""
    place = Place(tmp_path)
    publish(place, publication("05a"))
    pq.write_table(commits("05a").drop_columns(["assisted"]), tmp_path / WEB)
    (path,) = compact(place, JULY).written
    assert pq.read_table(tmp_path / path)["assisted"].to_pylist() == [None]


def test_a_file_that_changes_meanwhile(s3: S3Server) -> None:
    """What is published while its month is compacted is seen, and the month waits for the next time."""
    place, other = Place(s3.address), Place(s3.address)
    publish(place, publication("05a"))
    publish(place, publication("05x", repository="acme/api"))
    met: list[str] = []

    def change(method: str, path: str, _: int) -> None:
        if (method, path) == ("GET", WEB) and not met:
            met.append(path)
            publish(other, publication("05a", "05b"))

    s3.fault = change
    done = compact(place, JULY)
    assert (done.written, done.waiting) == ([], 1)
    assert shas(place) == ["05a", "05b", "05x"]
    assert len(compact(place, JULY).written) == 1
    assert shas(place) == ["05a", "05b", "05x"]


class Busy(Place):
    """A folder in which a repository publishes a month anew as soon as its file of that month is read."""

    def read(self, path: str) -> bytes | None:
        """Read the file, and then publish it with one commit more."""
        data = super().read(path)
        if path.startswith("v1/commits/month=2026-"):
            month = path[22:24]
            super().write(path, as_file(COMMITS, commits(f"{month}a", f"{month}b")))
        return data


def test_every_month_that_changes_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All months that changed shortly before or meanwhile are counted, and none of them is compacted."""
    publish(Place(tmp_path), publication("03a", "04a", "05a", "06a"))
    done = compact(Busy(tmp_path), JULY)
    assert (done.written, done.waiting, done.unchanged) == ([], 4, 0)
    assert shas(Place(tmp_path)) == ["03a", "03b", "04a", "04b", "05a", "05b", "06a", "06b"]
    monkeypatch.setattr("prodlens.lake.compaction.QUIET", QUIET)
    assert compact(Place(tmp_path), JULY).waiting == 4


def test_a_file_that_goes_meanwhile(s3: S3Server) -> None:
    """A file that is gone when it is to be read lets that month wait, and no other."""
    place, other = Place(s3.address), Place(s3.address)
    publish(place, publication("05a", "06a"))

    def remove(method: str, path: str, _: int) -> None:
        if (method, path) == ("HEAD", WEB):
            s3.fault = None
            other.delete(WEB)

    s3.fault = remove
    done = compact(place, JULY)
    assert (len(done.written), done.waiting, done.skipped) == (1, 1, [])
    assert shas(place) == ["06a"]


def test_many_rows_are_written_in_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows wait until a row group is full, so that memory does not grow with the place."""
    monkeypatch.setattr("prodlens.lake.compaction._ROW_GROUP_ROWS", 2)
    place = Place(tmp_path)
    for number in range(5):
        publish(place, publication(f"05{number}", repository=f"acme/r{number}"))
    publish(place, publication("060", "061", "062", "063", "064"))
    files = [pq.read_metadata(tmp_path / path) for path in compact(place, JULY).written]
    sizes = [[file.row_group(number).num_rows for number in range(file.num_row_groups)] for file in files]
    assert sizes == [[2, 2, 1], [2, 2, 1]]
    assert shas(place) == [f"{month}{number}" for month in ("05", "06") for number in range(5)]


def test_how_a_compacted_file_and_its_list_are_written(tmp_path: Path) -> None:
    """Columns are zstd, those whose values repeat with a dictionary; the list is JSON with a line for each fact."""
    place = Place(tmp_path)
    publish(place, publication("05a", "05b"))
    (path,) = compact(place, JULY).written
    group = pq.read_metadata(tmp_path / path).row_group(0)
    columns = {one.path_in_schema: one for one in map(group.column, range(group.num_columns))}
    assert {column.compression for column in columns.values()} == {"ZSTD"}
    assert [columns[name].has_dictionary_page for name in ("repository", "sha")] == [True, False]
    name = path.rpartition("/")[2]
    parts = name.removesuffix(".parquet")
    assert (tmp_path / LIST).read_text("utf-8") == (
        '{\n  "months": {\n    "2026-05": {\n'
        f'      "file": "{name}",\n      "parts": "{parts}",\n      "before": ""\n'
        "    }\n  }\n}"
    )


def test_which_files_a_table_has(tmp_path: Path) -> None:
    """Addresses can be opened by any engine; repositories have one file each; an empty place has none."""
    assert published_files(tmp_path / "nothing", "calls") == []
    publish(Place(tmp_path), publication("04a", "05a", "06a"))
    assert published_files(tmp_path, "repositories") == [str(tmp_path / "v1/repositories/acme.web.parquet")]
    found = published_files(str(tmp_path), "commits", "2026-04", "2026-05")
    assert found == [str(tmp_path / WEB.replace("-05", "-04")), str(tmp_path / WEB)]
    (tmp_path / "v1/commits/month=2026-05/notes.txt").write_text("not a table")
    (tmp_path / "v1/commits/other").mkdir()
    assert len(published_files(tmp_path, "commits")) == 3
    with pytest.raises(KeyError, match="sessions"):
        published_files(tmp_path, "sessions")


PLACES = [
    ("open .", 1),  # the file of the first month
    ("os.rename .", 1),
    ("os.rename .commits.json", 1),  # the list with the first month
    ("os.rename .", 3),  # the file of the second month
    ("os.rename .commits.json", 2),
]


@pytest.fixture(scope="module")
def compacting() -> Iterator[Forked]:
    """Start what kills itself at a named place."""
    with Forked("tests.lake.killed_compaction") as program:
        yield program


@pytest.mark.parametrize(("action", "nth"), PLACES)
def test_killed_at_a_named_place(compacting: Forked, tmp_path: Path, action: str, nth: int) -> None:
    """A compaction that is killed loses and doubles nothing, and the next one ends it."""
    place = Place(tmp_path / "place")
    publish(place, publication("05a", "05b", "06a"))
    publish(place, publication("05x", "06x", repository="acme/api"))
    assert compacting.run(tmp_path / "place", action, nth) == -9
    assert shas(place) == ALL
    done = compact(place, JULY)
    assert 1 <= len(done.written) <= 2
    assert shas(place) == ALL
    assert all(path.startswith("compacted/") for path in published_paths(place, "commits"))


def test_a_file_of_a_repository_without_rows(tmp_path: Path) -> None:
    """A month whose files have no rows at all is compacted as well."""
    place = Place(tmp_path)
    place.write(WEB, as_file(COMMITS, COMMITS.schema.empty_table()))
    assert len(compact(place, JULY).written) == 1
    assert shas(place) == []
