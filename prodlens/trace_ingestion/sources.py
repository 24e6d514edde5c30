"""Where traces come in: files, folders, globs, standard input; plain, gzip or zip, told apart by their first bytes.

Archives are hostile input: members are read, never unpacked to disk, and no more of them than the caps allow.
"""

from __future__ import annotations

import errno
import glob
import gzip
import io
import logging
import re
import stat
import struct
import zipfile
import zlib
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING, BinaryIO, TypeGuard

from prodlens.errors import InputNotFoundError, StorageError
from prodlens.timestamps import parse_timestamp

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from contextlib import AbstractContextManager
    from datetime import datetime

logger = logging.getLogger(__name__)

STANDARD_INPUT = "-"
TRACE_SUFFIXES = frozenset({".jsonl", ".ndjson", ".json", ".csv", ".gz", ".zip"})
DEAD_LETTER_SUFFIX = ".deadletter.jsonl"
MAX_MEMBERS = 10_000
MAX_DIRECTORY_BYTES = 16 * 1024**2  # of a zip archive's directory, which is parsed as a whole
MAX_UNPACKED_BYTES = 16 * 1024**3
MAX_RATIO = 1_000  # of unpacked to packed bytes; logs that repeat the same tool schemas reach 200
_RATIO_COUNTS_FROM = 64 * 1024**2
_GZIP = b"\x1f\x8b"
_ZIPS = frozenset({b"PK\x03\x04", b"PK\x05\x06"})  # with members, and without
_MAGIC_BYTES = 4
_MEMBER_SUFFIXES = (".jsonl", ".ndjson", ".json", ".csv", ".gz")
METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})  # of the others, zipfile unpacks without a bound
_ENCRYPTED = 0x1
_LONGEST_NAME = 200
_LONGEST_STEM = 80  # file systems take names of 255 bytes, the suffixes included
# Whatever zipfile, gzip and zlib raise at bytes that were made to confuse them.
DAMAGE = (EOFError, OSError, OverflowError, RuntimeError, ValueError, struct.error, zipfile.BadZipFile, zlib.error)


class ArchiveError(ValueError):
    """An archive is damaged, or unpacks to more than the caps allow."""


@dataclass(frozen=True, slots=True)
class Source:
    """One stream of records.

    Attributes:
        name: What a user finds it by: a path, ``archive.zip!member``, or ``-``.
        stem: The name that its dead letters are kept under.
        open: Opens the bytes, unpacked; reading may raise ``ArchiveError``.
        path: The plain file behind it, None when the bytes have to be unpacked or come from a stream.
        written: When it was written last, None where nothing says so.
    """

    name: str
    stem: str
    open: Callable[[], AbstractContextManager[IO[bytes]]]
    path: Path | None = None
    written: datetime | None = None


def find_sources(inputs: Iterable[Path | str], stdin: BinaryIO | None = None) -> Iterator[Source]:
    """Yield every source that the inputs name: files, folders (recursively), globs, ``-`` for standard input.

    Raises:
        InputNotFoundError: An input is not there, or a pattern matches nothing; raised before anything is yielded.
    """
    found = [(given, _paths(str(given))) for given in inputs]
    for given, paths in found:
        if str(given) == STANDARD_INPUT:
            yield _standard_input(stdin)
        for path in paths:
            yield from _sources_of(path)


def _paths(given: str) -> list[Path]:
    if given == STANDARD_INPUT:
        return []
    path = Path(given)
    if path.is_dir():
        return _folder(path)
    if path.exists():
        return [path]
    matches = [Path(match) for match in sorted(glob.glob(given, recursive=True))]  # noqa: PTH207 - absolute patterns too
    if not matches:
        raise InputNotFoundError(f"no such file or folder: {given}")
    return [inner for match in matches for inner in (_folder(match) if match.is_dir() else [match])]


def _folder(folder: Path) -> list[Path]:
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    chosen = [path for path in files if _is_trace_name(path.name)]
    if passed_over := len(files) - len(chosen):
        logger.info("%s: passed over %d files that are no traces by their suffix", folder, passed_over)
    return chosen


