"""What a cache artifact must be before it is used: made by this repository's own code, undamaged, and data alone.

Anyone can upload an artifact of any name in a run of a fork's pull request, and it appears in this repository's list.
"""

from __future__ import annotations

import sqlite3
import stat
import sys
import zipfile
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from prodlens.action.artifacts.listing import UnusableArtifactError
from prodlens.action.event import SAVING_EVENTS
from prodlens.errors import StorageError
from prodlens.storage import APPLICATION_ID, SCHEMA_VERSION, migrations
from prodlens.trace_ingestion import DAMAGE, METHODS, is_of_the_disk

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from prodlens.action.artifacts.listing import Artifact

MEMBER = "cache.db"
MAX_ARCHIVE_BYTES = 512 * 1024**2
MAX_DATABASE_BYTES = 4 * 1024**3
MAX_RATIO = 200
_RATIO_COUNTS_FROM = 16 * 1024**2
_HEADER_BYTES = 100
_MAGIC = b"SQLite format 3\x00"
_CHUNK_BYTES = 1024 * 1024
_LONGEST_VALUE = 64 * 1024**2
# What SQLite says when the disk or the memory fails, whatever the database holds.
_OUTSIDE = frozenset({sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_NOMEM})


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustContext:
    """Where a cache must have been made.

    Attributes:
        repository_id: The repository whose workflow this is.
        default_branch: Its default branch.
        workflows: Paths of the workflow files that are trusted.
        digests: Whether the server gives a digest of every artifact. Where it does not, a cache is trusted by its run,
            workflow and branch, and by the checks of the file itself.
    """

    repository_id: int
    default_branch: str
    workflows: frozenset[str]
    digests: bool = True


def distrust(artifact: Artifact, run: Mapping[str, Any] | None, context: TrustContext) -> str | None:
    """Return why an artifact is not trusted as a cache; None when it is.

    Args:
        artifact: The artifact as it is listed.
        run: The run that made it; None before it was asked for, when only the list can give a reason.
        context: Where it must have been made.
    """
    reason = _distrust_listed(artifact, context)
    return reason if reason is not None or run is None else _distrust_run(artifact, run, context)


def _distrust_listed(artifact: Artifact, context: TrustContext) -> str | None:
    size, branch = artifact.size_bytes, artifact.head_branch
    unknown_run = None in {artifact.run_id, artifact.repository_id, artifact.head_repository_id}
    rules = (
        (artifact.expired, "it has expired"),
        (unknown_run, "it does not say which run made it"),
        (artifact.repository_id != context.repository_id, "it belongs to another repository"),
        (artifact.head_repository_id != context.repository_id, "it was made by a fork's code"),
        (branch != context.default_branch, f"it was made on branch {branch!r}, not on {context.default_branch!r}"),
        (not _may_be_verified(artifact, context), "it has no digest to verify it by"),
        (size is None or size > MAX_ARCHIVE_BYTES, f"it has {size} bytes; at most {MAX_ARCHIVE_BYTES} are read"),
    )
    return next((reason for speaks_against, reason in rules if speaks_against), None)


def _may_be_verified(artifact: Artifact, context: TrustContext) -> bool:
    """Return whether the artifact has a digest that its bytes can be held against, or its server gives none."""
    if artifact.digest is None:
        return not context.digests
    return artifact.digest.startswith("sha256:")


def _distrust_run(artifact: Artifact, run: Mapping[str, Any], context: TrustContext) -> str | None:
    homes = [run.get(key) for key in ("repository", "head_repository")]
    at_home = all(isinstance(home, dict) and home.get("id") == context.repository_id for home in homes)
    branch, event, path = run.get("head_branch"), str(run.get("event")), str(run.get("path")).partition("@")[0]
    rules = (
        (run.get("id") != artifact.run_id, "GitHub describes another run than the one that made it"),
        (not at_home, "it was made by another repository's code"),
        (branch != context.default_branch, f"its run was on branch {branch!r}, not on {context.default_branch!r}"),
        (event not in SAVING_EVENTS, f"its run was started by {event!r}, not by {', '.join(sorted(SAVING_EVENTS))}"),
        (path not in context.workflows, f"it was made by {path!r}; name it in cache-workflows if it is to be trusted"),
    )
    return next((reason for speaks_against, reason in rules if speaks_against), None)


def unpack(archive: Path, target: Path) -> None:
    """Write the one member that a cache archive must hold to a file.

    Raises:
        UnusableArtifactError: It holds anything else, or more than the caps allow.
        StorageError: The disk is full, or the file cannot be written.
    """
    try:
        with zipfile.ZipFile(archive) as opened:
            member = _only_member(opened)
            with opened.open(member) as source, target.open("wb") as sink:
                while chunk := source.read(_CHUNK_BYTES):  # never more than the size that was checked
                    sink.write(chunk)
    except DAMAGE as error:
        if is_of_the_disk(error):
            raise StorageError(f"the cache cannot be unpacked to {target}: {error.strerror}") from error
        raise UnusableArtifactError(f"its archive cannot be read to its end: {error}") from None


