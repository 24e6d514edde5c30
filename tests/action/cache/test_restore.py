"""When the cache is saved, where it must have been made, and what a saved copy holds."""

from __future__ import annotations

import sqlite3
import zipfile
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prodlens.action.artifacts.listing import Artifact
from prodlens.action.cache import trust
from prodlens.action.cache.content import ContentWatch, content_digests
from prodlens.action.cache.restore import _clear, make_context, why_not_saved
from prodlens.action.cache.snapshot import write_archive, write_copy
from prodlens.action.cache.trust import check_database, make_indexes, unpack
from prodlens.action.event import Mode
from prodlens.errors import ConfigurationError, StorageError
from prodlens.github.client import GithubClient
from prodlens.github.errors import ServerFailedError
from prodlens.schemas import Alias, SessionBranch, SessionLink, ToolUse, UsageDay, call_hash
from prodlens.storage import ProdLensStore
from prodlens.storage.call_rows import put_decisions, session_values
from prodlens.storage.call_upsert import put_calls
from prodlens.storage.row_conversion import session_row
from prodlens.storage.session_marks import put_session_marks
from prodlens.storage.usage_days import put_usage_days
from tests.examples import examples
from tests.github_server.faults import Fault
from tests.github_server.server import GithubServer
from tests.github_server.small import SLUG, small_world

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
SAVES = Mode(event="schedule", may_save_cache=True)
PUSHES = Mode(event="push", may_save_cache=True, once_a_day=True)


def made(days_ago: float, lives: int = 90) -> Artifact:
    """Return a cache that was made so many days ago."""
    at = NOW - timedelta(days=days_ago)
    return Artifact(id=1, name="prodlens-cache", created_at=at, expires_at=at + timedelta(days=lives))


@pytest.mark.parametrize(
    ("mode", "restored", "changed", "said"),
    [
        (SAVES, None, True, ""),
        (SAVES, None, False, "nothing was gathered"),
        (SAVES, made(0.1), True, ""),
        (SAVES, made(7), False, "nothing has changed"),
        (SAVES, made(46), False, ""),
        (PUSHES, made(0.4), True, "at most once a day"),
        (PUSHES, made(0.6), True, ""),  # twelve hours ago was yesterday
        (PUSHES, made(46), False, ""),
        (Mode(event="pull_request", why_not_saved="a reason"), None, True, "a reason"),
    ],
)
def test_when_the_cache_is_saved(mode: Mode, restored: Artifact | None, changed: bool, said: str) -> None:
    """Saved is what changed, by a run that may; once a day on pushes; and anew before a quiet cache expires."""
    reason = why_not_saved(mode, restored, NOW, changed=changed)
    assert (said in reason) if said else reason == ""


def test_what_event_and_runner_say_is_not_asked_for() -> None:
    """Id and default branch come from the runner and the event; only what they lack costs a request."""
    with GithubServer(small_world()) as server:
        client = GithubClient(token="t", api_url=server.url)
        number = server.world.repositories[SLUG].id
        described = {"id": 5, "default_branch": "trunk"}
        context = make_context(client, SLUG, {"GITHUB_REPOSITORY_ID": "7"}, described, ("a.yml",))
        assert (context.repository_id, context.default_branch, context.workflows) == (7, "trunk", frozenset({"a.yml"}))
        assert make_context(client, SLUG, {}, described, ()).repository_id == 5
        assert server.log == []
        for lacking in (None, {"id": 5}, {"default_branch": "trunk"}, {"id": "x", "default_branch": "trunk"}):
            context = make_context(client, SLUG, {}, lacking, ())
            assert (context.repository_id, context.default_branch) == (number, "main")
        assert len(server.log) == 4
        server.faults.restart({1: Fault(status=200, body=b'{"id": "1"}')})
        with pytest.raises(ServerFailedError, match="default branch"):
            make_context(client, SLUG, {}, None, ())
        client.close()


