"""Notes into the store, from a clone."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from prodlens.evidence import explained_commits, stored_evidence
from prodlens.github_etl import take_commits_from_clone
from prodlens.github_etl.ai_notes import take_notes_from_clone
from prodlens.storage import ProdLensStore
from tests.commits.test_git_history import git
from tests.commits.test_git_notes import add, write_note
from tests.evidence.test_ai_notes import SESSION, note

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SLUG = "octo/hello"
SINCE = datetime(2026, 1, 1, tzinfo=UTC)
MARKED = note("a.txt\n  s_1::t_1 1-2\n", sessions={"s_1": SESSION})


@pytest.fixture
def store() -> Iterator[ProdLensStore]:
    """Open a new store."""
    with ProdLensStore(":memory:") as opened:
        yield opened


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """Make a clone with two commits, of which a note marks two of the first one's three lines."""
    folder = tmp_path / "clone"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    add(folder, "a.txt", "1\n2\n3\n")
    add(folder, "a.txt", "1\n2\n3\n4\n")
    write_note(folder, head(folder, "HEAD~1"), MARKED)
    return folder


def head(folder: Path, name: str = "HEAD") -> str:
    """Return the sha of a commit."""
    return git(folder, "rev-parse", name).strip()


def rows(store: ProdLensStore) -> dict[str, tuple[Any, ...]]:
    """Return lines of agents and people, added lines and agents by commit."""
    query = "SELECT sha, ai_lines, human_lines, added_lines, agents FROM ai_notes WHERE repo_slug = ?"
    return {row[0]: tuple(row)[1:] for row in store.conn.execute(query, (SLUG,))}


def test_a_clones_notes_are_evidence(clone: Path, store: ProdLensStore) -> None:
    """A commit that a note marks has high evidence with the share of its lines; so has its pull request."""
    first, second = head(clone, "HEAD~1"), head(clone)
    write_note(clone, second, note("a.txt\n  h_1 4\n"))
    assert take_commits_from_clone(store, clone, "Octo/Hello", since=SINCE).taken
    agents = '[["claude","claude-opus-4-6",2]]'
    assert rows(store) == {first: (2, 0, 3, agents), second: (0, 1, None, "[]")}
    (sign,) = explained_commits(store.conn, SLUG)[first]
    assert (sign.tool, sign.kind, sign.confidence, sign.model) == ("Claude Code", "note", "high", "claude-opus-4-6")
    assert sign.basis == f"a git note on {first[:10]} marks 2 of 3 added lines as its own"
    common = {"repo_slug": SLUG, "title": "", "state": "closed", "created_at": "2026-05-01T10:00:00Z"}
    store.insert_pull_requests(
        [
            {"id": 1, "number": 1, "merge_commit_sha": first, **common},
            {"id": 2, "number": 2, "merge_commit_sha": second, **common},
            {"id": 3, "number": 3, **common},
        ]
    )
    with store.transaction() as conn:
        row = (3, first, "ada", 1, "2026-05-01T10:00:00+00:00", "[]")
        conn.execute("INSERT INTO pull_request_commits VALUES (?, ?, ?, ?, ?, ?)", row)
    assert stored_evidence(store.conn, SLUG) == {1: {sign}, 2: frozenset(), 3: {sign}}


def test_only_news_is_read(clone: Path, store: ProdLensStore) -> None:
    """A note is read once, and again when it changes; notes of commits that are not stored are left."""
    take_commits_from_clone(store, clone, SLUG, since=SINCE)
    assert take_notes_from_clone(store, clone, SLUG) == 0
    first = head(clone, "HEAD~1")
    write_note(clone, first, MARKED.replace("1-2", "1-3"))
    add(clone, "b.txt", "1\n")
    write_note(clone, head(clone), MARKED)
    assert take_notes_from_clone(store, clone, SLUG) == 1
    assert rows(store)[first][0] == 3
    assert take_notes_from_clone(store, clone, "octo/other") == 0


def test_in_a_shallow_clone_added_lines_are_not_known(clone: Path, store: ProdLensStore) -> None:
    """The oldest commit there would add the whole tree, so the lines are told without how many were added."""
    take_commits_from_clone(store, clone, SLUG, since=SINCE)
    write_note(clone, head(clone), MARKED)
    assert take_notes_from_clone(store, clone, SLUG, shallow=True) == 1
    assert rows(store)[head(clone)] == (2, 0, None, '[["claude","claude-opus-4-6",2]]')
    signs = explained_commits(store.conn, SLUG)[head(clone)]
    assert [sign.basis for sign in signs] == [f"a git note on {head(clone)[:10]} marks 2 lines as its own"]


def test_a_tool_without_a_name_of_ours_keeps_its_own(clone: Path, store: ProdLensStore) -> None:
    """What git-ai calls a tool that ProdLens does not know is shown as it is."""
    write_note(clone, head(clone, "HEAD~1"), MARKED.replace('"claude"', '"windsurf"'))
    take_commits_from_clone(store, clone, SLUG, since=SINCE)
    assert [signs[0].tool for signs in explained_commits(store.conn, SLUG).values()] == ["windsurf"]