def _only_member(archive: zipfile.ZipFile) -> zipfile.ZipInfo:
    names = [member.filename for member in archive.infolist()]
    if names != [MEMBER]:
        shown = ", ".join(repr(name[:100]) for name in names[:5])
        raise UnusableArtifactError(f"it should hold {MEMBER!r} and nothing else; it holds {shown or 'nothing'}")
    member = archive.infolist()[0]
    kind = stat.S_IFMT(member.external_attr >> 16)
    if kind not in {0, stat.S_IFREG}:
        raise UnusableArtifactError(f"its {MEMBER} is a link or a device, not a file")
    if member.compress_type not in METHODS:
        raise UnusableArtifactError(f"its {MEMBER} is packed by a method that is not read")
    if is_dense(member) or member.file_size > MAX_DATABASE_BYTES:
        raise UnusableArtifactError(f"its {MEMBER} would unpack to {member.file_size:,} bytes, as a zip bomb does")
    return member


def is_dense(member: zipfile.ZipInfo) -> bool:
    """Return whether a member unpacks to far more than its size."""
    return member.file_size > max(member.compress_size, 1) * MAX_RATIO and member.file_size > _RATIO_COUNTS_FROM


def check_database(path: Path) -> None:
    """Check that a file is a ProdLens database and holds data alone: no trigger, view, table or index of its own.

    Raises:
        UnusableArtifactError: It is not.
        StorageError: The disk failed, which says nothing about it.
    """
    version = _checked_header(path)
    try:
        with _distrusting(path) as conn:
            _check_schema(conn, version)
            verdict = conn.execute("PRAGMA quick_check(1)").fetchone()[0]
    except sqlite3.Error as error:
        raise _failure("its database is damaged", error) from None
    if verdict != "ok":
        raise UnusableArtifactError(f"its database is damaged: {str(verdict)[:200]}")


def make_indexes(path: Path) -> None:
    """Make the indexes that the saved copy left out.

    Raises:
        UnusableArtifactError: The rows do not allow it.
        StorageError: The disk is full, which says nothing about the rows.
    """
    try:
        with closing(sqlite3.connect(path, isolation_level=None)) as conn:
            conn.execute("PRAGMA trusted_schema = OFF")
            version = int(conn.execute("PRAGMA user_version").fetchone()[0])
            there = {row[0] for row in conn.execute("SELECT name FROM sqlite_schema")}
            conn.execute("BEGIN")
            for kind, name, _, sql in sorted(schema_of(version), key=str):
                if kind == "index" and name not in there and sql:
                    conn.execute(sql)
            conn.execute("COMMIT")
    except sqlite3.Error as error:
        raise _failure("the indexes of its database cannot be made", error) from None


def _failure(what: str, error: sqlite3.Error) -> UnusableArtifactError | StorageError:
    """Return an error of SQLite as one about this database, or about the disk, which would fail any other too."""
    if getattr(error, "sqlite_errorcode", 0) & 0xFF in _OUTSIDE:
        return StorageError(f"the cache cannot be restored: {error}; make room on the disk and run again")
    return UnusableArtifactError(f"{what}: {error}")


@cache
def schema_of(version: int) -> frozenset[tuple[str, str, str, str | None]]:
    """Return what ``sqlite_schema`` holds after the migrations up to a version: (type, name, table, SQL)."""
    with closing(sqlite3.connect(":memory:")) as conn:
        for number, script in migrations():
            if number <= version:
                conn.executescript(script)
        return _schema(conn)


def _schema(conn: sqlite3.Connection) -> frozenset[tuple[str, str, str, str | None]]:
    return frozenset(conn.execute("SELECT type, name, tbl_name, sql FROM sqlite_schema").fetchall())


def _checked_header(path: Path) -> int:
    """Read application and schema version from the file's bytes, before SQLite parses anything of it."""
    with path.open("rb") as stream:
        header = stream.read(_HEADER_BYTES)
    if len(header) < _HEADER_BYTES or not header.startswith(_MAGIC):
        raise UnusableArtifactError("it is not an SQLite database")
    version, application = (int.from_bytes(header[at : at + 4], "big") for at in (60, 68))
    if application != APPLICATION_ID:
        raise UnusableArtifactError("it is a database of another program")
    if not 1 <= version <= SCHEMA_VERSION:
        raise UnusableArtifactError(
            f"it has schema version {version} and this ProdLens knows 1 to {SCHEMA_VERSION}; use one version everywhere"
        )
    return version


@contextmanager
def _distrusting(path: Path) -> Iterator[sqlite3.Connection]:
    """Open a database that may be built to harm: read-only, nothing in its schema may call anything."""
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)) as conn:
        conn.execute("PRAGMA trusted_schema = OFF")
        conn.execute("PRAGMA cell_size_check = ON")
        conn.execute("PRAGMA mmap_size = 0")
        conn.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LONGEST_VALUE)
        conn.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
        if sys.version_info >= (3, 12):
            conn.setconfig(sqlite3.SQLITE_DBCONFIG_DEFENSIVE, True)
        yield conn


def _check_schema(conn: sqlite3.Connection, version: int) -> None:
    found, expected = _schema(conn), schema_of(version)
    if own := sorted(f"{kind} {name!r}" for kind, name, _, _ in found - expected):
        raise UnusableArtifactError(f"its database has a schema of its own: {', '.join(own)[:300]}")
    if lost := sorted(f"{kind} {name!r}" for kind, name, _, _ in expected - found if kind != "index"):
        raise UnusableArtifactError(f"its database lacks {', '.join(lost)[:300]}")
