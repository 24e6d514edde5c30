"""Files, folders, globs, archives and standard input."""

from __future__ import annotations

import gzip
import io
import logging
import zipfile
from typing import TYPE_CHECKING

import pytest

from prodlens.containers import ArchiveError, find_sources
from prodlens.errors import InputNotFoundError

if TYPE_CHECKING:
    from pathlib import Path

LINE = b'{"a": 1}\n'


def read(path: Path | str, stdin: io.BytesIO | None = None) -> dict[str, bytes]:
    """Return the content of every source of an input."""
    found = {}
    for source in find_sources([path], stdin):
        with source.open() as stream:
            found[source.stem] = stream.read()
    return found


def test_files_are_told_by_content(tmp_path: Path) -> None:
    """Plain, gzip and zip are told apart by their first bytes, not by their names."""
    (tmp_path / "plain.gz").write_bytes(LINE)
    (tmp_path / "packed.jsonl").write_bytes(gzip.compress(LINE))
    with zipfile.ZipFile(tmp_path / "archive.json", "w") as archive:
        archive.writestr("inner.jsonl", LINE)
        archive.writestr("logs/deep.jsonl.gz", gzip.compress(LINE))
    assert read(tmp_path) == dict.fromkeys(["plain", "packed", "inner", "deep"], LINE)


def test_folders_globs_and_standard_input(tmp_path: Path) -> None:
    """A folder is read recursively, a glob as the shell does, ``-`` is standard input, packed or not."""
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "one.jsonl").write_bytes(LINE)
    (tmp_path / "a" / "b" / "two.json").write_bytes(LINE)
    (tmp_path / "a" / "notes.txt").write_bytes(b"no trace")
    (tmp_path / "a" / "one.deadletter.jsonl").write_bytes(b"not again")
    assert set(read(tmp_path)) == {"one", "two"}
    assert set(read(str(tmp_path / "**" / "*.json"))) == {"two"}
    assert set(read(str(tmp_path / "[a]"))) == {"one", "two"}
    assert read("-", io.BytesIO(LINE)) == {"stdin": LINE}
    assert read("-", io.BytesIO(gzip.compress(LINE))) == {"stdin": LINE}


def test_missing_inputs_are_named(tmp_path: Path) -> None:
    """A missing file, a glob without a match and a missing standard input are the user's to mend."""
    for given in (tmp_path / "none.jsonl", str(tmp_path / "*.jsonl"), "-"):
        with pytest.raises(InputNotFoundError):
            read(given)
    with pytest.raises(FileNotFoundError):
        read(tmp_path / "none.jsonl")


def test_archives_stay_inside_and_small(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Members that point outside or are no traces are passed over and named; bombs end in an error."""
    path = tmp_path / "hostile.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("../evil.jsonl", "/abs.jsonl", "c:/x.jsonl", "a/../../x.jsonl", "tool.exe", "good.jsonl"):
            archive.writestr(name, LINE)
        archive.writestr("folder/", b"")
    with caplog.at_level(logging.WARNING):
        assert read(path) == {"good": LINE}
    assert "../evil.jsonl" in caplog.text
    monkeypatch.setattr("prodlens.containers._RATIO_COUNTS_FROM", 10_000)
    (tmp_path / "bomb.jsonl.gz").write_bytes(gzip.compress(b" " * 20_000_000))
    with pytest.raises(ArchiveError, match="unpacks to more"):
        read(tmp_path / "bomb.jsonl.gz")
    monkeypatch.setattr("prodlens.containers.MAX_MEMBERS", 1)
    assert read(path) == {}


@pytest.mark.parametrize("kind", ["gz", "zip", "cut zip"])
def test_damaged_archives_are_archive_errors(tmp_path: Path, kind: str) -> None:
    """A cut gzip stream and a damaged zip are one kind of error, with the file's name in it."""
    path = tmp_path / "traces"
    if kind == "gz":
        path.write_bytes(gzip.compress(bytes(range(256)) * 500)[:-20])
    else:
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("inner.jsonl", LINE * 100)
        data = path.read_bytes()
        path.write_bytes(data[: len(data) // 2] if kind == "cut zip" else data.replace(LINE, b"corrupt!\n", 1))
    with pytest.raises(ArchiveError, match=r"traces|archive"):
        read(path)
