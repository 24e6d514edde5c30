"""The schema of a new store, and the way of an older one to it.

After a new migration: ``python -m pytest tests/storage/test_migrations.py --update-golden``, then read the diff.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from prodlens.storage import APPLICATION_ID, SCHEMA_VERSION, ProdLensStore, migrations
from prodlens.storage.migrations import SCHEMA_FILE

SCHEMA = Path(str(files("prodlens.storage.migrations"))) / SCHEMA_FILE


def older_store(path: Path, version: int) -> None:
    """Make an empty store as an older version of ProdLens left it."""
    with closing(sqlite3.connect(path)) as conn:
        conn.execute("PRAGMA synchronous = OFF")
        for number, script in migrations():
            if number <= version:
                conn.executescript(script)
        conn.executescript(f"PRAGMA user_version = {version}; PRAGMA application_id = {APPLICATION_ID}")


def schema(conn: sqlite3.Connection) -> list[tuple[Any, ...]]:
    """Return the tables, indexes and triggers of a database, in the order in which they were made."""
    return list(map(tuple, conn.execute("SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY rowid")))


def test_the_schema_is_what_the_migrations_make(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """A store that went through every migration has the tables of a new one, to the letter, and no row in them."""
    older_store(tmp_path / "old.db", SCHEMA_VERSION)
    with closing(sqlite3.connect(tmp_path / "old.db")) as conn:
        migrated = schema(conn)
        counts = {
            conn.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for kind, name, *_ in migrated if kind == "table"
        }
    if request.config.getoption("--update-golden"):
        SCHEMA.write_text("".join(f"{sql};\n" for *_, sql in migrated if sql), encoding="utf-8")
    assert counts == {0}
    with closing(sqlite3.connect(":memory:")) as conn:
        conn.executescript(SCHEMA.read_text(encoding="utf-8"))
        assert schema(conn) == migrated
    with ProdLensStore(tmp_path / "new.db") as store:
        assert schema(store.conn) == migrated
        assert store.conn.execute("PRAGMA user_version").fetchone()[0] == SCHEMA_VERSION
        assert store.conn.execute("PRAGMA application_id").fetchone()[0] == APPLICATION_ID


@pytest.mark.parametrize("version", [number for number, _ in migrations()])
def test_a_store_of_any_version_becomes_the_newest(version: int, tmp_path: Path) -> None:
    """A store of every older version has the schema of a new one as soon as it is opened."""
    older_store(tmp_path / "old.db", version)
    with ProdLensStore(tmp_path / "old.db") as old, ProdLensStore(":memory:") as new:
        assert schema(old.conn) == schema(new.conn)
        assert old.conn.execute("PRAGMA user_version").fetchone()[0] == SCHEMA_VERSION


@pytest.mark.parametrize("version", [1, SCHEMA_VERSION])
def test_a_store_that_two_programs_make_at_once_is_made_once(
    version: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A store that another program makes, or an older one begins, between look and lock is taken over."""
    checked = ProdLensStore._checked_version

    def interrupted(store: ProdLensStore) -> int:
        monkeypatch.undo()
        found = checked(store)
        older_store(store.path, version)
        return found

    monkeypatch.setattr(ProdLensStore, "_checked_version", interrupted)
    with ProdLensStore(tmp_path / "cache.db") as store, ProdLensStore(":memory:") as new:
        assert schema(store.conn) == schema(new.conn)
        assert store.conn.execute("PRAGMA user_version").fetchone()[0] == SCHEMA_VERSION
