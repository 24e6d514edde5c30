"""Where traces come in: files, folders, globs, standard input; plain, gzip or zip, told apart by their first bytes."""

from __future__ import annotations

import glob
import io
import logging
import os
import stat
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, BinaryIO

from prodlens.errors import InputNotFoundError, StorageError
from prodlens.timestamps import parse_timestamp
from prodlens.trace_ingestion.archives import (
    GZIP_MAGIC,
    MAGIC_BYTES,
    ZIP_MAGICS,
    Allowance,
    ArchiveError,
    is_trace_name,
    open_gzip,
    stem_of,
    unpacked,
    zip_members,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from contextlib import AbstractContextManager
    from datetime import datetime

logger = logging.getLogger(__name__)

STANDARD_INPUT = "-"
_BUFFER_BYTES = 128 * 1024  # lines of a proxy are long, and each is put together from what one reading brings


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
        InputNotFoundError: Inputs are not there, or patterns match nothing; all of them are named, and nothing was
            yielded before.
    """
    found = [(given, _matches(given)) for given in map(str, inputs)]
    if missing := [given for given, matches in found if not matches]:
        raise InputNotFoundError("\n".join(f"no such file or folder: {given}" for given in missing))
    for given, matches in found:
        if given == STANDARD_INPUT:
            yield _standard_input(stdin)
            continue
        for path in matches:
            if path.is_dir():
                yield from _readable(_folder(path))
            else:
                yield from _sources_of(path)


def _matches(given: str) -> list[Path]:
    """Return the files and folders that an input names; an existing path wins over a pattern of the same text."""
    if given == STANDARD_INPUT or Path(given).exists():
        return [Path(given)]
    matches = map(Path, sorted(glob.glob(given, recursive=True)))  # noqa: PTH207 - absolute patterns too
    return [match for match in matches if match.exists()]  # some Pythons let `folder/**` match without the folder


def _folder(folder: Path) -> list[Path]:
    files = list(_files_below(str(folder)))
    chosen = [Path(path) for path in files if is_trace_name(path.rpartition(os.sep)[2])]
    if passed_over := len(files) - len(chosen):
        logger.info("%s: passed over %d files whose suffix is not one of traces", folder, passed_over)
    return chosen


def _readable(files: Iterable[Path]) -> Iterator[Source]:
    """Yield the sources in the files of a folder; one that cannot be opened is logged and skipped."""
    for file in files:
        try:
            yield from _sources_of(file)
        except StorageError as error:
            logger.warning("passed over: %s", error)


def _files_below(folder: str) -> Iterator[str]:
    """Yield the files in a folder and below it, in the order of their names; links to folders are not followed."""
    try:
        with os.scandir(folder) as found:
            entries = sorted(found, key=lambda entry: entry.name)
    except PermissionError as error:
        logger.warning("%s: passed over: %s", folder, error.strerror)
        return
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            yield from _files_below(entry.path)
        elif _is_file(entry):
            yield entry.path


def _is_file(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_file()
    except OSError as error:  # a link to itself
        logger.warning("%s: passed over: %s", entry.path, error.strerror)
        return False


def _sources_of(path: Path) -> Iterator[Source]:
    name = os.fsencode(path).decode(errors="backslashreplace")  # a name need not be text, and is stored as text
    try:
        yield from file_sources(path, name)
    except ArchiveError as error:
        yield _broken(name, stem_of(path.name), str(error))


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
        passed_over: Told the name and the reason of every member that is not read; None: they are logged.
        written: When the file was written, where the file system does not know it, as for a downloaded artifact.

    Raises:
        ArchiveError: It is a zip archive whose directory cannot be read; raised before anything is yielded.
        StorageError: The file cannot be read.
    """
    status, magic = _status_and_magic(path)
    allowance = Allowance(whole_bytes)
    written = written or parse_timestamp(status.st_mtime)
    if magic in ZIP_MAGICS:
        for member in zip_members(path, name, stem, allowance, passed_over or _log_passed_over):
            yield Source(*member, path=None, written=written)
    elif magic.startswith(GZIP_MAGIC):
        yield Source(name, stem or stem_of(path.name), lambda: open_gzip(path, name, allowance), None, written)
    else:
        yield Source(name, stem or stem_of(path.name), lambda: path.open("rb", _BUFFER_BYTES), path, written)


def _log_passed_over(name: str, reason: str) -> None:
    logger.warning("passed over in an archive: %s: %s", name, reason)


def _status_and_magic(path: Path) -> tuple[os.stat_result, bytes]:
    """Return what the system says of a file, and its first bytes; a named pipe gives its bytes only once."""
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            return status, b""
        with path.open("rb", buffering=0) as stream:
            return status, stream.read(MAGIC_BYTES)
    except OSError as error:
        raise StorageError(f"cannot read {path}: {error.strerror}") from error


def _standard_input(stdin: BinaryIO | None) -> Source:
    if stdin is None:
        raise InputNotFoundError("'-' reads standard input, which is not there; name a file")

    @contextmanager
    def opened() -> Iterator[IO[bytes]]:
        buffered = stdin if isinstance(stdin, io.BufferedReader) else io.BufferedReader(io.BytesIO(stdin.read()))
        with unpacked(buffered, "standard input") as stream:
            yield stream

    return Source(STANDARD_INPUT, "stdin", opened)


def _broken(name: str, stem: str, reason: str) -> Source:
    """Return a source whose reading says that its archive is damaged."""

    @contextmanager
    def opened() -> Iterator[IO[bytes]]:
        raise ArchiveError(reason)
        yield  # the shape of a context manager

    return Source(name, stem, opened)