def _is_trace_name(name: str) -> bool:
    return PurePosixPath(name).suffix.lower() in TRACE_SUFFIXES and ".deadletter." not in name


def _sources_of(path: Path) -> Iterator[Source]:
    try:
        yield from file_sources(path, str(path))
    except ArchiveError as error:
        yield _broken(str(path), stem_of(path.name), str(error))


def file_sources(
    path: Path,
    name: str,
    *,
    stem: str | None = None,
    whole_bytes: int | None = None,
    passed_over: Callable[[str, str], None] | None = None,
    written: datetime | None = None,
) -> Iterator[Source]:
    """Yield what one file holds, told by its first bytes: the members of a zip archive, or the file itself.

    A member can be opened until the next source is asked for.

    Args:
        path: The file.
        name: What a user finds it by.
        stem: What the names of its dead letters begin with, those of each member apart; None: the file's name, and
            for members their own names.
        whole_bytes: Most unpacked bytes of everything in it together; None: each part has its own cap alone.
        passed_over: Told the name and the reason of every member that is not read; None: the log is.
        written: When the file was written, where the file system does not know it, as for a downloaded artifact.

    Raises:
        ArchiveError: It is a zip archive of which no directory can be read; raised before anything is yielded.
        StorageError: The file cannot be read.
    """
    magic = _magic(path)
    allowance = _Allowance(whole_bytes)
    written = written or parse_timestamp(path.stat().st_mtime)
    if magic in _ZIPS:
        for source in _members(path, name, stem, allowance, passed_over or _log_passed_over):
            yield replace(source, written=written)
    elif magic.startswith(_GZIP):
        yield Source(name, stem or stem_of(path.name), lambda: _gzip_stream(path, name, allowance), None, written)
    else:
        yield Source(name, stem or stem_of(path.name), lambda: path.open("rb"), path, written)


def shown_name(name: str) -> str:
    """Return a name from outside as it can be stored and shown: every character printable, cut at 200."""
    clean = "".join(c if c.isprintable() else repr(c)[1:-1] for c in name[: 2 * _LONGEST_NAME])
    return clean if len(clean) <= _LONGEST_NAME else f"{clean[:_LONGEST_NAME]}…"


def _log_passed_over(name: str, reason: str) -> None:
    logger.warning("passed over in an archive: %s: %s", name, reason)


def _magic(path: Path) -> bytes:
    try:
        if not path.is_file():  # a named pipe gives its bytes once
            return b""
        with path.open("rb") as stream:
            return stream.read(_MAGIC_BYTES)
    except OSError as error:
        raise StorageError(f"cannot read {path}: {error.strerror}") from error


def stem_of(name: str) -> str:
    """Return the file's name without its suffix, a ``.gz`` before it included."""
    base = name[: -len(".gz")] if name.lower().endswith(".gz") else name
    return PurePosixPath(base).stem or base or "traces"


def _standard_input(stdin: BinaryIO | None) -> Source:
    if stdin is None:
        raise InputNotFoundError("'-' reads standard input, and there is none here; name a file")

    @contextmanager
    def opened() -> Iterator[IO[bytes]]:
        buffered = stdin if isinstance(stdin, io.BufferedReader) else io.BufferedReader(io.BytesIO(stdin.read()))
        if buffered.peek(2)[:2] != _GZIP:
            yield buffered
            return
        with gzip.GzipFile(fileobj=buffered) as stream:
            yield io.BufferedReader(_Capped(stream, lambda: 0, "standard input", _Allowance(None)))

    return Source(STANDARD_INPUT, "stdin", opened)


@contextmanager
def _gzip_stream(path: Path, name: str, allowance: _Allowance) -> Iterator[IO[bytes]]:
    with path.open("rb") as packed, gzip.GzipFile(fileobj=packed) as stream:
        yield io.BufferedReader(_Capped(stream, packed.tell, name, allowance))


def _members(
    path: Path, name: str, stem: str | None, allowance: _Allowance, passed_over: Callable[[str, str], None]
) -> Iterator[Source]:
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
            letters = own[:_LONGEST_STEM] if stem is None else f"{stem}-{number}-{_plain(own)}"
            yield Source(f"{name}!{shown}", letters, _member_opener(archive, member, f"{name}!{shown}", allowance))


