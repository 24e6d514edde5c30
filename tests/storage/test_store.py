"""ProdLensStore against a real SQLite file."""

from __future__ import annotations

import gc
import sqlite3
from contextlib import closing
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import pytest

from prodlens.errors import StorageError, UnusableStoreError
from prodlens.schemas import CanonicalTrace
from prodlens.storage import APPLICATION_ID, SCHEMA_VERSION, ProdLensStore, migrations
from prodlens.storage.row_conversion import RecordError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ProdLensStore]:
    """Open a new store in a folder that is not there yet."""
    with ProdLensStore(tmp_path / "new" / "cache.db") as opened:
        yield opened


def trace(**changes: object) -> CanonicalTrace:
    """Build a trace with every documented field set."""
    values: dict[str, object] = {
        "session_id": "s1",
        "developer_id": "alice",
        "timestamp": datetime(2026, 5, 1, 10, tzinfo=UTC),
        "model": "claude-3-sonnet",
        "tokens_in": 1000,
        "tokens_out": 500,
        "latency_ms": 1200,
        "status_code": 200,
        "accepted_flag": True,
    }
    return CanonicalTrace(**{**values, **changes})  # type: ignore[arg-type]


def test_a_call_inserted_twice_is_one_row(store: ProdLensStore) -> None:
    """The identity of a call is what it says, so the same call again changes nothing."""
    assert store.insert_sessions([trace()]) == 1
    assert store.insert_sessions([trace()]) == 1
    assert len(store.fetch_sessions()) == 1


def test_unknown_is_null(store: ProdLensStore) -> None:
    """A latency of 0.0 and a missing price are NULL in the store, never zero."""
    store.insert_sessions([trace(latency_ms=0.0)])
    row = store.fetch_sessions()[0]
    assert row["latency_ms"] is None
    assert row["cost_usd"] is None


def test_mappings_may_lack_what_can_be_derived(store: ProdLensStore) -> None:
    """A mapping needs only a timestamp; an accepted_flag in it makes acceptance known."""
    store.insert_sessions(
        [
            {"timestamp": "2026-05-01 23:30:00-02:00", "total_tokens": 10, "tokens_in": 4, "accepted_flag": 1},
            {"timestamp": 1_770_000_000},
        ]
    )
    first, second = sorted(store.fetch_sessions(), key=lambda row: -row["total_tokens"])
    assert (first["event_date"], first["tokens_out"], first["acceptance_known"]) == ("2026-05-02", 6, 1)
    assert second["acceptance_known"] == 0


def test_a_record_without_a_time_stores_nothing(store: ProdLensStore) -> None:
    """An unusable mapping is refused, and the good one before it in the same call is not half-stored."""
    with pytest.raises(RecordError, match="timestamp"):
        store.insert_sessions([trace(), {"timestamp": "yesterday"}])
    assert store.fetch_sessions() == []


@pytest.mark.parametrize("rows", [0, 1])
def test_frame_has_the_documented_dtypes(store: ProdLensStore, rows: int) -> None:
    """The data frame of sessions has the documented columns and dtypes, empty or sparse."""
    store.insert_sessions([{"timestamp": "2026-05-01T10:00:00Z"}] * rows)
    frame = store.sessions_dataframe()
    assert [f"{name} ({dtype})" for name, dtype in frame.dtypes.items()] == [
        "session_id (object)",
        "developer_id (object)",
        "timestamp (datetime64[ns, UTC])",
        "model (object)",
        "tokens_in (int64)",
        "tokens_out (int64)",
        "latency_ms (float64)",
        "status_code (int64)",
        "accepted_flag (int64)",
        "repo_slug (object)",
        "total_tokens (int64)",
        "cost_usd (float64)",
        "diff_ratio (float64)",
        "accepted_lines (int64)",
        "acceptance_known (int64)",
    ]
    assert len(frame) == rows


def test_checkpoints_and_etags_round_trip(store: ProdLensStore) -> None:
    """A checkpoint comes back in UTC; an ETag set to None is forgotten."""
    assert store.get_last_checkpoint("job") is None
    store.set_checkpoint("job", datetime(2026, 5, 1))  # noqa: DTZ001 - a naive time is UTC
    assert store.get_last_checkpoint("job") == datetime(2026, 5, 1, tzinfo=UTC)
    store.set_etag("/pulls", '"abc"')
    assert store.get_etag("/pulls") == '"abc"'
    store.set_etag("/pulls", None)
    assert store.get_etag("/pulls") is None


