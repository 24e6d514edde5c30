"""Notes from GitHub: what they cost, what is read again, and what a failure leaves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
import pytest

from prodlens.evidence import stored_evidence
from prodlens.github_etl import github_notes, sync_state
from prodlens.github_etl.ai_notes import wanted_notes
from prodlens.storage import ProdLensStore
from tests.evidence.test_ai_notes import SESSION, note
from tests.github_etl.test_sync import merge, repository, stored, sync
from tests.github_server import notes
from tests.github_server.faults import RATE_LIMIT, SERVER_ERROR, Fault
from tests.github_server.server import GithubServer
from tests.github_server.small import SLUG, at, sha, small_world

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.github_server.http import Reply, Request

BRANCH, MERGED, STRANGER = sha(5001), sha(7), "f" * 40


def marked(lines: int) -> str:
    """Return a note that marks so many lines."""
    return note(f"a.rs\n  s_1::t_1 1-{lines}\n", sessions={"s_1": SESSION})


class AskedServer(GithubServer):
    """Keeps the names of the GraphQL queries that it answered, but for those of pull requests."""

    asked: list[str]

    def reply_to(self, request: Request) -> Reply:
        """Return the answer to a request."""
        if request.path == "/graphql":
            name = str(orjson.loads(request.body)["query"]).split("(")[0].removeprefix("query ")
            self.asked += [] if name.startswith("PullRequest") else [name]
        return super().reply_to(request)

    def again(self) -> None:
        """Forget what was asked."""
        self.forget()
        self.asked = []


@pytest.fixture
def server() -> Iterator[AskedServer]:
    """Serve the small repository on one page, with notes on a commit of a branch, one of main, and one unknown."""
    with AskedServer(small_world(page_cap=100)) as running:
        repository(running).notes.update({BRANCH: marked(4), MERGED: marked(30), STRANGER: marked(1)})
        running.again()
        yield running


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ProdLensStore]:
    """Open a new store."""
    with ProdLensStore(tmp_path / "cache.db") as opened:
        yield opened


def rows(store: ProdLensStore) -> dict[str, tuple[int, int | None]]:
    """Return lines of agents and added lines by commit."""
    query = "SELECT sha, ai_lines, added_lines FROM ai_notes WHERE repo_slug = ?"
    return {row[0]: (row[1], row[2]) for row in store.conn.execute(query, (SLUG,))}


def forget_notes(store: ProdLensStore) -> None:
    """Make the store one whose notes are still to be read, while the details of its pull requests are there."""
    with store.transaction() as conn:
        conn.execute("DELETE FROM ai_notes")
        conn.execute("DELETE FROM etags WHERE endpoint LIKE 'ai-notes-read:%'")


def test_notes_of_stored_commits_are_read_in_bulk(server: AskedServer, store: ProdLensStore) -> None:
    """One tree and one query for the texts; the branch's commit makes its pull request one with evidence."""
    sync(store, server)
    assert rows(store) == {BRANCH: (4, 10), MERGED: (30, 10)}
    assert server.asked == ["NotesTree", "Notes", "NotesTree", "Notes"]  # each stream brought commits of its own
    signs = {sign.kind: sign for sign in stored_evidence(store.conn, SLUG)[1]}
    assert signs["note"].basis == f"a git note on {BRANCH[:10]} marks 4 of 10 added lines as its own"
    assert (signs["note"].tool, signs["note"].model) == ("Claude Code", "claude-opus-4-6")
    server.again()
    before = stored(store)
    sync(store, server)
    assert (server.asked, stored(store)) == ([], before)


def test_without_the_reference_nothing_is_asked(server: AskedServer, store: ProdLensStore) -> None:
    """Where the reference stands comes with the details of pull requests, so that its absence costs no request."""
    repository(server).notes.clear()
    sync(store, server)
    merge(repository(server))
    sync(store, server)
    assert (server.asked, rows(store)) == ([], {})


def test_without_a_token_nothing_is_asked(server: AskedServer, store: ProdLensStore) -> None:
    """GraphQL needs a token; what was read with one stays."""
    sync(store, server, token=None)
    assert (server.asked, rows(store)) == ([], {})
    sync(store, server)
    merge(repository(server))
    server.again()
    sync(store, server, token=None)
    assert (server.asked, len(rows(store))) == ([], 2)


def test_news_of_notes_and_of_commits(server: AskedServer, store: ProdLensStore) -> None:
    """A note that changed is read again, one that vanished is deleted, and one of a new commit is found."""
    sync(store, server)
    repo = repository(server)
    repo.notes.update({MERGED: marked(3), sha(200): marked(2)})
    del repo.notes[BRANCH]
    merge(repo)
    server.again()
    sync(store, server)
    assert rows(store) == {MERGED: (3, 10), sha(200): (2, 10)}
    repo.notes.clear()
    repo.add_pulls([{**repo.pulls[2], "updated_at": at(400)}])
    server.again()
    sync(store, server)
    assert (server.asked, rows(store)) == ([], {})