@pytest.mark.parametrize(
    ("server", "digests"),
    [
        ("https://github.com", True),
        ("", True),
        ("https://acme.ghe.com", True),
        ("https://github.acme.example", False),
        ("https://github.com.acme.example", False),
    ],
)
def test_which_servers_give_digests(server: str, digests: bool) -> None:
    """Only a server of one's own may leave digests out; github.com and its enterprise domains never do."""
    client = GithubClient(token="t", api_url="http://127.0.0.1:9")
    described = {"id": 5, "default_branch": "trunk"}
    context = make_context(client, SLUG, {"GITHUB_SERVER_URL": server}, described, ())
    assert context.digests is digests


# The copy ---------------------------------------------------------------------------------------------------


def call(number: int, moment: datetime, **more: Any) -> dict[str, Any]:
    """Return a call."""
    return {"call_id": f"call-{number}", "timestamp": moment, "model": "m", "tokens_in": number, **more}


def filled(path: Path, days: list[int]) -> ProdLensStore:
    """Return a store with a call, a commit and a pull request so many days before now each."""
    store = ProdLensStore(path)
    with store.transaction() as conn:
        for number, age in enumerate(days):
            moment = NOW - timedelta(days=age)
            store.insert_sessions([call(number, moment, repo_slug=SLUG, session_id=f"s-{number}")])
            links = [SessionLink(f"s-{number}", NOW - timedelta(days=99), SLUG, 1)]
            put_session_marks(conn, links, [SessionBranch(f"s-{number}", NOW - timedelta(days=99), "b")])
            store.insert_commits([{"sha": f"{number:040x}", "author": "a", "timestamp": moment, "repo_slug": SLUG}])
            state = "open" if number % 3 == 0 else "closed"
            pull = {"id": number + 1, "number": number, "state": state, "created_at": moment, "updated_at": moment}
            store.insert_pull_requests([{**pull, "title": "t", "author": "a", "reopened": False, "repo_slug": SLUG}])
            [trace_hash] = conn.execute("SELECT trace_hash FROM sessions WHERE tokens_in = ?", (number,)).fetchone()
            conn.execute("INSERT INTO tool_uses VALUES (?, ?)", (f"use-{number}", trace_hash))
            decision = (f"use-{number}", "d", "accept", None, None, None, moment.isoformat())
            conn.execute("INSERT INTO decisions VALUES (?, ?, ?, ?, ?, ?, ?)", decision)
            conn.execute(
                "INSERT INTO pull_request_commits (pull_request_id, sha, timestamp) VALUES (?, 'x', 't')", (number + 1,)
            )
            note = (SLUG, f"{number:040x}", "blob", 1, 0, None, "[]")
            conn.execute("INSERT INTO ai_notes VALUES (?, ?, ?, ?, ?, ?, ?)", note)
            put_usage_days(conn, [UsageDay(str(number), moment.date(), "copilot", "copilot-ai-usage")])
    return store


def restored(copy: Path, folder: Path) -> ProdLensStore:
    """Pack a copy, unpack it as a restore does, and open it."""
    write_archive(copy, folder / "cache.zip")
    unpack(folder / "cache.zip", folder / "restored.db")
    check_database(folder / "restored.db")
    make_indexes(folder / "restored.db")
    return ProdLensStore(folder / "restored.db")


