"""Gzip and zip: hostile input. Nothing is unpacked to disk, and the caps bound what is read of each archive."""

from __future__ import annotations

import errno
import gzip
import io
import os
import re
import stat
import struct
import zipfile
import zlib
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import IO, TYPE_CHECKING, NamedTuple, TypeGuard, cast

from prodlens.files import digest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

MAX_MEMBERS = 10_000
MAX_DIRECTORY_BYTES = 16 * 1024**2  # of a zip archive's directory, which is parsed as a whole
MAX_UNPACKED_BYTES = 16 * 1024**3
MAX_RATIO = 1_000  # of unpacked to packed bytes; logs that repeat the same tool schemas reach 200
_RATIO_COUNTS_FROM = 64 * 1024**2
GZIP_MAGIC = b"\x1f\x8b"
ZIP_MAGICS = frozenset({b"PK\x03\x04", b"PK\x05\x06"})  # with members, and without
MAGIC_BYTES = 4
TRACE_SUFFIXES = frozenset({".jsonl", ".ndjson", ".json", ".csv", ".gz", ".zip"})
_MEMBER_SUFFIXES = (".jsonl", ".ndjson", ".json", ".csv", ".gz")
METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})  # zipfile unpacks the others without a bound
_ENCRYPTED = 0x1
_LONGEST_NAME = 200
_LONGEST_STEM = 80  # file systems take names of 255 bytes, the suffixes included
_MOST_STEM_BYTES, _CUT_STEM = 200, 40
# Whatever zipfile, gzip and zlib raise at bytes that were made to confuse them.
DAMAGE = (EOFError, OSError, OverflowError, RuntimeError, ValueError, struct.error, zipfile.BadZipFile, zlib.error)


class ArchiveError(ValueError):
    """An archive is damaged, or unpacks to more than the caps allow."""


class Member(NamedTuple):
    """One file of a zip archive that can be read.

    Attributes:
        name: ``archive.zip!member``, as it can be shown.
        stem: The name that its dead letters are kept under.
        open: Opens the unpacked bytes, until the next member is asked for; reading may raise ``ArchiveError``.
    """

    name: str
    stem: str
    open: Callable[[], AbstractContextManager[IO[bytes]]]


@dataclass(slots=True)
class Allowance:
    """How many bytes everything that shares it may still unpack to; None means no common bound."""

    left: int | None

    def spend(self, count: int) -> bool:
        """Take bytes from it; returns whether there were that many."""
        if self.left is not None:
            self.left -= count
        return self.left is None or self.left >= 0


def is_trace_name(name: str) -> bool:
    """Return whether files of this name are read; dead letters are not, since they were read before."""
    return PurePosixPath(name).suffix.lower() in TRACE_SUFFIXES and ".deadletter." not in name


def stem_of(name: str) -> str:
    """Return the file's name without its suffix, a ``.gz`` before it included.

    A name that leaves no room for the suffixes of dead letters becomes its beginning and a digest of the whole.
    """
    base = name[: -len(".gz")] if name.lower().endswith(".gz") else name
    stem = PurePosixPath(base).stem or base or "traces"
    written = os.fsencode(stem)
    return stem if len(written) <= _MOST_STEM_BYTES else f"{stem[:_CUT_STEM]}-{digest(written)}"


def shown_name(name: str) -> str:
    """Return a name from outside as it can be stored and shown: every character printable, cut at 200."""
    clean = "".join(c if c.isprintable() else repr(c)[1:-1] for c in name[: 2 * _LONGEST_NAME])
    return clean if len(clean) <= _LONGEST_NAME else f"{clean[:_LONGEST_NAME]}…"


@contextmanager
def open_gzip(path: Path, name: str, allowance: Allowance) -> Iterator[IO[bytes]]:
    """Open the unpacked bytes of a gzip file."""
    with path.open("rb") as packed, gzip.GzipFile(fileobj=packed) as stream:
        yield io.BufferedReader(_Capped(stream, packed.tell, name, allowance))


@contextmanager
def unpacked(stream: io.BufferedReader, name: str) -> Iterator[IO[bytes]]:
    """Give the bytes of a stream whose packed size is not known, unpacked if they are gzip."""
    if stream.peek(len(GZIP_MAGIC))[: len(GZIP_MAGIC)] != GZIP_MAGIC:
        yield stream
        return
    with gzip.GzipFile(fileobj=stream) as inner:
        yield io.BufferedReader(_Capped(inner, lambda: 0, name, Allowance(None)))


