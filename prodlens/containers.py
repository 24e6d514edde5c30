"""Where traces come in: files, folders, globs, standard input; plain, gzip or zip, told apart by their first bytes.

Archives are hostile input: members are read, never unpacked to disk, and no more of them than the caps allow.
"""

from __future__ import annotations

import glob
import gzip
import io
import logging
import zipfile
import zlib
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING, BinaryIO

from prodlens.errors import InputNotFoundError, StorageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from contextlib import AbstractContextManager

logger = logging.getLogger(__name__)

STANDARD_INPUT = "-"
TRACE_SUFFIXES = frozenset({".jsonl", ".ndjson", ".json", ".gz", ".zip"})
DEAD_LETTER_SUFFIX = ".deadletter.jsonl"
MAX_MEMBERS = 10_000
MAX_UNPACKED_BYTES = 16 * 1024**3
MAX_RATIO = 1_000  # of unpacked to packed bytes; logs that repeat the same tool schemas reach 200
_RATIO_COUNTS_FROM = 64 * 1024**2
_GZIP, _ZIP = b"\x1f\x8b", b"PK\x03\x04"


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
    """

    name: str
    stem: str
    open: Callable[[], AbstractContextManager[IO[bytes]]]
    path: Path | None = None


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
    magic = _magic(path)
    if magic == _ZIP:
        yield from _members(path)
    elif magic.startswith(_GZIP):
        yield Source(str(path), stem_of(path.name), lambda: _gzip_stream(path))
    else:
        yield Source(str(path), stem_of(path.name), lambda: path.open("rb"), path)


def _magic(path: Path) -> bytes:
    try:
        if not path.is_file():  # a named pipe gives its bytes once
            return b""
        with path.open("rb") as stream:
            return stream.read(len(_ZIP))
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
        with gzip.GzipFile(fileobj=buffered) as stream, _archive_errors("standard input"):
            yield io.BufferedReader(_Capped(stream, lambda: 0, "standard input"))

    return Source(STANDARD_INPUT, "stdin", opened)


@contextmanager
def _gzip_stream(path: Path) -> Iterator[IO[bytes]]:
    with path.open("rb") as packed, gzip.GzipFile(fileobj=packed) as stream, _archive_errors(str(path)):
        yield io.BufferedReader(_Capped(stream, packed.tell, str(path)))


def _members(path: Path) -> Iterator[Source]:
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        yield _broken(str(path), stem_of(path.name), f"the zip archive cannot be read: {error}")
        return
    if len(members) > MAX_MEMBERS:
        logger.warning("%s: only the first %d of %d members are read", path, MAX_MEMBERS, len(members))
    for member in members[:MAX_MEMBERS]:
        if member.is_dir():
            continue
        name = f"{path}!{member.filename}"
        if _escapes(member.filename) or not _is_trace_name(member.filename) or member.filename.endswith(".zip"):
            logger.warning("passed over in an archive: %s", name)
            continue
        yield Source(name, stem_of(PurePosixPath(member.filename).name), _member_opener(path, member.filename, name))


def _escapes(member: str) -> bool:
    parts = member.replace("\\", "/").split("/")
    return ".." in parts or not parts[0] or ":" in parts[0]


def _member_opener(path: Path, member: str, name: str) -> Callable[[], AbstractContextManager[IO[bytes]]]:
    @contextmanager
    def opened() -> Iterator[IO[bytes]]:
        with _archive_errors(name), zipfile.ZipFile(path) as archive, archive.open(member) as stream:
            packed = archive.getinfo(member).compress_size
            capped = io.BufferedReader(_Capped(stream, lambda: packed, name))
            if capped.peek(2)[:2] != _GZIP:
                yield capped
                return
            with gzip.GzipFile(fileobj=capped) as inner:
                yield io.BufferedReader(_Capped(inner, lambda: packed, name))

    return opened


def _broken(name: str, stem: str, reason: str) -> Source:
    @contextmanager
    def opened() -> Iterator[IO[bytes]]:
        raise ArchiveError(reason)
        yield  # the shape of a context manager

    return Source(name, stem, opened)


@contextmanager
def _archive_errors(name: str) -> Iterator[None]:
    try:
        yield
    except (EOFError, zlib.error, zipfile.BadZipFile, gzip.BadGzipFile, RuntimeError, NotImplementedError) as error:
        raise ArchiveError(f"{name} cannot be unpacked to its end: {error}") from error


class _Capped(io.RawIOBase):
    """A stream of unpacked bytes that ends in an error where a bomb would go on."""

    def __init__(self, stream: IO[bytes] | gzip.GzipFile, packed: Callable[[], int], name: str) -> None:
        self._stream, self._packed, self._name = stream, packed, name
        self._count = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        try:
            data = self._stream.read(len(buffer))
        except (EOFError, zlib.error, zipfile.BadZipFile, gzip.BadGzipFile) as error:
            raise ArchiveError(f"{self._name} cannot be unpacked to its end: {error}") from error
        self._count += len(data)
        packed = self._packed()
        too_dense = packed > 0 and self._count > _RATIO_COUNTS_FROM and self._count > packed * MAX_RATIO
        if self._count > MAX_UNPACKED_BYTES or too_dense:
            raise ArchiveError(f"{self._name} unpacks to more than is read of one file; unpack and split it")
        buffer[: len(data)] = data
        return len(data)