def test_pull_requests_update_by_id(store: ProdLensStore) -> None:
    """A pull request is one row by id; ``reopened`` comes back as a real bool."""
    row = {
        "id": 12345,
        "number": 42,
        "title": "Add feature X",
        "author": "alice",
        "state": "open",
        "created_at": "2024-10-20T10:00:00Z",
        "merged_at": None,
        "updated_at": "2024-10-21T14:00:00Z",
        "reopened": True,
    }
    store.insert_pull_requests([row])
    store.insert_pull_requests([{**row, "state": "closed", "merged_at": datetime(2024, 10, 21, 14, tzinfo=UTC)}])
    (stored,) = store.fetch_pull_requests()
    assert (stored["state"], stored["reopened"], stored["merged_at"]) == ("closed", True, "2024-10-21T14:00:00+00:00")
    assert store.pull_requests_dataframe().loc[0, "merged_at"] == datetime(2024, 10, 21, 14, tzinfo=UTC)


def test_a_login_is_never_overwritten_by_a_bare_name(store: ProdLensStore) -> None:
    """A commit keeps the login that GitHub knew when a later source only has the git name."""
    commit = {"sha": "a" * 40, "timestamp": "2026-05-01T10:00:00Z", "repo_slug": "o/r"}
    store.insert_commits([{**commit, "author": "alice", "author_is_login": True}])
    store.insert_commits([{**commit, "author": "Alice Liddell"}])
    assert [c["author"] for c in store.fetch_commits()] == ["alice"]


def test_daily_metrics_are_keyed_by_day_and_developer(store: ProdLensStore) -> None:
    """The same day for two developers and for everybody is three rows; the same key again replaces."""
    day = {"event_date": "2026-05-01", "session_count": 1}
    rows = [day, {**day, "developer_id": "a"}, {**day, "developer_id": "b"}, {**day, "session_count": 7}]
    assert store.insert_daily_session_metrics(rows) == 4
    assert [r["session_count"] for r in store.fetch_daily_session_metrics()] == [7, 1, 1]
    assert store.fetch_daily_session_metrics(since=date(2026, 5, 2)) == []
    store.insert_daily_github_metrics([{"event_date": date(2026, 5, 1), "merged_pr_count": 2}])
    assert store.fetch_daily_github_metrics(date(2026, 5, 1))[0]["avg_merge_hours"] is None


def test_transactions_nest_and_roll_back(store: ProdLensStore) -> None:
    """What an inner block wrote before it failed is gone; what the outer block wrote stays."""
    with store.transaction():
        store.set_etag("outer", "1")
        with pytest.raises(RecordError), store.transaction():  # noqa: PT012 - the block is the subject
            store.set_etag("inner", "1")
            store.insert_commits([{"sha": "a"}])
    assert (store.get_etag("outer"), store.get_etag("inner")) == ("1", None)


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    """A file that is not SQLite is left as it is and named in the error."""
    path = tmp_path / "notes.txt"
    path.write_text("not a database at all, but long enough to have a header" * 40)
    before = path.read_bytes()
    with pytest.raises(UnusableStoreError, match=r"notes\.txt"):
        ProdLensStore(path)
    assert path.read_bytes() == before


def test_a_newer_or_foreign_database_is_refused(tmp_path: Path) -> None:
    """A database of another program or of a newer version is never written to."""
    with closing(sqlite3.connect(tmp_path / "foreign.db")) as foreign:
        foreign.execute("CREATE TABLE t (x)")
    with pytest.raises(UnusableStoreError, match="another program"):
        ProdLensStore(tmp_path / "foreign.db")
    with ProdLensStore(tmp_path / "newer.db") as store:
        store.conn.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    with pytest.raises(UnusableStoreError, match="upgrade"):
        ProdLensStore(tmp_path / "newer.db")


def is_open(conn: sqlite3.Connection) -> bool:
    """Tell whether a connection still answers."""
    try:
        conn.execute("PRAGMA user_version")
    except sqlite3.ProgrammingError:
        return False
    except sqlite3.DatabaseError:
        return True  # the file has something to say, so somebody still asks it
    return True