def zip_members(
    path: Path, name: str, stem: str | None, allowance: Allowance, passed_over: Callable[[str, str], None]
) -> Iterator[Member]:
    """Yield the members of a zip archive that are read.

    Args:
        path: The archive.
        name: What a user finds it by.
        stem: What the stems of the members begin with; None: each member has its own.
        allowance: Bounds the unpacked bytes of all members together.
        passed_over: Told the name and the reason of every member that is not read.

    Raises:
        ArchiveError: The directory of the archive cannot be read; raised before anything is yielded.
    """
    with _Directory(path.open("rb", buffering=0)) as file:
        try:
            archive = zipfile.ZipFile(file)
        except DAMAGE as error:
            raise ArchiveError(f"the zip archive cannot be read: {error}") from None
        members, size = archive.infolist(), path.stat().st_size
        if len(members) > MAX_MEMBERS:
            passed_over(name, f"only the first {MAX_MEMBERS:,} of its {len(members):,} members are read")
        seen = {""}
        for number, member in enumerate(members[:MAX_MEMBERS], 1):
            if member.filename.endswith("/"):  # a folder; is_dir() of an entry without a name raises
                continue
            shown = shown_name(member.filename)
            shown = f"{shown} (member {number})" if shown in seen else shown
            seen.add(shown)
            if reason := _unreadable(member):
                passed_over(f"{name}!{shown}", reason)
                continue
            member.compress_size = min(member.compress_size, size)  # what it says of itself may be a lie
            own = stem_of(PurePosixPath(member.filename).name)
            letters = own[:_LONGEST_STEM] if stem is None else f"{stem}-{number}-{_file_name(own)}"
            yield Member(f"{name}!{shown}", letters, _member_opener(archive, member, f"{name}!{shown}", allowance))


def _unreadable(member: zipfile.ZipInfo) -> str | None:
    """Return why a member is not even opened."""
    kind = stat.S_IFMT(member.external_attr >> 16)
    rules = (
        (_escapes(member.filename), "its path leads out of the archive"),
        (kind not in {0, stat.S_IFREG}, "it is a link or a device, not a file"),
        (PurePosixPath(member.filename).suffix.lower() == ".zip", "an archive inside an archive is not read"),
        (not is_trace_name(member.filename), f"only {', '.join(_MEMBER_SUFFIXES)} are read"),
        (bool(member.flag_bits & _ENCRYPTED), "it is encrypted"),
        (member.compress_type not in METHODS, "it is packed by a method that is not read; use deflate"),
    )
    return next((reason for applies, reason in rules if applies), None)


def _escapes(member: str) -> bool:
    parts = member.replace("\\", "/").split("/")
    return ".." in parts or not parts[0] or ":" in parts[0]


def _file_name(stem: str) -> str:
    """Return a stem with the characters that every file system takes."""
    return re.sub(r"[^A-Za-z0-9_-]+", "_", stem)[:_LONGEST_STEM]


def _member_opener(
    archive: zipfile.ZipFile, member: zipfile.ZipInfo, name: str, allowance: Allowance
) -> Callable[[], AbstractContextManager[IO[bytes]]]:
    @contextmanager
    def opened() -> Iterator[IO[bytes]]:
        with _archive_errors(name):
            stream = cast("zipfile.ZipExtFile", archive.open(member))
        with stream:
            capped = io.BufferedReader(_Capped(stream, lambda: member.compress_size, name, allowance))
            magic = capped.peek(MAGIC_BYTES)[:MAGIC_BYTES]
            if magic in ZIP_MAGICS:
                raise ArchiveError(f"{name} is an archive inside an archive, which is not read")
            if not magic.startswith(GZIP_MAGIC):
                yield capped
                return
            with gzip.GzipFile(fileobj=capped) as inner:
                yield io.BufferedReader(_Capped(inner, lambda: member.compress_size, name, allowance))

    return opened


def is_of_the_disk(error: Exception) -> TypeGuard[OSError]:
    """Return whether reading an archive failed for a reason outside it; EINVAL is only a seek to before its start."""
    return isinstance(error, OSError) and error.errno not in {None, errno.EINVAL}


@contextmanager
def _archive_errors(name: str) -> Iterator[None]:
    """Turn what a damaged archive makes the standard library raise into one error; a failing disk stays an OSError."""
    try:
        yield
    except DAMAGE as error:
        if is_of_the_disk(error):
            raise
        raise ArchiveError(f"{name} cannot be unpacked to its end: {error}") from error


class _Directory(io.BufferedReader):
    """The file of a zip archive, whose directory ``zipfile`` reads as a whole: refused where that is too large."""

    def read(self, size: int | None = -1, /) -> bytes:
        """Read as any stream does, but not more than a directory may have."""
        if size is not None and size > MAX_DIRECTORY_BYTES:
            raise zipfile.BadZipFile(f"its directory has {size:,} bytes; at most {MAX_DIRECTORY_BYTES:,} are read")
        return super().read(size)


class _Capped(io.RawIOBase):
    """A stream of unpacked bytes that ends in an error where a bomb would go on."""

    def __init__(
        self, stream: zipfile.ZipExtFile | gzip.GzipFile, packed: Callable[[], int], name: str, allowance: Allowance
    ) -> None:
        self._stream, self._packed, self._name, self._allowance = stream, packed, name, allowance
        self._count = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        with _archive_errors(self._name):
            data = self._stream.read1(len(buffer))  # what comes before damage is given before it is found
        self._count += len(data)
        packed = self._packed()
        too_dense = packed > 0 and self._count > _RATIO_COUNTS_FROM and self._count > packed * MAX_RATIO
        if self._count > MAX_UNPACKED_BYTES or too_dense or not self._allowance.spend(len(data)):
            raise ArchiveError(f"{self._name} unpacks to more than is read of one file; unpack and split it")
        buffer[: len(data)] = data
        return len(data)
