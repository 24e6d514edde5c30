"""What a cache artifact must be: every rule, and every attack on it."""

from __future__ import annotations

import resource
import sqlite3
import stat
import zipfile
from contextlib import closing, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prodlens.action.artifacts.listing import Artifact, UnusableArtifactError
from prodlens.action.cache import trust
from prodlens.action.cache.trust import (
    TrustContext,
    check_database,
    distrust,
    make_indexes,
    schema_of,
    unpack,
)
from prodlens.action.event import workflow_path
from prodlens.errors import StorageError
from prodlens.storage import SCHEMA_VERSION, ProdLensStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

HERE, FORK = 10, 66
CONTEXT = TrustContext(repository_id=HERE, default_branch="main", workflows=frozenset({".github/workflows/weekly.yml"}))
GOOD = Artifact(
    id=1,
    name="prodlens-cache",
    size_bytes=1000,
    digest="sha256:00",
    run_id=7,
    repository_id=HERE,
    head_repository_id=HERE,
    head_branch="main",
)
RUN: dict[str, Any] = {
    "id": 7,
    "event": "push",
    "path": ".github/workflows/weekly.yml",
    "head_branch": "main",
    "repository": {"id": HERE},
    "head_repository": {"id": HERE},
}


def test_the_default_branch_s_own_cache_is_trusted() -> None:
    """An artifact that every rule holds for is trusted, also when the run's path names a ref."""
    assert distrust(GOOD, None, CONTEXT) is None
    for event in ("push", "schedule", "workflow_dispatch"):
        assert distrust(GOOD, {**RUN, "event": event}, CONTEXT) is None
    assert distrust(GOOD, {**RUN, "path": ".github/workflows/weekly.yml@refs/heads/main"}, CONTEXT) is None


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"expired": True}, "expired"),
        ({"run_id": None}, "which run"),
        ({"repository_id": None}, "which run"),
        ({"head_repository_id": None}, "which run"),
        ({"head_repository_id": FORK}, "fork"),
        ({"repository_id": FORK, "head_repository_id": FORK}, "another repository"),
        ({"head_branch": "feature"}, "'feature'"),
        ({"head_branch": None}, "branch"),
        ({"digest": None}, "no digest"),
        ({"digest": "md5:00"}, "no digest"),
        ({"size_bytes": trust.MAX_ARCHIVE_BYTES + 1}, "at most"),
        ({"size_bytes": None}, "at most"),
    ],
)
def test_the_list_alone_can_speak_against_an_artifact(changes: dict[str, Any], said: str) -> None:
    """Each rule that needs only the list of artifacts refuses by itself, before another request is made."""
    assert said in (distrust(replace(GOOD, **changes), None, CONTEXT) or "")
    assert said in (distrust(replace(GOOD, **changes), RUN, CONTEXT) or "")


def test_a_server_without_digests_leaves_run_workflow_and_branch() -> None:
    """Where the server gives no digests, a missing one does not speak against a cache; everything else still does."""
    context = replace(CONTEXT, digests=False)
    plain = replace(GOOD, digest=None)
    assert distrust(plain, RUN, context) is None
    assert distrust(GOOD, RUN, context) is None
    assert "no digest" in (distrust(replace(GOOD, digest="md5:00"), RUN, context) or "")
    assert "fork" in (distrust(replace(plain, head_repository_id=FORK), RUN, context) or "")
    assert "cache-workflows" in (distrust(plain, {**RUN, "path": ".github/workflows/other.yml"}, context) or "")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"id": 8}, "another run"),
        ({"event": "pull_request"}, "'pull_request'"),
        ({"event": "pull_request_target"}, "started by"),
        ({"event": "workflow_run"}, "started by"),
        ({"event": None}, "started by"),
        ({"path": ".github/workflows/other.yml"}, "cache-workflows"),
        ({"path": None}, "cache-workflows"),
        ({"head_branch": "feature"}, "'feature'"),
        ({"head_repository": {"id": FORK}}, "another repository"),
        ({"head_repository": None}, "another repository"),
        ({"repository": {"id": FORK}}, "another repository"),
    ],
)
def test_the_run_can_speak_against_an_artifact(changes: dict[str, Any], said: str) -> None:
    """Each rule about the run refuses by itself: fork, branch, event, workflow."""
    assert said in (distrust(GOOD, {**RUN, **changes}, CONTEXT) or "")


