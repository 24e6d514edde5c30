"""Files are written where they belong: no link is followed, whichever part of the path it stands for."""

from __future__ import annotations

import json
import os
import sqlite3
import stat
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from prodlens.cli import main
from prodlens.errors import StorageError
from prodlens.files import Beside, Folder, LinkError, digest, folders, locked, new_digest
from prodlens.storage import ProdLensStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

STATE = Path(".prod-lens")
WRITERS: dict[str, Callable[[Folder, str], object]] = {
    "append": lambda folder, name: folder.append(name, b"ours"),
    "replace": lambda folder, name: folder.replace(name, b"ours"),
    "open": lambda folder, name: folder.open(name, "wb").close(),
    "update": lambda folder, name: folder.open(name, "rb+").close(),
    "read": lambda folder, name: folder.open(name).close(),
    "beside": lambda folder, name: Beside(folder, name).open().close(),
}


@pytest.fixture(autouse=True)
def _in_a_new_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "here").mkdir()
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "file").write_text("theirs")
    monkeypatch.chdir(tmp_path / "here")


@pytest.fixture(params=[True, False], ids=["by descriptor", "by path"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Try both ways of opening: inside an open folder, and by a path that is checked."""
    monkeypatch.setattr(folders, "_BY_DESCRIPTOR", request.param)
    return bool(request.param)


def untouched(tmp_path: Path) -> bool:
    """Tell whether nothing was written outside."""
    outside = tmp_path / "outside"
    return [path.name for path in outside.iterdir()] == ["file"] and (outside / "file").read_text() == "theirs"


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)
@pytest.mark.parametrize(
    ("folder", "name", "link", "target"),
    [
        ("a/b", "file", "a", ""),
        ("a/b", "file", "a/b", ""),
        ("a/b", "file", "a/b/file", "file"),
        ("a/b", "c/file", "a/b/c", ""),
        ("a/b", "c/d/file", "a/b/c", ""),
        ("a/b", "c/file", "a/b/c/file", "missing"),
    ],
)
@pytest.mark.parametrize("absolute", [False, True])
def test_no_part_of_a_path_is_followed(
    write: Callable[[Folder, str], object],
    folder: str,
    name: str,
    link: str,
    target: str,
    absolute: bool,
    tmp_path: Path,
) -> None:
    """A link in the place of the file or of any folder from the current one on is refused by its name."""
    (tmp_path / "outside" / "b").mkdir()  # what the rest of a path would find behind the link
    Path(link).parent.mkdir(parents=True, exist_ok=True)
    Path(link).symlink_to(tmp_path / "outside" / target)
    with pytest.raises(LinkError, match=f"here/{link} is a link"):
        write(Folder(tmp_path / "here" / folder if absolute else folder), name)
    (tmp_path / "outside" / "b").rmdir()
    assert untouched(tmp_path)


@pytest.mark.usefixtures("way")
def test_the_way_outside_is_as_the_user_gave_it(tmp_path: Path) -> None:
    """Outside the current folder, links on the way to a folder are the user's own; the folder itself is not a link."""
    (tmp_path / "door").symlink_to(tmp_path / "outside")
    Folder(tmp_path / "door" / "new").append("x", b"1")
    Folder.of(tmp_path / "door" / "report.md").replace("report.md", b"2")
    assert (tmp_path / "outside/new/x").read_bytes() == b"1"
    assert (tmp_path / "outside/report.md").read_bytes() == b"2"
    with pytest.raises(LinkError, match="door is a link"):
        Folder(tmp_path / "door").append("x", b"1")


def test_a_folder_swapped_for_a_link_while_it_is_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever puts a link in a folder's place right before the file is opened gets nothing: the folder is open."""
    Path("a").mkdir()
    (tmp_path / "outside" / "log").write_text("theirs")
    opened = folders._OpenFolder.open

    def swap_first(place: folders._OpenFolder, name: str, flags: int) -> int:
        Path("a").rename("moved")
        Path("a").symlink_to(tmp_path / "outside")
        return opened(place, name, flags)

    monkeypatch.setattr(folders._OpenFolder, "open", swap_first)
    Folder("a").append("log", b"ours")
    assert (tmp_path / "outside" / "log").read_text() == "theirs"
    assert Path("moved/log").read_text() == "ours"


def test_a_folder_swapped_between_writing_and_renaming(tmp_path: Path) -> None:
    """A file that is written beside its name is put nowhere else, whatever its folder has become."""
    beside = Beside(Folder("a"), "b/file")
    with beside.open() as stream:
        stream.write(b"ours")
    Path("a/b").rename("moved")
    Path("a/b").symlink_to(tmp_path / "outside")
    with pytest.raises(LinkError, match="a/b is a link"):
        beside.publish()
    assert untouched(tmp_path)


@pytest.mark.usefixtures("way")
def test_a_pipe_is_not_a_file() -> None:
    """A named pipe in a file's place is refused; waiting for its other end would hold a run for good."""
    os.mkfifo("pipe")
    for mode in ("rb", "ab", "rb+"):
        with pytest.raises((StorageError, OSError), match=r"pipe|No such device"):
            Folder(".").open("pipe", mode)


@pytest.mark.usefixtures("way")
def test_a_failed_replacement_leaves_the_old_file() -> None:
    """Content that ends in an error changes nothing, and leaves nothing beside the name."""

    def breaking_off() -> Iterator[bytes]:
        yield b"new"
        raise ValueError("no more")

    folder = Folder("a")
    folder.replace("file", b"old")
    with pytest.raises(ValueError, match="no more"):
        folder.replace("file", breaking_off())
    assert (folder.names(), Path("a/file").read_bytes()) == (["file"], b"old")


@pytest.mark.usefixtures("way")
def test_a_replacement_keeps_the_permissions() -> None:
    """A file that the user closed to others stays closed when it is written again."""
    folder = Folder("a")
    folder.replace("file", b"old")
    Path("a/file").chmod(0o600)
    folder.replace("file", [b"n", b"ew"])
    assert (Path("a/file").read_bytes(), stat.S_IMODE(Path("a/file").stat().st_mode)) == (b"new", 0o600)


@pytest.mark.usefixtures("way")
def test_what_a_folder_says_of_its_files() -> None:
    """Names are sorted, a missing file or folder is not an error, and removing twice is fine."""
    folder = Folder("a")
    assert (folder.names(), folder.entry("x")) == ([], None)
    folder.append("b/x", b"123")
    folder.append("b/x", b"45")
    folder.append("c", b"")
    Path("a/link").symlink_to("c")
    found = folder.entry("b/x")
    assert found is not None
    assert (found.st_size, folder.names(), folder.links()) == (5, ["b", "c", "link"], ["link"])
    folder.unlink("link")
    folder.unlink("c")
    folder.unlink("c")
    folder.unlink("missing/c")
    assert folder.names() == ["b"]


def test_a_file_of_the_same_bytes_is_left_alone() -> None:
    """A new file takes its name where bytes or length differ or nothing was there; equal bytes keep the old file."""
    folder = Folder(".")
    for old, is_kept in ((b"new", True), (b"news", False), (b"neu", False), (None, False)):
        folder.unlink("file") if old is None else folder.replace("file", old)
        before = folder.entry("file")
        beside = Beside(folder, "file")
        with beside.open() as stream:
            stream.write(b"new")
            stream.flush()
            made = os.fstat(stream.fileno()).st_ino
        beside.publish_change()
        after = folder.entry("file")
        assert after is not None
        assert after.st_ino == (before.st_ino if before is not None and is_kept else made)
        assert (Path("file").read_bytes(), folder.names()) == (b"new", ["file"])


def test_a_digest_is_of_sixteen_bytes() -> None:
    """Bytes at once or one after the other have the same digest, BLAKE2b of 16 bytes."""
    assert digest(b"prodlens") == "2dbc7ef21fd8a1973bfd38313e8d5d86"
    parts = new_digest(b"prod")
    parts.update(b"lens")
    assert parts.hexdigest() == digest(b"prodlens")


def test_a_lock_is_not_a_link(tmp_path: Path) -> None:
    """The file of a lock is created in its folder alone."""
    Path("a").mkdir()
    Path("a/.lock").symlink_to(tmp_path / "outside" / "new")
    with pytest.raises(LinkError, match="lock is a link"), locked(Folder("a")):
        pass
    assert untouched(tmp_path)


RECORD = {
    "timestamp": "2026-05-01T10:00:00Z",
    "usage": {"input_tokens": 1000, "output_tokens": 500},
    "attributes": {"llm.model_name": "claude-3-sonnet"},
    "metadata": {"developer_id": "alice", "repo": "acme/web"},
}


@pytest.mark.parametrize(
    ("link", "target"),
    [
        (STATE, ""),
        (STATE / "cache.db", "file"),
        (STATE / "cache.db", "missing"),
        (STATE / "cache.db-wal", "file"),
        (STATE / "cache.db-journal", "missing"),
        (STATE / "dead-letter", ""),
        (STATE / "dead-letter/.lock", "file"),
        (STATE / "dead-letter/t.deadletter.jsonl", "file"),
        (STATE / "dead-letter/t.deadletter.reasons.jsonl", "missing"),
        (STATE / "parquet", ""),
        (STATE / "parquet/.lock", "file"),
        (STATE / "parquet/acme-web", ""),
        (STATE / "parquet/acme-web/2026-05-01.parquet", "file"),
    ],
    ids=str,
)
def test_a_run_writes_through_no_link(
    link: Path, target: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Store, lake and dead letters name the link that a checkout brought, exit with 2 and leave what it leads to."""
    Path("t.jsonl").write_text(json.dumps(RECORD) + "\nnot json\n")
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(tmp_path / "outside" / target)
    assert main(["ingest-traces", "t.jsonl"]) == 2
    assert f"{link} is a link" in capsys.readouterr().err
    assert untouched(tmp_path)


def test_the_lake_of_a_filled_store_writes_through_no_link(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The way of later files, which brings partitions from the store, follows no link either."""
    for number in (1, 2):
        Path(f"{number}.jsonl").write_text(json.dumps(RECORD | {"timestamp": f"2026-05-0{number}T10:00:00Z"}))
    assert main(["ingest-traces", "1.jsonl"]) == 0
    (STATE / "parquet/acme-web").rename(tmp_path / "moved")
    (STATE / "parquet/acme-web").symlink_to(tmp_path / "outside")
    assert main(["ingest-traces", "2.jsonl"]) == 2
    assert "acme-web is a link" in capsys.readouterr().err
    assert untouched(tmp_path)


@pytest.mark.parametrize("suffix", [".json", ".md", ".html", ".csv"])
def test_a_report_is_not_written_through_a_link(
    suffix: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A link in the report's place is named, and the file that it leads to is as it was."""
    ProdLensStore("x.db").close()
    Path(f"report{suffix}").symlink_to(tmp_path / "outside" / "file")
    window = ["--repo", "acme/web", "--since", "2026-05-01"]
    assert main(["report", "--db", "x.db", *window, "--output", f"report{suffix}"]) == 2
    assert f"report{suffix} is a link" in capsys.readouterr().err
    assert untouched(tmp_path)


def test_a_database_swapped_while_it_is_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder that becomes a link between the check and SQLite's opening is noticed before anything is written."""
    theirs = tmp_path / "outside" / "cache.db"
    with ProdLensStore(theirs):
        pass
    before = theirs.read_bytes()
    Path("a").mkdir()
    real = sqlite3.connect

    def swap_first(*args: object, **options: object) -> sqlite3.Connection:
        Path("a").rename("moved")
        Path("a").symlink_to(tmp_path / "outside")
        return real(*args, **options)  # type: ignore[call-overload,no-any-return] # whatever the store gives

    monkeypatch.setattr("prodlens.storage.connection.sqlite3.connect", swap_first)
    with pytest.raises(LinkError, match="a is a link"):
        ProdLensStore(Path("a/cache.db"))
    assert theirs.read_bytes() == before
    with closing(real(theirs)) as conn:
        assert conn.execute("SELECT count(*) FROM sessions").fetchone()[0] == 0