@examples(20)
@given(days=st.lists(st.integers(0, 60), max_size=8), keep=st.integers(1, 60))
def test_a_copy_holds_what_is_young_enough(
    tmp_path_factory: pytest.TempPathFactory, days: list[int], keep: int
) -> None:
    """After a copy is restored every young row is there as it was, with all that belongs to it, and no old one."""
    folder = tmp_path_factory.mktemp("copy")
    before = NOW - timedelta(days=keep)
    with filled(folder / "live.db", days) as live:
        live_rows = live.fetch_sessions()
        digests = content_digests(live.conn)
        copied = write_copy(live.conn, folder / "copy.db", before=before, now=NOW, named=False, digests=digests)
    with restored(folder / "copy.db", folder) as store:
        assert [tuple(row) for row in store.fetch_sessions()] == [
            tuple(row) for row in live_rows if row["timestamp"] >= before.isoformat()
        ]
        young = {number for number, age in enumerate(days) if age <= keep}
        still_open = {number for number in range(len(days)) if number % 3 == 0}
        assert {row["number"] for row in store.fetch_pull_requests()} == young | still_open
        assert {int(row["sha"], 16) for row in store.fetch_commits()} == young
        assert {int(row[0], 16) for row in store.conn.execute("SELECT sha FROM ai_notes")} == young
        for table, column in (("tool_uses", "tool_use_id"), ("decisions", "tool_use_id")):
            left = {row[0] for row in store.conn.execute(f"SELECT {column} FROM {table}")}
            assert left == {f"use-{number}" for number in young}
        assert {int(row[0]) for row in store.conn.execute("SELECT key FROM usage_days")} == young
        for table in ("session_links", "session_branches"):  # old ones too, while their sessions have calls
            sessions = {row[0] for row in store.conn.execute(f"SELECT session_id FROM {table}")}
            assert sessions == {f"s-{number}" for number in young}
        owners = {row[0] - 1 for row in store.conn.execute("SELECT pull_request_id FROM pull_request_commits")}
        assert owners == young | still_open
        assert ContentWatch(store.conn).baseline == copied == content_digests(store.conn)


def test_a_copy_is_small(tmp_path: Path) -> None:
    """A copy holds neither indexes nor free pages, and says which program and schema it is of."""
    with filled(tmp_path / "live.db", [1] * 300) as live:
        live.conn.execute("CREATE INDEX sessions_report ON sessions (model)")
        write_copy(live.conn, tmp_path / "copy.db", before=NOW - timedelta(days=0), now=NOW, named=False)
    with closing(sqlite3.connect(tmp_path / "copy.db")) as conn:
        assert conn.execute("SELECT count(*) FROM sqlite_schema WHERE type = 'index' AND sql > ''").fetchone() == (0,)
        assert conn.execute("PRAGMA freelist_count").fetchone() == (0,)
        assert conn.execute("PRAGMA journal_mode").fetchone() == ("delete",)
    assert (tmp_path / "copy.db").stat().st_size < 200_000
    check_database(tmp_path / "copy.db")


def test_covered_history_shrinks_with_the_rows(tmp_path: Path) -> None:
    """What left the cache is no longer called covered, so that a report that looks back further reads it again."""
    before = NOW - timedelta(days=30)
    with ProdLensStore(tmp_path / "live.db") as live:
        for stream, covered in (("a", ""), ("b", "2026-01-01T00:00:00+00:00"), ("c", NOW.isoformat()), ("d", None)):
            live.conn.execute(
                "INSERT INTO sync_streams (repo_slug, stream, covered_since) VALUES ('o/r', ?, ?)", (stream, covered)
            )
        write_copy(live.conn, tmp_path / "copy.db", before=before, now=NOW, named=False)
    with closing(sqlite3.connect(tmp_path / "copy.db")) as conn:
        found = conn.execute("SELECT covered_since FROM sync_streams ORDER BY stream").fetchall()
    assert found == [(before.isoformat(),), (before.isoformat(),), (NOW.isoformat(),), (None,)]


def test_a_walk_reaches_no_further_than_the_rows(tmp_path: Path) -> None:
    """A walk whose older rows left the cache ends where they end, and does not claim them when it has come through."""
    before = NOW - timedelta(days=30)
    walks = (("a", "reach", ""), ("b", "reach", NOW.isoformat()), ("c", "update", None))
    with ProdLensStore(tmp_path / "live.db") as live:
        for walk in walks:
            live.conn.execute(
                "INSERT INTO sync_streams (repo_slug, stream, walk_next, walk_kind, walk_since) "
                "VALUES ('o/r', ?, 'x', ?, ?)",
                walk,
            )
        write_copy(live.conn, tmp_path / "copy.db", before=before, now=NOW, named=False)
    with closing(sqlite3.connect(tmp_path / "copy.db")) as conn:
        found = conn.execute("SELECT walk_since FROM sync_streams ORDER BY stream").fetchall()
    assert found == [(before.isoformat(),), (NOW.isoformat(),), (None,)]


