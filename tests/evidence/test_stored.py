"""Evidence on what is stored."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prodlens.evidence import Evidence, explained_commits, explained_evidence, stored_evidence
from prodlens.storage import ProdLensStore

if TYPE_CHECKING:
    from pathlib import Path


def test_stored_evidence(tmp_path: Path) -> None:
    """Merge commits, calls by number and calls on a branch of the repository's own lead to their pull requests."""
    day = "2026-05-01T10:00:00Z"
    common = {"title": "", "state": "closed", "created_at": day, "repo_slug": "o/r", "base_ref": "main"}
    with ProdLensStore(tmp_path / "s.db") as store:
        store.insert_pull_requests(
            [
                {"id": 1, "number": 1, "author": "ada", "head_ref": "a", "merge_commit_sha": "m1", **common},
                {"id": 2, "number": 2, "author": "ada", "head_ref": "b", "head_repo": "o/r", **common},
                {"id": 3, "number": 3, "author": "eve", "head_ref": "b", "head_repo": "eve/r", **common},
                {"id": 4, "number": 4, "author": "ada", "head_ref": "main", "head_repo": "o/r", **common},
                {"id": 5, "number": 5, "author": "ada", "head_ref": "e", **common},
                {"id": 6, "number": 6, "author": "devin-ai-integration[bot]", "head_sha": "h6", **common},
                {"id": 8, "number": 8, "author": "ada", "body_signs": [["Jules", "high", "", "x"]], **common},
                {"id": 7, "number": 1, "author": "ada", "head_ref": "a", **common, "repo_slug": "other/r"},
            ]
        )
        with store.transaction() as conn:  # what a squash kept off the default branch
            row = (8, "b8", "ada", 1, day, '[["Co-authored-by","aider (gpt-5)"]]')
            conn.execute("INSERT INTO pull_request_commits VALUES (?, ?, ?, ?, ?, ?)", row)
        store.insert_commits(
            [
                {"sha": "m1", "author": "ada", "timestamp": day, "trailers": [["Co-authored-by", "Cursor"]]},
                {"sha": "h6", "author": "devin-ai-integration[bot]", "timestamp": day, "repo_slug": "o/r"},
            ]
        )
        call = {"session_id": "s", "timestamp": day, "model": "m", "tokens_in": 1, "tokens_out": 1}
        store.insert_sessions(
            [
                {**call, "branch": "b", "trace_hash": "1"},
                {**call, "branch": "main", "trace_hash": "2"},
                {**call, "pull_request": 5, "branch": "e", "trace_hash": "3"},
                {**call, "pull_request": 1, "repo_slug": "other/r", "trace_hash": "4"},
            ]
        )
        found = stored_evidence(store.conn, "O/R")
        explained = explained_evidence(store.conn, "o/r")
        commits = explained_commits(store.conn, "o/r")
    trace = Evidence("", "trace", "high")
    assert found == {
        1: {Evidence("Cursor", "trailer", "high")},
        2: {trace},
        3: frozenset(),
        4: frozenset(),
        5: {trace},
        6: {Evidence("Devin", "author", "high")},
        8: {Evidence("Jules", "description", "high"), Evidence("aider", "trailer", "high")},
    }
    assert {number: frozenset(signs) for number, signs in explained.items()} == found
    assert [(sign.kind, sign.model, sign.basis) for sign in explained[8]] == [
        ("description", "", "x"),
        ("trailer", "gpt-5", "Co-authored-by: aider (gpt-5)"),
    ]
    assert [sign.basis for sign in explained[5]] == ["traced calls: 1"]
    assert {sha: [sign.tool for sign in signs] for sha, signs in commits.items()} == {"h6": ["Devin"], "m1": ["Cursor"]}


