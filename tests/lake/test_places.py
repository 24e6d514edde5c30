"""Places of published tables: a folder, S3, and what fsspec knows."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from prodlens.errors import ConfigurationError, StorageError
from prodlens.lake import Place

if TYPE_CHECKING:
    from pathlib import Path

    from tests.lake.s3_server import S3Server


def test_a_place_holds_files(address: str) -> None:
    """A file is written, read, replaced, listed and removed, in a folder and in a bucket alike."""
    place = Place(address)
    assert (place.read("v1/a/x.parquet"), place.entries("v1/a"), place.folders("v1")) == (None, [], [])
    place.write("v1/a/x.parquet", b"one")
    place.write("v1/a/x.parquet", b"three")
    place.write("v1/b/y.parquet", b"")
    assert place.read("v1/a/x.parquet") == b"three"
    assert [(entry.name, entry.size) for entry in place.entries("v1/a")] == [("x.parquet", 5)]
    assert place.entries("v1/a")[0].changed_ns > 1_600_000_000 * 10**9
    assert place.folders("v1") == ["a", "b"]
    with place.writing("v1/a/z.parquet") as stream:
        stream.write(b"long")
    assert place.read("v1/a/z.parquet") == b"long"
    for _ in range(2):
        place.delete("v1/a/x.parquet")
    assert [entry.name for entry in place.entries("v1/a")] == ["z.parquet"]


def test_a_block_that_raises_leaves_nothing_in_a_folder(tmp_path: Path) -> None:
    """What was written of a file whose writing ended in an error is gone, and the file before it is there."""
    place = Place(tmp_path)
    place.write("a/x", b"before")

    def stop_half_way() -> None:
        with place.writing("a/x") as stream:
            stream.write(b"half")
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        stop_half_way()
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["x"]
    assert place.read("a/x") == b"before"


def test_a_small_file_is_one_put(s3: S3Server) -> None:
    """A file of the usual size costs one request."""
    place = Place(s3.address)
    place.write("v1/a/x.parquet", b"1" * 100_000)
    assert s3.requests == [("PUT", "v1/a/x.parquet")]


def test_throttling_is_waited_out(s3: S3Server) -> None:
    """A service that asks to slow down is asked again."""
    s3.fault = lambda method, _, before: 503 if method == "PUT" and before < 3 else None
    place = Place(s3.address)
    place.write("v1/a/x.parquet", b"1")
    assert s3.puts() == ["v1/a/x.parquet"] * 4
    assert place.read("v1/a/x.parquet") == b"1"


def test_a_put_that_fails_leaves_the_old_file(s3: S3Server) -> None:
    """A put that is refused for good is an error of ours that says where, and changes nothing."""
    place = Place(s3.address)
    place.write("v1/a/x.parquet", b"before")
    s3.fault = lambda method, *_: 403 if method == "PUT" else None
    with pytest.raises(StorageError, match=r"cannot write v1/a/x.parquet at s3://lake/[0-9a-f]{32}: "):
        place.write("v1/a/x.parquet", b"after")
    s3.fault = lambda method, *_: 403 if method in {"GET", "HEAD", "DELETE"} else None
    for failing in (place.read, place.entries, place.delete):
        with pytest.raises(StorageError, match="at s3://lake/"):
            failing("v1/a/x.parquet")
    s3.fault = None
    assert place.read("v1/a/x.parquet") == b"before"


def test_a_folder_that_cannot_be_one(tmp_path: Path) -> None:
    """A file where a folder has to be, and a link, are errors that name the place."""
    (tmp_path / "file").write_text("")
    (tmp_path / "place").mkdir()
    (tmp_path / "place" / "v1").symlink_to(tmp_path)
    with pytest.raises(StorageError, match="cannot write v1/x at "):
        Place(tmp_path / "file").write("v1/x", b"")
    with pytest.raises(StorageError, match="is a link"):
        Place(tmp_path / "place").write("v1/x", b"")
    with pytest.raises(StorageError, match="is a link"), Place(tmp_path / "place").writing("v1/x"):
        pass


@pytest.mark.parametrize("address", ["s3://key:secret@lake/x", "s3://key@lake/x", "abfs://box:secret@account/x"])
def test_credentials_do_not_stand_in_an_address(address: str) -> None:
    """An address with credentials is refused by a message that does not repeat them."""
    with pytest.raises(ConfigurationError, match="has credentials in it") as caught:
        Place(address)
    assert "secret" not in str(caught.value)
    assert "key" not in str(caught.value)


def test_addresses_for_engines(tmp_path: Path, s3: S3Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Engines get absolute paths, and addresses without the settings that only pyarrow reads."""
    monkeypatch.chdir(tmp_path)
    assert Place("lake").address("v1/x") == str(tmp_path / "lake" / "v1" / "x")
    assert Place(f"file://{tmp_path}/lake").address("v1/x") == str(tmp_path / "lake" / "v1" / "x")
    place = Place(s3.address)
    assert place.address("v1/x") == f"{s3.address.partition('?')[0]}/v1/x"
    assert place.shown == s3.address.partition("?")[0]


@pytest.mark.parametrize(
    ("address", "key"),
    [
        ("gs://lake/org", "lake/org/v1/x"),
        ("gcs://lake", "lake/v1/x"),
        ("abfs://box@account.dfs.core.windows.net/org", "box/org/v1/x"),
        ("abfss://box@account.dfs.core.windows.net", "box/v1/x"),
    ],
)
def test_buckets_of_other_clouds(address: str, key: str) -> None:
    """Google's and Azure's buckets are taken by pyarrow's file systems; nothing is asked before the first file."""
    assert Place(address).key("v1/x") == key


def test_what_fsspec_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    """A system that pyarrow does not know is fsspec's, and without fsspec the message says what to install."""
    place = Place("memory://org")
    place.write("v1/a/x", b"1")
    assert (place.read("v1/a/x"), [entry.name for entry in place.entries("v1/a")]) == (b"1", ["x"])
    place.delete("v1/a/x")
    place.delete("v1/a/x")
    assert place.read("v1/a/x") is None
    with pytest.raises(ConfigurationError, match="cannot use the place sftp://host/x: fsspec needs a package"):
        Place("sftp://host/x")
    with pytest.raises(ConfigurationError, match="cannot use the place nothing://x"):
        Place("nothing://x")
    monkeypatch.setitem(sys.modules, "fsspec.core", None)
    with pytest.raises(ConfigurationError, match="install fsspec"):
        Place("memory://org")
