"""Files, folders, globs, archives and standard input."""

from __future__ import annotations

import gzip
import io
import logging
import os
import random
import stat
import string
import zipfile
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prodlens.errors import InputNotFoundError, StorageError
from prodlens.storage import ProdLensStore
from prodlens.trace_ingestion import DeadLetterBox, TraceIngestor, sources
from prodlens.trace_ingestion.archives import ArchiveError, shown_name, stem_of
from prodlens.trace_ingestion.sources import file_sources, find_sources
from tests.examples import examples

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
    for missing in (tmp_path / "none.jsonl", str(tmp_path / "*.jsonl"), "-"):
        with pytest.raises(InputNotFoundError):
            read(missing)
    with pytest.raises(FileNotFoundError):
        read(tmp_path / "none.jsonl")


def test_archives_stay_inside_and_small(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Members that point outside or are not traces are passed over and named; bombs end in an error."""
    path = tmp_path / "hostile.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("../evil.jsonl", "/abs.jsonl", "c:/x.jsonl", "a/../../x.jsonl", "tool.exe", "good.jsonl"):
            archive.writestr(name, LINE)
        archive.writestr("folder/", b"")
    with caplog.at_level(logging.WARNING):
        assert read(path) == {"good": LINE}
    assert "../evil.jsonl" in caplog.text
    monkeypatch.setattr("prodlens.trace_ingestion.archives._RATIO_COUNTS_FROM", 10_000)
    (tmp_path / "bomb.jsonl.gz").write_bytes(gzip.compress(b" " * 20_000_000))
    with pytest.raises(ArchiveError, match="unpacks to more"):
        read(tmp_path / "bomb.jsonl.gz")
    monkeypatch.setattr("prodlens.trace_ingestion.archives.MAX_MEMBERS", 1)
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


def test_what_is_not_read_of_an_archive_is_reported(tmp_path: Path) -> None:
    """Whoever asks for an archive's sources is told every member that is not a source, and the reason."""
    path = tmp_path / "traces.zip"
    link = zipfile.ZipInfo("link.jsonl")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(path, "w") as archive:
        for name in ("run/good.jsonl", "../up.jsonl", link, "inner.zip", "tool.exe", zipfile.ZipInfo("\0")):
            archive.writestr(name, LINE)
        archive.writestr("lzma.jsonl", LINE, zipfile.ZIP_LZMA)
    told: dict[str, str] = {}
    (source,) = file_sources(path, "shown", stem="letters", passed_over=told.__setitem__)
    assert (source.name, source.stem) == ("shown!run/good.jsonl", "letters-1-good")
    assert told == {
        "shown!../up.jsonl": "its path leads out of the archive",
        "shown! (member 6)": "its path leads out of the archive",
        "shown!link.jsonl": "it is a link or a device, not a file",
        "shown!inner.zip": "an archive inside an archive is not read",
        "shown!tool.exe": "only .jsonl, .ndjson, .json, .csv, .gz are read",
        "shown!lzma.jsonl": "it is packed by a method that is not read; use deflate",
    }


def test_a_directory_that_is_a_bomb_is_not_parsed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An archive whose directory is larger than its cap is refused before a single entry of it is made."""
    path = tmp_path / "traces.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(100):
            archive.writestr(f"{number}.jsonl", b"")
    monkeypatch.setattr("prodlens.trace_ingestion.archives.MAX_DIRECTORY_BYTES", 5_000)
    with pytest.raises(ArchiveError, match=r"its directory has 5,\d{3} bytes; at most 5,000 are read"):
        list(file_sources(path, "shown"))
    with pytest.raises(ArchiveError, match="its directory has"):  # among other files it is one dead letter
        read(path)


def test_everything_in_an_archive_shares_its_allowance(tmp_path: Path) -> None:
    """Members that unpack to little each are cut off where they come to too much together."""
    path = tmp_path / "traces.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(4):
            archive.writestr(f"{number}.jsonl", LINE * 1_000)
    results: dict[str, int] = {}
    for source in file_sources(path, "shown", whole_bytes=20_000):
        with suppress(ArchiveError), source.open() as stream:
            results[source.name] = len(stream.read())
    assert results == {"shown!0.jsonl": 9_000, "shown!1.jsonl": 9_000}


def base_archives() -> list[bytes]:
    """Return archives of every kind to damage: stored, deflated, with a comment, with sizes after the data."""
    made = []
    for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", method) as archive:
            archive.writestr(zipfile.ZipInfo("one.jsonl"), LINE * 20, method)
            archive.writestr(zipfile.ZipInfo("é/two.json.gz"), gzip.compress(LINE, mtime=0), method)
            with archive.open(zipfile.ZipInfo("three.jsonl"), "w", force_zip64=True) as member:
                member.write(LINE)
            archive.comment = b"comment"
        made.append(buffer.getvalue())
    return [*made, gzip.compress(LINE * 20, mtime=0)]


@given(seed=st.integers(0, 2**32), base=st.sampled_from(base_archives()))
@examples(400)
def test_damage_is_an_archive_error_wherever_it_is(
    tmp_path_factory: pytest.TempPathFactory, seed: int, base: bytes
) -> None:
    """However an archive is damaged, reading it ends, and ends in nothing else than an ArchiveError."""
    rng, data = random.Random(seed), bytearray(base)
    for _ in range(rng.randrange(1, 8)):
        # Headers are where lies are told; they begin with PK.
        heads = [at for at in range(len(data)) if data[at : at + 2] == b"PK"] or [0]
        at = rng.choice(heads) + rng.randrange(50) if rng.random() < 0.7 else rng.randrange(len(data))
        data[min(at, len(data) - 1)] = rng.choice([0, 1, 0x7F, 0x80, 0xFF, rng.randrange(256)])
    path = tmp_path_factory.getbasetemp() / "damaged"
    path.write_bytes(data)
    with suppress(ArchiveError):
        for source in file_sources(path, "shown", whole_bytes=100_000):
            with suppress(ArchiveError), source.open() as stream:
                stream.read()


@given(st.text(max_size=600))
def test_a_shown_name_can_be_stored_and_printed(name: str) -> None:
    """Whatever a member is called, its shown name is short, printable, UTF-8, and the same where it was all of that."""
    shown = shown_name(name)
    assert shown.isprintable()
    assert len(shown.encode()) <= 4 * 201
    assert shown == name or len(name) > 200 or not name.isprintable()


def test_harmless_names_are_shown_as_they_are() -> None:
    """Names that people give are kept."""
    for name in ("run/session.jsonl", "sitzung-äöü.jsonl", string.ascii_letters):
        assert shown_name(name) == name


def test_every_missing_input_is_named(tmp_path: Path) -> None:
    """Several inputs that are not there are named in one error; a pattern may match an empty folder."""
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputNotFoundError) as caught:
        list(find_sources([tmp_path / "a.jsonl", tmp_path / "em*", tmp_path / "b*.jsonl", "-"]))
    assert str(caught.value).splitlines() == [
        f"no such file or folder: {tmp_path}/a.jsonl",
        f"no such file or folder: {tmp_path}/b*.jsonl",
    ]
    assert list(find_sources([tmp_path / "em*"])) == []


def test_a_glob_below_a_folder_that_is_not_there_matches_nothing(tmp_path: Path) -> None:
    """``folder/**`` without the folder matches nothing on every Python, also where the folder's own name is matched."""
    with pytest.raises(InputNotFoundError, match="no such file or folder"):
        next(find_sources([tmp_path / "traces" / "**"]))
    (tmp_path / "a[1].jsonl").write_text("{}")
    assert [source.name for source in find_sources([tmp_path / "a[1].jsonl"])] == [str(tmp_path / "a[1].jsonl")]


@pytest.mark.parametrize("kind", ["cut", "junk", "member"])
def test_what_comes_before_damage_is_read(tmp_path: Path, kind: str) -> None:
    """Of a small archive as of a large one every byte before its damage is given before the error."""
    packed = gzip.compress(LINE) + gzip.compress(LINE * 2)
    damaged = packed[:-6] if kind == "cut" else packed + b"junk"
    path = tmp_path / "traces.gz"
    if kind == "member":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("inner.jsonl.gz", damaged)
    else:
        path.write_bytes(damaged)
    found = find_sources([path])  # a member can be opened until the next source is asked for
    with next(found).open() as stream:
        assert [stream.readline() for _ in range(3)] == [LINE] * 3
        with pytest.raises(ArchiveError, match="cannot be unpacked to its end"):
            stream.readline()


def test_a_file_of_a_folder_that_cannot_be_opened_costs_the_others_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A link to itself, a link to nowhere and an unreadable file are passed over, the first and last with a warning."""
    (tmp_path / "loop.jsonl").symlink_to("loop.jsonl")
    (tmp_path / "nowhere.jsonl").symlink_to("missing")
    for name in ("good", "locked"):
        (tmp_path / f"{name}.jsonl").write_bytes(LINE)
    status_and_magic = sources._status_and_magic

    def refused(path: Path) -> object:
        if path.stem == "locked":
            raise StorageError(f"cannot read {path}: Permission denied")
        return status_and_magic(path)

    monkeypatch.setattr(sources, "_status_and_magic", refused)
    assert read(tmp_path) == {"good": LINE}
    assert [record.getMessage().replace(f"{tmp_path}/", "") for record in caplog.records] == [
        "loop.jsonl: passed over: Too many levels of symbolic links",
        "passed over: cannot read locked.jsonl: Permission denied",
    ]
    with pytest.raises(StorageError, match=r"cannot read .*locked"):
        read(tmp_path / "locked.jsonl")


def test_a_name_that_is_no_text_or_too_long_for_its_dead_letters_is_mended(tmp_path: Path) -> None:
    """Bytes that are not UTF-8 are shown as escapes; of a long name the beginning stays, and two stay two."""
    path = tmp_path / os.fsdecode(b"t\xff.jsonl")
    path.write_bytes(LINE)
    assert [source.name for source in find_sources([tmp_path])] == [f"{tmp_path}/t\\xff.jsonl"]
    assert stem_of("x" * 200 + ".jsonl") == "x" * 200
    one, other = (stem_of("\u00e9" * 120 + f"{end}.jsonl.gz") for end in "ab")
    assert one != other
    assert one.startswith("\u00e9" * 40 + "-")
    assert len(one) == 40 + 1 + 32


def test_files_with_odd_names_are_ingested_beside_others(tmp_path: Path) -> None:
    """Names of 250 bytes, with control characters or with bytes that are not text cost no call and no dead letter."""
    folder = tmp_path / "traces"
    folder.mkdir()
    line = b'{"timestamp": "2026-05-01T10:00:00Z", "usage": {"input_tokens": 1}, "id": "%d"}\nnot JSON\n'
    for number, name in enumerate((b"a" * 244, b"\x1b[31m", b"new\nline", b"\xff", b"plain")):
        (folder / os.fsdecode(name + b".jsonl")).write_bytes(line % number)
    with ProdLensStore(tmp_path / "s.db") as store:
        ingestor = TraceIngestor(store, dead_letter_dir=tmp_path / "letters", parquet_dir=tmp_path / "lake")
        done = ingestor.ingest([folder])
        again = ingestor.ingest([folder])
    assert [(each.stored, each.dead) for each in done] == [(1, 1)] * 5
    assert len(again) == 5
    assert len(DeadLetterBox(tmp_path / "letters").stems()) == 5
