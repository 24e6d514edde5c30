"""Opening the SQLite file: no link is followed, and SQLite's errors become ours."""

from __future__ import annotations

import os
import sqlite3
import stat
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from prodlens.errors import StorageError, UnusableStoreError
from prodlens.files import Folder

if TYPE_CHECKING:
    from collections.abc import Iterator

_PAGE_CACHE_KIB = 64 * 1024
_BUSY_TIMEOUT_SECONDS = 30
_IN_MEMORY = ":memory:"
_CANNOT_WRITE = {sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY}
# SQLite opens these by itself, beside the database, and may put their content into it.
SIDE_SUFFIXES = ("-wal", "-shm", "-journal")


def connect(path: Path) -> sqlite3.Connection:
    """Open the database at the path, which is created with its folders where it is missing.

    A database in a folder that cannot be written is opened for reading.

    SQLite opens files by their path alone. So the file is looked at before and after it is opened, and nothing is read
    or written before the two are known to be one file.

    Raises:
        StorageError: The file or its folder cannot be opened or created.
        LinkError: The file or a folder on the way to it is a link.
        UnusableStoreError: The file is not a SQLite database.
    """
    made = None if str(path) == _IN_MEMORY else _made(path)
    with outside_errors(path):
        try:
            return _opened(path, made, "mode=rw")
        except sqlite3.OperationalError as error:
            if made is None or (error.sqlite_errorcode & 0xFF) not in _CANNOT_WRITE:
                raise
        return _opened(path, made, _read_only(path))


def _opened(path: Path, made: tuple[int, int] | None, options: str) -> sqlite3.Connection:
    address = _IN_MEMORY if made is None else f"{Path(os.path.abspath(path)).as_uri()}?{options}"  # noqa: PTH100 - as it is
    conn = sqlite3.connect(address, uri=True, timeout=_BUSY_TIMEOUT_SECONDS, isolation_level=None)
    try:
        if made is not None:
            _check_identity(path, made)
        _set_up(conn)
    except BaseException:
        conn.close()
        raise
    return conn


def _read_only(path: Path) -> str:
    """Return how to open a database whose folder cannot be written, so that SQLite makes no files of its own there.

    Such a file counts as one that nobody changes. With changes of another program beside it, in the ``-wal`` file, it
    would be read without them, so then SQLite has to find its own files there.
    """
    changes = Folder.of(path).entry(path.name + "-wal")
    return "mode=ro" if changes is not None and changes.st_size else "mode=ro&immutable=1"


def _made(path: Path) -> tuple[int, int]:
    """Create the file where it is missing, and return which file it is."""
    folder = Folder.of(path)
    try:
        # Only a new file is opened here: closing a file takes away the locks that SQLite has on it in this process.
        if folder.entry(path.name) is None:
            with suppress(FileExistsError):
                folder.open(path.name, "xb").close()
        for suffix in SIDE_SUFFIXES:
            folder.entry(path.name + suffix)
        return _identity(path)
    except OSError as error:
        raise StorageError(f"cannot open or create the database {path}: {error.strerror}") from error


def _check_identity(path: Path, expected: tuple[int, int]) -> None:
    if _identity(path) != expected:
        raise StorageError(f"the database {path} was replaced while it was opened; run the command again")


def _identity(path: Path) -> tuple[int, int]:
    entry = Folder.of(path).entry(path.name)
    if entry is None or not stat.S_ISREG(entry.st_mode):
        raise StorageError(f"cannot open the database {path}: it is not a file")
    return entry.st_dev, entry.st_ino


def _set_up(conn: sqlite3.Connection) -> None:
    conn.row_factory = sqlite3.Row
    with suppress(sqlite3.OperationalError):  # a read-only file is still read, and the first write says what is wrong
        conn.execute("PRAGMA journal_mode = WAL")
    conn.execute("PRAGMA synchronous = NORMAL")
    conn.execute(f"PRAGMA cache_size = -{_PAGE_CACHE_KIB}")
    conn.execute("PRAGMA trusted_schema = OFF")
    conn.execute("SELECT count(*) FROM sqlite_schema")  # the first look at the file, which tells whether it can be read


@contextmanager
def outside_errors(path: Path) -> Iterator[None]:
    """Translate SQLite's errors inside the block, see ``raise_as_ours``."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        raise_as_ours(error, path)


def raise_as_ours(error: sqlite3.DatabaseError, path: Path) -> NoReturn:
    """Raise an error of SQLite as ours: a wrong file is the user's to mend, a full or locked disk is not.

    Raises:
        StorageError: The file cannot be used now.
        UnusableStoreError: The file is not a usable database.
        DatabaseError: The error itself, where a statement of ours is wrong.
    """
    if isinstance(error, sqlite3.OperationalError):
        raise StorageError(f"cannot use the database {path}: {error}") from error
    if isinstance(error, sqlite3.IntegrityError | sqlite3.ProgrammingError | sqlite3.DataError):
        raise error
    raise UnusableStoreError(f"{path} is not a usable SQLite database ({error}); choose another with --db") from error