@given(st.dictionaries(st.sampled_from(sorted(RUN)), st.none() | st.integers() | st.text() | st.just({"id": FORK})))
def test_only_a_run_that_says_everything_right_is_trusted(changes: dict[str, Any]) -> None:
    """No change of what a run says makes it trusted unless it changes nothing."""
    run = {**RUN, **changes}
    if distrust(GOOD, run, CONTEXT) is None:
        assert run["event"] in {"push", "schedule", "workflow_dispatch"}
        assert {**run, "event": "push", "path": run["path"].partition("@")[0]} == RUN


@pytest.mark.parametrize(
    "text", ["weekly.yml", ".github/workflows/weekly.yml", "octo/repo/.github/workflows/weekly.yml@refs/heads/main"]
)
def test_a_workflow_file_is_named_by_file_path_or_reference(text: str) -> None:
    """All the ways to name a workflow file come to its path."""
    assert workflow_path(text) == ".github/workflows/weekly.yml"


# The archive ------------------------------------------------------------------------------------------------


def archive_with(path: Path, *members: tuple[str | zipfile.ZipInfo, bytes]) -> Path:
    """Write a zip with the members."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content, zipfile.ZIP_DEFLATED)
    return path


def link(name: str) -> zipfile.ZipInfo:
    """Return a member that is a symbolic link."""
    member = zipfile.ZipInfo(name)
    member.external_attr = (stat.S_IFLNK | 0o777) << 16
    return member


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ([], "nothing"),
        ([("other.db", b"x")], "other.db"),
        ([("../cache.db", b"x")], r"\.\./cache\.db"),
        ([("/tmp/cache.db", b"x")], "/tmp/cache"),  # noqa: S108 - a hostile member's name
        ([("cache.db", b"x"), ("more.txt", b"y")], "more.txt"),
        ([(link("cache.db"), b"/etc/passwd")], "link"),
        ([("cache.db", b"\0" * 30_000_000)], "zip bomb"),
    ],
)
def test_an_archive_with_anything_else_in_it_is_refused(
    tmp_path: Path, members: list[tuple[str, bytes]], said: str
) -> None:
    """Exactly one plain member of the expected name and of a likely size is unpacked; nothing lands outside."""
    with pytest.raises(UnusableArtifactError, match=said):
        unpack(archive_with(tmp_path / "a.zip", *members), tmp_path / "inside" / "cache.db")
    assert [path.name for path in tmp_path.iterdir()] == ["a.zip"]


def test_a_member_that_lies_about_its_size_is_refused(tmp_path: Path) -> None:
    """A bomb that declares a small size is not read beyond it."""
    path = archive_with(tmp_path / "a.zip", ("cache.db", b"\0" * 30_000_000))
    content = path.read_bytes()
    path.write_bytes(content.replace((30_000_000).to_bytes(4, "little"), (1000).to_bytes(4, "little")))
    with pytest.raises(UnusableArtifactError, match="read to its end"):
        unpack(path, tmp_path / "cache.db")
    assert not (tmp_path / "cache.db").exists() or (tmp_path / "cache.db").stat().st_size <= 1000


@pytest.mark.parametrize("content", [b"", b"no zip", b"PK\x03\x04 but no more"])
def test_what_is_no_archive_is_refused(tmp_path: Path, content: bytes) -> None:
    """Bytes that are not a zip, or only the beginning of one, are named as such."""
    (tmp_path / "a.zip").write_bytes(content)
    with pytest.raises(UnusableArtifactError, match="its archive cannot be read"):
        unpack(tmp_path / "a.zip", tmp_path / "cache.db")


# The database -----------------------------------------------------------------------------------------------


def database(path: Path, *statements: str) -> Path:
    """Write a store with one call, and run statements on it."""
    with ProdLensStore(path) as store:
        store.insert_sessions([{"timestamp": "2026-11-01T10:00:00Z", "session_id": "s"}])
        store.conn.execute("PRAGMA journal_mode = DELETE")
        for statement in statements:
            store.conn.execute(statement)
    return path


def test_a_database_of_ours_is_accepted(tmp_path: Path) -> None:
    """A store is accepted with its indexes and without them, and making them gives back the whole schema."""
    check_database(database(tmp_path / "whole.db"))
    names = [name for kind, name, _, sql in schema_of(SCHEMA_VERSION) if kind == "index" and sql]
    bare = database(tmp_path / "bare.db", *(f"DROP INDEX {name}" for name in names))
    check_database(bare)
    make_indexes(bare)
    with closing(sqlite3.connect(bare)) as conn:
        assert frozenset(conn.execute("SELECT type, name, tbl_name, sql FROM sqlite_schema")) == schema_of(
            SCHEMA_VERSION
        )


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("CREATE TRIGGER t AFTER INSERT ON sessions BEGIN DELETE FROM sessions; END", "trigger 't'"),
        ("CREATE VIEW v AS SELECT 1", "view 'v'"),
        ("CREATE TABLE extra (x)", "table 'extra'"),
        ("CREATE VIRTUAL TABLE f USING fts5 (x)", "table 'f'"),
        ("CREATE INDEX own ON sessions (model)", "index 'own'"),
        ("ALTER TABLE sessions ADD COLUMN extra DEFAULT 1", "table 'sessions'"),
        ("DROP TABLE commits", "lacks table 'commits'"),
        (f"PRAGMA user_version = {SCHEMA_VERSION + 1}", "use one version everywhere"),
        ("PRAGMA user_version = 0", "schema version 0"),
        ("PRAGMA application_id = 5", "another program"),
    ],
)
def test_a_database_with_anything_of_its_own_is_refused(tmp_path: Path, statement: str, said: str) -> None:
    """A trigger, view, table, index or column that no migration makes, a lost table, another program: all refused."""
    with pytest.raises(UnusableArtifactError, match=said):
        check_database(database(tmp_path / "cache.db", statement))


def cut(content: bytes) -> bytes:
    """Lose the last two pages."""
    return content[:-8192]


def overwritten(content: bytes) -> bytes:
    """Fill the pages after the schema with noise."""
    return content[:40960] + b"\xa5" * 8192 + content[49152:]


@pytest.mark.parametrize("damage", [cut, overwritten, lambda _: b"", lambda _: b"SQLite format 3\0"])
def test_a_damaged_database_is_refused(tmp_path: Path, damage: Callable[[bytes], bytes]) -> None:
    """A file that is cut, overwritten, empty or only looks like SQLite is refused before the store opens it."""
    path = database(tmp_path / "cache.db")
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(UnusableArtifactError, match=r"damaged|not an SQLite|lacks|read"):
        check_database(path)


def test_two_rows_of_one_identity_are_refused(tmp_path: Path) -> None:
    """Rows that break a unique index, which the copy left out, are refused when it is made anew."""
    path = database(
        tmp_path / "cache.db",
        "DROP INDEX sessions_trace_hash",
        "INSERT INTO sessions (trace_hash, timestamp, event_date) SELECT trace_hash, '2026', '2026' FROM sessions",
    )
    check_database(path)
    with pytest.raises(UnusableArtifactError, match="indexes"):
        make_indexes(path)


@contextmanager
def files_full_at(size_bytes: int) -> Iterator[None]:
    """Let no file grow beyond a size, as on a disk that is full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_speaks_against_no_cache(tmp_path: Path) -> None:
    """If there is no room to unpack a cache or to make its indexes, the error names the disk, and the cache is kept."""
    many = "INSERT INTO sessions (trace_hash, timestamp, event_date) SELECT hex(randomblob(32)), '2026', '2026'"
    rows = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000) " + many + " FROM n"
    path = database(tmp_path / "cache.db", rows, "DROP INDEX sessions_trace_hash", "VACUUM")
    archive = archive_with(tmp_path / "a.zip", (trust.MEMBER, path.read_bytes()))
    with files_full_at(path.stat().st_size // 2), pytest.raises(StorageError, match="cannot be unpacked"):
        unpack(archive, tmp_path / "unpacked.db")
    with files_full_at(path.stat().st_size + 8192), pytest.raises(StorageError, match="make room on the disk"):
        make_indexes(path)
    make_indexes(path)


def test_a_method_without_bounds_is_not_unpacked(tmp_path: Path) -> None:
    """A member that is packed by anything but deflate is refused unopened: of the others, memory has no bound."""
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr(trust.MEMBER, b"x")
    with pytest.raises(UnusableArtifactError, match="packed by a method"):
        unpack(tmp_path / "a.zip", tmp_path / "unpacked.db")