def test_a_refused_database_is_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever keeps a store from opening, a file that is locked, garbage or foreign, its connection does not stay."""
    monkeypatch.setattr("prodlens.storage.connection._BUSY_TIMEOUT_SECONDS", 0)
    (tmp_path / "garbage.db").write_text("not a database at all, but long enough to have a header" * 40)
    with closing(sqlite3.connect(tmp_path / "foreign.db")) as foreign:
        foreign.execute("CREATE TABLE t (x)")
    with closing(sqlite3.connect(tmp_path / "locked.db", isolation_level=None)) as holder:
        holder.execute("BEGIN EXCLUSIVE")
        known = [each for each in gc.get_objects() if isinstance(each, sqlite3.Connection)]
        for name in ("locked.db", "garbage.db", "foreign.db"):
            with pytest.raises(StorageError if name == "locked.db" else UnusableStoreError) as refused:
                ProdLensStore(tmp_path / name)
            # The error's frames still hold what was opened, so that nothing but the store itself can have closed it.
            assert refused.traceback
            left = [each for each in gc.get_objects() if isinstance(each, sqlite3.Connection) and each not in known]
            assert left
            assert not any(map(is_open, left))


def test_a_folder_that_cannot_be_made_is_one_clear_error(tmp_path: Path) -> None:
    """A path below a file is a failure of the disk, named."""
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match=r"cannot open or create the database .*: Not a directory"):
        ProdLensStore(tmp_path / "file" / "cache.db")


def test_notes_round_trip(store: ProdLensStore) -> None:
    """A note is text by name, and None removes it."""
    assert store.get_note("a") is None
    store.set_note("a", "1")
    store.set_note("a", "2")
    assert store.get_note("a") == "2"
    store.set_note("a", None)
    assert store.get_note("a") is None


def test_notes_of_an_older_version_move(tmp_path: Path) -> None:
    """What older versions kept among ETags and checkpoints becomes notes; ETags and checkpoints stay."""
    path = tmp_path / "old.db"
    with closing(sqlite3.connect(path)) as conn:
        for number, script in migrations():
            if number < 6:
                conn.executescript(script)
        conn.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        conn.execute("PRAGMA user_version = 5")
        rows = [("cache:content", "d"), ("cache:people", "hidden"), ("git:acme/web:2026-05-01", "sha"), ("/pulls", "e")]
        conn.executemany("INSERT INTO etags VALUES (?, ?)", rows)
        moment = "2026-05-01T00:00:00+00:00"
        conn.executemany("INSERT INTO checkpoints VALUES (?, ?)", [("simulated", moment), ("trace_ingestion", moment)])
        conn.commit()
    with ProdLensStore(path) as store:
        assert dict(map(tuple, store.conn.execute("SELECT name, value FROM notes"))) == {
            "cache:content": "d",
            "cache:people": "hidden",
            "simulated": moment,
        }
        assert [row[0] for row in store.conn.execute("SELECT endpoint FROM etags")] == ["/pulls"]
        assert [row[0] for row in store.conn.execute("SELECT job_name FROM checkpoints")] == ["trace_ingestion"]
        assert store.simulated


def test_a_store_without_outcomes_is_read_again(tmp_path: Path) -> None:
    """After the migration the lists are walked anew and a clone is read whole, while its commits stay known as its."""
    path = tmp_path / "old.db"
    with closing(sqlite3.connect(path)) as conn:
        for number, script in migrations():
            if number < 13:
                conn.executescript(script)
        conn.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        conn.execute("PRAGMA user_version = 12")
        conn.execute(
            "INSERT INTO sync_streams (repo_slug, stream, covered_since, cursor) VALUES ('a/b', 'commits', '', 'x')"
        )
        conn.execute("INSERT INTO etags VALUES ('git:a/b', 'sha 2026-05-01'), ('/pulls', 'e')")
        conn.commit()
    with ProdLensStore(path) as store:
        assert tuple(store.conn.execute("SELECT covered_since, cursor FROM sync_streams").fetchone()) == (None, None)
        assert (store.get_etag("git:a/b"), store.get_etag("/pulls")) == ("", "e")


def test_a_database_and_its_copies_share_an_identity(tmp_path: Path) -> None:
    """The identity stays what it was first, goes with a copy, and no other database has it."""
    with ProdLensStore(tmp_path / "one.db") as store, ProdLensStore(tmp_path / "two.db") as other:
        first = store.identity
        store.conn.execute("VACUUM INTO ?", (str(tmp_path / "copy.db"),))
        assert (store.identity, len(first)) == (first, 32)
        assert other.identity != first
    with ProdLensStore(tmp_path / "copy.db") as copy:
        assert copy.identity == first