def test_large_notes_share_no_answer(server: AskedServer, store: ProdLensStore) -> None:
    """As many notes are asked for at once as fit in an answer; binary ones and those that mark nothing do not count."""
    repo = repository(server)
    repo.notes = {sha(n): marked(n) + " " * 1_200_000 for n in range(1, 4)}
    repo.notes |= {sha(4): "binary", sha(5): "Looks good."}
    sync(store, server)
    assert server.asked == ["NotesTree", "NotesTree", "Notes", "Notes", "Notes"]
    assert {lines for lines, _ in rows(store).values()} == {0, 1, 2, 3}
    assert rows(store)[sha(4)] == rows(store)[sha(5)] == (0, None)


def test_a_note_that_fails_keeps_no_other(server: AskedServer, store: ProdLensStore) -> None:
    """Failing parts are asked for again in smaller ones; what fails alone waits for the next run, which ends it."""
    repo = repository(server)
    repo.notes = {sha(n): marked(n) for n in range(1, 12)} | {sha(6): "fails"}
    sync(store, server)
    assert sorted(rows(store)) == [sha(n) for n in range(1, 12) if n != 6]
    assert not sync_state(store, SLUG)["partial"]
    repo.notes[sha(6)] = marked(6)
    server.again()
    sync(store, server)
    assert server.asked == ["NotesTree", "Notes"]
    assert len(rows(store)) == 11
    server.again()
    sync(store, server)
    assert server.asked == []


def test_many_failures_end_the_reading(server: AskedServer, store: ProdLensStore) -> None:
    """When single notes fail one after the other it is GraphQL that fails, and the rest is left for the next run."""
    repository(server).notes = {sha(n): f"fails {n}" for n in range(1, 21)}
    sync(store, server)
    assert rows(store) == {}
    assert len(server.asked) < 12


@pytest.mark.parametrize(
    "fault", [SERVER_ERROR, Fault(status=404), Fault(status=200, body=b'{"data": {"repository": null}}')]
)
def test_a_tree_that_fails_ends_no_sync(server: AskedServer, store: ProdLensStore, fault: Fault) -> None:
    """Pull requests and commits are all there without the notes, which come with the next run."""
    sync(store, server)
    forget_notes(store)
    server.faults.paths["/graphql"] = fault
    sync(store, server)
    assert rows(store) == {}
    assert not sync_state(store, SLUG)["partial"]
    server.faults.restart()
    sync(store, server)
    assert len(rows(store)) == 2


def test_texts_that_fail_end_no_sync(server: AskedServer, store: ProdLensStore) -> None:
    """After the tree was read, a query for texts that fails as a whole leaves them for the next run."""
    sync(store, server)
    forget_notes(store)
    server.faults.restart(dict.fromkeys((3, 4, 5, 6, 7), SERVER_ERROR))  # 1: the list; 2: the tree
    sync(store, server)
    assert not sync_state(store, SLUG)["partial"]
    server.faults.restart()
    sync(store, server)
    assert len(rows(store)) == 2


def test_a_limit_stops_cleanly(server: AskedServer, store: ProdLensStore) -> None:
    """A rate limit at the notes ends the run as elsewhere: it is partial, and the next one goes on."""
    sync(store, server)
    forget_notes(store)
    server.faults.paths["/graphql"] = RATE_LIMIT
    sync(store, server)
    assert sync_state(store, SLUG)["partial"]
    server.faults.restart()
    sync(store, server)
    assert len(rows(store)) == 2
    assert not sync_state(store, SLUG)["partial"]


def test_trees_of_both_forms_are_read() -> None:
    """Few notes stand in the tree itself, many in folders; what is not named like a commit is left out."""
    blob = "b" * 40
    flat = {"name": "a" * 40, "oid": blob, "size": 7, "object": {}}
    inside = [{"name": "c" * 38, "oid": blob, "size": None}, {"name": "README", "oid": blob}, None]
    folder = {"name": "ac", "oid": blob, "object": {"entries": inside}}
    tree: dict[str, Any] = {"entries": [flat, folder, {"name": "README", "oid": blob}, {"name": "e" * 40}]}
    assert [tuple(found) for found in github_notes.notes_in(tree)] == [("a" * 40, blob, 7), ("ac" + "c" * 38, blob, 0)]
    assert list(github_notes.notes_in(None)) == []


def test_a_clone_does_not_undo_what_github_said(server: AskedServer, store: ProdLensStore) -> None:
    """After GitHub's notes were read, an older clone brings only those that are missing."""
    sync(store, server)
    blobs = {MERGED: notes.blob("old"), sha(8): notes.blob("older")}
    assert wanted_notes(store.conn, SLUG, blobs, and_changed=False) == [sha(8)]
    assert wanted_notes(store.conn, SLUG, blobs) == [MERGED, sha(8)]