def test_signs_that_rest_on_different_things_are_all_explained() -> None:
    """Two models in two commits are two pieces of one sign, in one order whatever the order of the rows."""
    day = "2026-05-01T10:00:00Z"
    pull = {"id": 1, "number": 1, "repo_slug": "o/r", "title": "", "state": "closed", "created_at": day}
    values = [f"Claude {name} <noreply@anthropic.com>" for name in ("Sonnet 4.5", "Opus 4.5", "Sonnet 4.5")]
    found = []
    for order in (values, values[::-1]):
        with ProdLensStore(":memory:") as store:
            store.insert_pull_requests([pull])
            with store.transaction() as conn:
                for n, value in enumerate(order):
                    row = (1, str(n), "ada", 1, day, f'[["Co-authored-by","{value}"]]')
                    conn.execute("INSERT INTO pull_request_commits VALUES (?, ?, ?, ?, ?, ?)", row)
            found.append([sign.model for sign in explained_evidence(store.conn, "o/r")[1]])
            assert stored_evidence(store.conn, "o/r") == {1: {Evidence("Claude Code", "trailer", "high")}}
    assert found == [["Claude Opus 4.5", "Claude Sonnet 4.5"]] * 2


def test_notes_and_authors_are_signs_of_their_pull_requests() -> None:
    """A note on a merge commit or on a commit of the branch stands beside the other signs, an account once."""
    day = "2026-05-01T10:00:00Z"
    pull = {"repo_slug": "o/r", "title": "", "state": "closed", "created_at": day, "author": "ada"}
    notes = [
        ("o/r", "m1", 12, 10, '[["claude","claude-opus-4-6",12],["homemade","",2]]'),
        ("o/r", "b2", 3, None, '[["cursor","",3]]'),
        ("o/r", "c3", 0, 9, '[["claude","",1]]'),
        ("other/r", "m1", 5, 5, '[["codex","",5]]'),
    ]
    with ProdLensStore(":memory:") as store:
        store.insert_pull_requests(
            [
                {**pull, "id": 1, "number": 1, "merge_commit_sha": "m1"},
                {**pull, "id": 2, "number": 2, "head_sha": "h2"},
                {**pull, "id": 3, "number": 3, "merge_commit_sha": "c3", "author": "devin-ai-integration[bot]"},
            ]
        )
        store.insert_commits(
            [
                {"sha": "m1", "author": "ada", "timestamp": day, "trailers": [["Co-authored-by", "Cursor"]]},
                {"sha": "h2", "author": "copilot-swe-agent[bot]", "timestamp": day, "repo_slug": "o/r"},
                {"sha": "c3", "author": "devin-ai-integration[bot]", "timestamp": "2026-05-02T10:00:00Z"},
            ]
        )
        with store.transaction() as conn:
            conn.execute("INSERT INTO pull_request_commits VALUES (2, 'b2', 'ada', 1, ?, NULL)", (day,))
            conn.executemany("INSERT INTO ai_notes VALUES (?, ?, 'x', ?, 0, ?, ?)", notes)
        counted = {1: 7, 2: 0}
        explained = explained_evidence(store.conn, "O/R", counted)
        found = stored_evidence(store.conn, "o/r", counted)
        commits = explained_commits(store.conn, "O/R")
    of_m1 = [
        ("Claude Code", "note", "high", "claude-opus-4-6", "a git note on m1 marks 10 of 10 added lines as its own"),
        ("homemade", "note", "high", "", "a git note on m1 marks 2 of 10 added lines as its own"),
    ]
    cursor = ("Cursor", "trailer", "high", "", "Co-authored-by: Cursor")
    devin = ("Devin", "author", "high", "", "account or name devin-ai-integration[bot]")
    copilot = ("GitHub Copilot", "author", "high", "", "account or name copilot-swe-agent[bot]")
    assert {number: [_parts(sign) for sign in signs] for number, signs in explained.items()} == {
        1: [*of_m1, ("", "trace", "high", "", "traced calls: 7"), cursor],
        2: [copilot, ("Cursor", "note", "high", "", "a git note on b2 marks 3 lines as its own")],
        3: [devin],
    }
    assert {number: len(signs) for number, signs in found.items()} == {1: 4, 2: 2, 3: 1}
    assert [(sha, [_parts(sign) for sign in signs]) for sha, signs in commits.items()] == [
        ("c3", [devin]),
        ("h2", [copilot]),
        ("m1", [*of_m1, cursor]),
    ]


def _parts(sign: Evidence) -> tuple[str, str, str, str, str]:
    return sign.tool, sign.kind, sign.confidence, sign.model, sign.basis