def _unreadable(member: zipfile.ZipInfo) -> str | None:
    """Return why a member is not even opened."""
    kind = stat.S_IFMT(member.external_attr >> 16)
    rules = (
        (_escapes(member.filename), "its path leads out of the archive"),
        (kind not in {0, stat.S_IFREG}, "it is a link or a device, no file"),
        (PurePosixPath(member.filename).suffix.lower() == ".zip", "an archive inside an archive is not read"),
        (not _is_trace_name(member.filename), f"only {', '.join(_MEMBER_SUFFIXES)} are read"),
        (bool(member.flag_bits & _ENCRYPTED), "it is encrypted"),
        (member.compress_type not in METHODS, "it is packed by a method that is not read; use deflate"),
    )
    return next((reason for speaks_against, reason in rules if speaks_against), None)


def _escapes(member: str) -> bool:
    parts = member.replace("\\", "/").split("/")
    return ".." in parts or not parts[0] or ":" in parts[0]


def _plain(stem: str) -> str:
    """Return a stem as every file system takes it."""
    return re.sub(r"[^A-Za-z0-9_-]+", "_", stem)[:_LONGEST_STEM]


def _member_opener(
    archive: zipfile.ZipFile, member: zipfile.ZipInfo, name: str, allowance: _Allowance
) -> Callable[[], AbstractContextManager[IO[bytes]]]:
    @contextmanager
    def opened() -> Iterator[IO[bytes]]:
        with _archive_errors(name):
            stream = archive.open(member)
        with stream:
            capped = io.BufferedReader(_Capped(stream, lambda: member.compress_size, name, allowance))
            magic = capped.peek(_MAGIC_BYTES)[:_MAGIC_BYTES]
            if magic in _ZIPS:
                raise ArchiveError(f"{name} is an archive inside an archive, which is not read")
            if not magic.startswith(_GZIP):
                yield capped
                return
            with gzip.GzipFile(fileobj=capped) as inner:
                yield io.BufferedReader(_Capped(inner, lambda: member.compress_size, name, allowance))

    return opened


def _broken(name: str, stem: str, reason: str) -> Source:
    @contextmanager
    def opened() -> Iterator[IO[bytes]]:
        raise ArchiveError(reason)
        yield  # the shape of a context manager

    return Source(name, stem, opened)


def is_of_the_disk(error: Exception) -> TypeGuard[OSError]:
    """Tell whether reading an archive failed for a reason that is not in it; EINVAL is a place before its start."""
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
    """The file of a zip archive, of which ``zipfile`` reads the whole directory at once: only if it is no bomb."""

    def read(self, size: int | None = -1, /) -> bytes:
        """Read as any stream does, but not more than a directory may have."""
        if size is not None and size > MAX_DIRECTORY_BYTES:
            raise zipfile.BadZipFile(f"its directory has {size:,} bytes; at most {MAX_DIRECTORY_BYTES:,} are read")
        return super().read(size)


@dataclass(slots=True)
class _Allowance:
    """How many bytes everything that shares it may still unpack to; None: as many as it likes."""

    left: int | None

    def spend(self, count: int) -> bool:
        """Take bytes from it; tell whether there were as many."""
        if self.left is not None:
            self.left -= count
        return self.left is None or self.left >= 0


class _Capped(io.RawIOBase):
    """A stream of unpacked bytes that ends in an error where a bomb would go on."""

    def __init__(
        self, stream: IO[bytes] | gzip.GzipFile, packed: Callable[[], int], name: str, allowance: _Allowance
    ) -> None:
        self._stream, self._packed, self._name, self._allowance = stream, packed, name, allowance
        self._count = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        with _archive_errors(self._name):
            data = self._stream.read(len(buffer))
        self._count += len(data)
        packed = self._packed()
        too_dense = packed > 0 and self._count > _RATIO_COUNTS_FROM and self._count > packed * MAX_RATIO
        if self._count > MAX_UNPACKED_BYTES or too_dense or not self._allowance.spend(len(data)):
            raise ArchiveError(f"{self._name} unpacks to more than is read of one file; unpack and split it")
        buffer[: len(data)] = data
        return len(data)
