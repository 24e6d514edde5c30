"""Which changes of a database count, and that not one of them escapes."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from prodlens.action.cache.content import ContentWatch, content_digests, note_digests
from prodlens.storage import ProdLensStore, write_note

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
CALL = {"call_id": "call-1", "timestamp": NOW - timedelta(days=2), "model": "m", "repo_slug": "o/r"}
COMMIT = {"sha": "a" * 40, "author": "a", "timestamp": NOW, "repo_slug": "o/r"}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ProdLensStore]:
    """Return a store with a call and a commit, that notes what it holds as a copy does."""
    with ProdLensStore(tmp_path / "live.db") as made:
        made.insert_sessions([CALL])
        made.insert_commits([COMMIT])
        note_digests(made.conn, content_digests(made.conn))
        yield made


def changed(store: ProdLensStore, change: Callable[[], object]) -> list[str]:
    """Return the tables that differ after a change that is watched; to read them all gives the same."""
    watch = ContentWatch(store.conn)
    change()
    with watch.last_look() as digests:
        assert digests == content_digests(store.conn)
        return sorted(table for table in digests | watch.baseline if digests.get(table) != watch.baseline.get(table))


def test_only_content_counts_as_a_change(store: ProdLensStore) -> None:
    """How often and when something was asked for is not a change; a row more, less or different is one."""
    stream = "INSERT OR REPLACE INTO sync_streams (repo_slug, stream, cursor, requests) VALUES ('o/r', 's', ?, ?)"
    store.conn.execute(stream, ("c", 1))
    for change, tables in (
        (lambda: store.conn.execute(stream, ("c", 2)), []),
        (lambda: store.set_checkpoint("job", NOW), []),
        (lambda: store.set_etag("x", "y"), []),
        (lambda: store.insert_sessions([CALL]), []),  # the same call again
        (lambda: store.conn.execute(stream, ("d", 2)), ["sync_streams"]),
        (lambda: store.insert_sessions([CALL | {"tokens_out": 5}]), ["session_parts", "sessions"]),
        (lambda: store.conn.execute("DELETE FROM commits"), ["commits"]),
    ):
        note_digests(store.conn, content_digests(store.conn))
        assert changed(store, change) == tables


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE commits SET author = 'b'",
        "UPDATE OR IGNORE main.commits SET author = 'b' WHERE sha IN (SELECT sha FROM commits)",
        "DELETE FROM commits",
        "REPLACE INTO commits (id, sha, timestamp) VALUES (1, 'b', 't')",
        "WITH one (sha) AS (SELECT 'c') INSERT INTO commits (sha, timestamp) SELECT sha, 't' FROM one",
        "INSERT INTO commits (id, sha, timestamp) VALUES (1, 'a', 't') ON CONFLICT (id) DO UPDATE SET author = 'b'",
        "ALTER TABLE commits ADD COLUMN more TEXT",
        "DROP TABLE commits",
        "CREATE TEMP TRIGGER t AFTER INSERT ON notes BEGIN DELETE FROM commits; END; INSERT INTO notes VALUES ('a', 1)",
        "ATTACH '{path}' AS same; DELETE FROM same.commits; DETACH same",
        "CREATE TABLE new (a); INSERT INTO new VALUES (1)",
    ],
)
def test_no_change_escapes(store: ProdLensStore, statement: str) -> None:
    """Whatever changes a table in whichever way, the table is read again."""
    script = statement.format(path=store.path)
    assert changed(store, lambda: store.conn.executescript(script)) in (["commits"], ["new"])


def test_a_statement_from_before_is_seen(store: ProdLensStore) -> None:
    """A statement that was prepared before the watch began, and is used again, is a change like any other."""
    statement = "UPDATE commits SET author = ?"
    store.conn.execute(statement, ("a",))
    assert changed(store, lambda: store.conn.execute(statement, ("b",))) == ["commits"]


def test_what_others_change_is_seen(store: ProdLensStore) -> None:
    """What another process changes in the meantime is a change; what it changes while the copy is made comes after."""

    def elsewhere(author: str) -> None:
        with closing(sqlite3.connect(store.path, isolation_level=None)) as conn:
            conn.execute("UPDATE commits SET author = ?", (author,))

    assert changed(store, lambda: elsewhere("b")) == ["commits"]
    note_digests(store.conn, content_digests(store.conn))
    with ContentWatch(store.conn).last_look() as digests:
        elsewhere("c")
        assert content_digests(store.conn) == digests
    assert content_digests(store.conn) != digests


def test_only_what_may_have_changed_is_read(store: ProdLensStore) -> None:
    """The calls are not read again for a commit; what is known of them is taken over."""
    note_digests(store.conn, content_digests(store.conn) | {"sessions": "as it was noted"})
    watch = ContentWatch(store.conn)
    store.insert_commits([COMMIT])
    with watch.last_look() as digests:
        assert digests == watch.baseline
        assert digests["sessions"] == "as it was noted"


def test_a_migration_is_a_change(store: ProdLensStore) -> None:
    """What was noted in an older schema holds for no table until it is read: a migration can change any row."""
    store.conn.execute("PRAGMA user_version = 1")
    note_digests(store.conn, content_digests(store.conn))
    store.conn.execute("PRAGMA user_version = 2")
    assert changed(store, lambda: None) == []
    store.conn.execute("UPDATE commits SET author = 'b'")
    assert changed(store, lambda: None) == ["commits"]


@pytest.mark.parametrize("noted", ["0123456789abcdef0123456789abcdef", "12345678901234567890123456789012", "[]", "{}"])
def test_what_another_version_noted_matches_nothing(store: ProdLensStore, noted: str) -> None:
    """A copy whose note this version cannot read, as that of versions with one digest in all, is saved anew."""
    write_note(store.conn, "cache:content", noted)
    assert ContentWatch(store.conn).baseline == {}
    assert "sessions" in changed(store, lambda: None)


def test_without_a_note_a_database_is_as_it_is(tmp_path: Path) -> None:
    """A new database has changed when it holds anything more than when it was opened."""
    with ProdLensStore(tmp_path / "new.db") as new:
        assert changed(new, lambda: None) == []
        assert changed(new, lambda: new.insert_commits([COMMIT])) == ["commits"]