def test_what_goes_by_an_alias_leaves_with_its_call(tmp_path: Path) -> None:
    """Of an old call nothing stays under its further ids; what a young call has under them does."""
    with ProdLensStore(tmp_path / "live.db") as live:
        with live.transaction() as conn:
            for name, age in (("old", 60), ("young", 1)):
                rows = [
                    session_values(
                        session_row({**call(1, NOW - timedelta(days=age)), "call_id": own, "tokens_out": size})
                    )
                    for own, size in ((name, 1), (f"{name}-request", 2))
                ]
                put_calls(conn, rows, [Alias(name, f"{name}-request")])
                put_decisions(conn, [ToolUse(f"use-{name}", f"{name}-request")], [])
        write_copy(live.conn, tmp_path / "copy.db", before=NOW - timedelta(days=30), now=NOW, named=False)
    left = {call_hash("young"), call_hash("young-request")}
    with closing(sqlite3.connect(tmp_path / "copy.db")) as conn:
        assert {row[0] for row in conn.execute("SELECT trace_hash FROM session_parts")} == left
        assert conn.execute("SELECT tool_use_id FROM tool_uses").fetchall() == [("use-young",)]
        assert conn.execute("SELECT count(*) FROM call_aliases").fetchone() == (1,)


def test_a_copy_that_cannot_be_written(tmp_path: Path) -> None:
    """A folder that is a file, or a full place, is one clear error and leaves the database as it was."""
    (tmp_path / "file").write_text("")
    with filled(tmp_path / "live.db", [1]) as live:
        with pytest.raises(StorageError, match="cannot write the copy of the cache"):
            write_copy(live.conn, tmp_path / "file" / "copy.db", before=NOW, now=NOW, named=False)
        assert len(live.fetch_sessions()) == 1
    with pytest.raises(StorageError, match="cannot write the copy of the cache"):
        write_archive(tmp_path / "file", tmp_path / "file" / "cache.zip")


def test_a_place_that_cannot_be_cleared(tmp_path: Path) -> None:
    """A folder in the place of the database is a mistake in the workspace, said in one line."""
    (tmp_path / "cache.db").mkdir()
    with pytest.raises(ConfigurationError, match="cannot be replaced by the cache"):
        _clear(tmp_path / "cache.db")


def test_an_archive_holds_the_copy_alone(tmp_path: Path) -> None:
    """The member is called what a restore expects, wherever the copy lies."""
    (tmp_path / "anything").write_bytes(b"x" * 100)
    write_archive(tmp_path / "anything", tmp_path / "cache.zip")
    with zipfile.ZipFile(tmp_path / "cache.zip") as archive:
        assert archive.namelist() == ["cache.db"]


@pytest.mark.parametrize("cap", ["MAX_DATABASE_BYTES", "MAX_ARCHIVE_BYTES"])
def test_what_would_not_be_restored_is_not_packed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cap: str) -> None:
    """A cache over a cap of restoring is refused with the way out, instead of being saved and passed over for good."""
    with filled(tmp_path / "live.db", [1]) as live:
        write_copy(live.conn, tmp_path / "copy.db", before=NOW - timedelta(days=30), now=NOW, named=False)
    monkeypatch.setattr(trust, cap, 100)
    with pytest.raises(StorageError, match="at most 100 are restored; lower keep-days"):
        write_archive(tmp_path / "copy.db", tmp_path / "cache.zip")


def test_a_dense_cache_is_no_bomb_to_the_next_run(tmp_path: Path) -> None:
    """A trace of megabytes of one letter, which anyone who may push can upload, leaves the cache usable."""
    with ProdLensStore(tmp_path / "live.db") as live:
        live.insert_sessions([call(1, NOW, session_id="x" * 17 * 1024**2)])
        write_copy(live.conn, tmp_path / "copy.db", before=NOW - timedelta(days=30), now=NOW, named=False)
    with restored(tmp_path / "copy.db", tmp_path) as store:
        assert len(store.fetch_sessions()) == 1
