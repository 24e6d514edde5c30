"""Publishing a repository's files: whole, only where they change, and safe against stops and second writers."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from prodlens.errors import StorageError
from prodlens.files import digest
from prodlens.lake import Place, publish
from tests.forked import Forked
from tests.lake.published_rows import listed, publication, shas

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.lake.s3_server import S3Server

LIST = "v1/repositories/acme.web.parquet"
MAY, JUNE = "v1/commits/month=2026-05/acme.web.parquet", "v1/commits/month=2026-06/acme.web.parquet"


def content(folder: Path) -> dict[str, bytes]:
    """Return every file below a folder."""
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_only_what_changed_is_written(address: str) -> None:
    """The first run writes every month, the next one those that changed, and removes a month without rows."""
    place = Place(address)
    first = publish(place, publication("04a", "05a", "05b"))
    assert (first.written, first.unchanged, first.rows) == ([MAY.replace("05/", "04/"), MAY], 0, 3)
    again = publish(place, publication("05b", "04a", "05a"))
    assert (again.written, again.removed, again.unchanged, again.rows) == ([], [], 2, 3)
    changed = publish(place, publication("05a", "05b", "06a"))
    assert (changed.written, changed.removed, changed.unchanged) == ([JUNE], [MAY.replace("05/", "04/")], 1)
    assert shas(place) == ["05a", "05b", "06a"]
    may, june = place.read(MAY) or b"", place.read(JUNE) or b""
    assert listed(place)["files"] == {"2026-05": (2, digest(may)), "2026-06": (1, digest(june))}
    assert listed(place)["writing"] is None


def test_an_unchanged_run_writes_nothing(s3: S3Server) -> None:
    """Without changes nothing is written, and only the files of the repository are touched."""
    place = Place(s3.address)
    publish(place, publication("04a", "05a", repository="acme/api"))
    publish(place, publication("04a", "05a"))
    assert s3.puts()[-4:] == [LIST, MAY.replace("05/", "04/"), MAY, LIST]
    s3.requests.clear()
    publish(place, publication("04a", "05a"))
    assert s3.puts() == []
    publish(place, publication("04a", "05b"))
    assert s3.puts() == [LIST, MAY, LIST]


def test_again_writes_every_file(tmp_path: Path) -> None:
    """When it is asked for, every file is written; what somebody removed by hand is there again."""
    place = Place(tmp_path)
    publish(place, publication("05a"))
    (tmp_path / MAY).unlink()
    assert publish(place, publication("05a")).written == []
    assert publish(place, publication("05a", again=True)).written == [MAY]
    assert shas(place) == ["05a"]


@pytest.mark.parametrize("failing", [LIST, MAY, JUNE])
def test_a_failure_in_the_middle(s3: S3Server, failing: str) -> None:
    """Whatever put fails, readers see whole files, and the next run writes what is missing."""
    place = Place(s3.address)
    publish(place, publication("04a", "05a"))
    s3.fault = lambda method, path, _: 403 if (method, path) == ("PUT", failing) else None
    with pytest.raises(StorageError, match=f"cannot write {failing}"):
        publish(place, publication("05a", "05b", "06a"))
    assert shas(place) in (["04a", "05a"], ["04a", "05a", "05b"])
    s3.fault = None
    publish(place, publication("05a", "05b", "06a"))
    assert shas(place) == ["05a", "05b", "06a"]


def test_a_stopped_run_does_not_hide_that_a_file_is_old(tmp_path: Path) -> None:
    """After a run that wrote a file and was stopped, publishing the earlier rows again writes the file anew."""
    place, before = Place(tmp_path), publication("05a")
    publish(place, before)
    stopped = content(tmp_path)
    publish(place, publication("05a", "05b"))
    (tmp_path / LIST).write_bytes(pending(tmp_path, stopped[LIST]))
    assert publish(place, before).written == [MAY]
    assert shas(place) == ["05a"]


def pending(tmp_path: Path, row: bytes) -> bytes:
    """Return the list as it is while May is written anew."""
    folder = tmp_path / "stopped"
    (folder / "v1" / "repositories").mkdir(parents=True)
    (folder / LIST).write_bytes(row)
    place = Place(folder)
    (folder / "v1" / "commits").write_text("in the way")
    with pytest.raises(StorageError):
        publish(place, publication("05a", "05b"))
    assert listed(place)["files"] == {"2026-05": (1, "")}
    assert len(listed(place)["writing"]) == 16
    return (folder / LIST).read_bytes()


def test_two_writers_of_one_repository(s3: S3Server) -> None:
    """A run that finds that another one has written meanwhile reports it, and the next run writes the files again."""
    place, other = Place(s3.address), Place(s3.address)
    publish(place, publication("05a"))
    overtaken: list[str] = []

    def overtake(method: str, path: str, _: int) -> None:
        if (method, path) == ("PUT", MAY) and not overtaken:
            overtaken.append(path)
            publish(other, publication("05a", "05c"))

    s3.fault = overtake
    with pytest.raises(StorageError, match=r"another run published acme/web to s3://lake/[0-9a-f]+ at the same time"):
        publish(place, publication("05a", "05b"))
    assert listed(place)["files"] == {"2026-05": (1, "")}
    assert publish(place, publication("05a", "05c")).written == [MAY]
    assert shas(place) == ["05a", "05c"]


def test_runs_of_two_repositories_never_meet(s3: S3Server) -> None:
    """A run writes files of its own repository alone, whatever another one does meanwhile."""
    place, other = Place(s3.address), Place(s3.address)
    met: list[str] = []

    def meanwhile(method: str, path: str, _: int) -> None:
        if method == "PUT" and path.endswith("acme.web.parquet") and len(met) < 3:
            met.append(path)
            publish(other, publication(f"0{len(met) + 3}x", repository="acme/api"))

    s3.fault = meanwhile
    publish(place, publication("05a", "06a"))
    assert len(met) == 3
    assert shas(place) == ["05a", "06a", "06x"]


def test_months_that_left_the_database_stay(tmp_path: Path) -> None:
    """Months before the first whole one are not taken away or made smaller; one that was never there is published."""
    place = Place(tmp_path)
    publish(place, publication("03a", "04a", "04b", "05a"))
    done = publish(place, publication("02a", "04b", "05b", kept_from="2026-05"))
    assert [path[17:24] for path in done.kept] == ["2026-03", "2026-04"]
    assert shas(place) == ["02a", "03a", "04a", "04b", "05b"]
    assert listed(place)["kept_from"] == "2026-05"


def test_a_database_that_was_made_anew_takes_nothing_away(tmp_path: Path) -> None:
    """After a lost cache, months that are not there any more stay, as does a first one with fewer rows."""
    place = Place(tmp_path)
    publish(place, publication("03a", "04a", "04b", "05a", "05b"))
    done = publish(place, publication("04b", "05c", store="two"))
    assert [path[17:24] for path in done.kept] == ["2026-03", "2026-04"]
    assert shas(place) == ["03a", "04a", "04b", "05c"]
    assert publish(place, publication(store="two")).removed == [
        f"v1/commits/month=2026-0{month}/acme.web.parquet" for month in (3, 4, 5)
    ]


def test_a_database_without_rows_takes_nothing_from_another(tmp_path: Path) -> None:
    """A new and empty database leaves everything as it was published; asked to write again, it removes it."""
    place = Place(tmp_path)
    publish(place, publication("03a"))
    assert publish(place, publication(store="two", again=True)).removed != []
    publish(place, publication("03a"))
    assert (publish(place, publication(store="two")).removed, shas(place)) == ([], ["03a"])


@pytest.mark.parametrize("damage", [b"", b"PAR1 not parquet", None])
def test_a_damaged_list_is_written_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, damage: bytes | None
) -> None:
    """Without a list that can be read nothing is known to be there, and all of it is written."""
    place = Place(tmp_path)
    publish(place, publication("05a"))
    if damage is None:
        (tmp_path / LIST).write_bytes((tmp_path / MAY).read_bytes())
    else:
        (tmp_path / LIST).write_bytes(damage)
    assert publish(place, publication("05a")).written == [MAY]
    assert "cannot be read" in caplog.text
    assert len(caplog.text.splitlines()) == 1


PLACES = [
    ("os.rename .acme.web.parquet", 1),  # the list that says what will be written
    ("os.rename .acme.web.parquet", 2),  # the first file
    ("os.rename .acme.web.parquet", 3),
    ("os.remove acme.web.parquet", 1),  # the month that has no rows any more
    ("os.rename .acme.web.parquet", 4),  # the list that says what was written
]


@pytest.fixture(scope="module")
def publishing() -> Iterator[Forked]:
    """Start what kills itself at a named place."""
    with Forked("tests.lake.killed_publishing") as program:
        yield program


@pytest.mark.parametrize(("action", "nth"), PLACES)
def test_killed_at_a_named_place(publishing: Forked, tmp_path: Path, action: str, nth: int) -> None:
    """A run that is killed leaves every file as it was or as it will be, and the next run makes the rest."""
    place, whole = Place(tmp_path / "place"), tmp_path / "whole"
    publish(place, publication("04a", "05a"))
    before = content(tmp_path / "place")
    publish(Place(whole), publication("05a", "05b", "06a"))
    assert publishing.run(tmp_path / "place", action, nth) == -9
    after = content(whole)
    for name, data in content(tmp_path / "place").items():
        if not name.rpartition("/")[2].startswith(".") and "repositories" not in name:
            assert data in (before.get(name), after.get(name))
    assert publish(place, publication("05a", "05b", "06a")).rows == 3
    left = {name: data for name, data in content(tmp_path / "place").items() if "/." not in name}
    assert left == after


def test_killed_between_puts(s3: S3Server) -> None:
    """A run that is killed during a put to S3 leaves whole files, and the next one goes on."""
    place = Place(s3.address)
    publish(place, publication("04a", "05a"))
    command = [sys.executable, "-m", "tests.lake.killed_publishing", s3.address, "never", "1"]
    with subprocess.Popen(command) as process:

        def kill(method: str, path: str, _: int) -> int | None:
            if (method, path) == ("PUT", JUNE):
                process.kill()
                return 503
            return None

        s3.fault = kill
        assert process.wait(60) == -9
    s3.fault = None
    assert shas(place) == ["04a", "05a", "05b"]
    assert publish(place, publication("05a", "05b", "06a")).written == [MAY, JUNE]
    assert shas(place) == ["05a", "05b", "06a"]
