"""How much of the work carries a sign of AI."""

from __future__ import annotations

from typing import Any

from prodlens.storage import ProdLensStore
from tests.metrics.situations import commit, pull, report_on

CLAUDE = [["Co-Authored-By", "Claude Opus 4.5"]]


def shares_of(commits: list[dict[str, Any]], pulls: list[dict[str, Any]], **options: Any) -> dict[str, Any]:
    """Report on commits and pull requests, and return the signs of AI."""
    with ProdLensStore(":memory:") as store:
        store.insert_commits(commits)
        store.insert_pull_requests(pulls)
        section: dict[str, Any] = report_on(store, **options)["ai_share"]
        return section


def test_commits_and_merged_pull_requests_are_counted_by_tool() -> None:
    """Every sign counts its tool once for each piece of work; what was merged before the window is left out."""
    commits = [
        commit("a" * 40, "5-02", author="ann", trailers=CLAUDE),
        commit("b" * 40, "5-03", author="copilot-swe-agent[bot]"),
        commit("c" * 40, "5-03", author="ann"),
        commit("d" * 40, "4-03", author="ann", trailers=CLAUDE),
    ]
    pulls = [
        pull(1, "5-02", "5-03", author="ann", merge_commit_sha="a" * 40),
        pull(2, "5-02", "5-04", author="bob"),
        pull(3, "5-02", author="claude[bot]"),
    ]
    found = shares_of(commits, pulls)
    assert found["commits"] == {
        "total": 3,
        "with_evidence": 2,
        "high_confidence": 2,
        "share": 2 / 3,
        "by_tool": [{"tool": "Claude Code", "with_evidence": 1}, {"tool": "GitHub Copilot", "with_evidence": 1}],
        "marked_lines": None,
    }
    assert found["merged_pull_requests"] == {
        "total": 2,
        "with_evidence": 1,
        "high_confidence": 1,
        "share": 0.5,
        "by_tool": [{"tool": "Claude Code", "with_evidence": 1}],
    }


def test_git_notes_are_evidence() -> None:
    """A commit without a trailer counts where a note marks lines of it, with its pull request; a tool counts once."""
    with ProdLensStore(":memory:") as store:
        store.insert_commits(
            [
                commit("a" * 40, "5-02", author="ann"),
                commit("b" * 40, "5-02", author="ann", trailers=CLAUDE),
                commit("c" * 40, "5-02", author="ann"),
            ]
        )
        store.insert_pull_requests([pull(1, "5-02", "5-03", author="ann", merge_commit_sha="a" * 40)])
        repo = store.fetch_pull_requests()[0]["repo_slug"]
        agents = '[["claude","claude-opus-4-6",3],["cursor","",1]]'
        with store.transaction() as conn:
            conn.executemany(
                "INSERT INTO ai_notes VALUES (?, ?, 'x', ?, 0, NULL, ?)",
                [(repo, "a" * 40, 4, agents), (repo, "b" * 40, 3, agents), (repo, "c" * 40, 0, "[]")],
            )
        found = report_on(store)["ai_share"]
    tools = [{"tool": "Claude Code", "with_evidence": 2}, {"tool": "Cursor", "with_evidence": 2}]
    assert (found["commits"]["total"], found["commits"]["high_confidence"]) == (3, 2)
    assert found["commits"]["by_tool"] == tools
    assert (found["merged_pull_requests"]["with_evidence"], found["merged_pull_requests"]["share"]) == (1, 1.0)


def test_lines_that_notes_mark() -> None:
    """Merges, commits before the window and those of unknown size are left out; a note marks no more than is added."""
    with ProdLensStore(":memory:") as store:
        store.insert_commits(
            [
                commit("a" * 40, "5-02", author="ann"),
                commit("b" * 40, "5-03", author="ann"),
                commit("c" * 40, "5-03", author="ann", parents=2),
                commit("d" * 40, "4-03", author="ann"),
                commit("e" * 40, "5-03", author="ann"),
                commit("f" * 40, "5-03", author="ann"),
            ]
        )
        repo = store.fetch_commits()[0]["repo_slug"]
        notes = {"a": (6, 10), "b": (90, 30), "c": (5, 5), "d": (7, 7), "e": (8, None), "f": (0, 12)}
        with store.transaction() as conn:
            conn.executemany(
                "INSERT INTO ai_notes VALUES (?, ?, 'x', ?, 0, ?, '[]')",
                [(repo, digit * 40, *lines) for digit, lines in notes.items()],
            )
        found = report_on(store)["ai_share"]["commits"]
        assert found["marked_lines"] == {"commits": 2, "marked": 36, "added": 40, "share": 0.9}
        store.conn.execute("UPDATE ai_notes SET added_lines = 0")
        assert report_on(store)["ai_share"]["commits"]["marked_lines"] is None


def test_merges_and_bots_that_are_not_assistants_are_left_out() -> None:
    """A merge commit is nobody's work, and a dependency bot is not a person who could have used AI."""
    commits = [
        commit("a" * 40, "5-02", author="ann", parents=2),
        commit("b" * 40, "5-02", author="dependabot[bot]"),
        commit("c" * 40, "5-02", author="ann", parents=1),
    ]
    pulls = [
        pull(1, "5-02", "5-03", author="renovate", author_type="Bot"),
        pull(2, "5-02", "5-03", author="dependabot[bot]"),
        pull(3, "5-02", "5-03", author="ann"),
    ]
    found = shares_of(commits, pulls)
    assert (found["commits"]["total"], found["commits"]["with_evidence"]) == (1, 0)
    assert (found["merged_pull_requests"]["total"], found["merged_pull_requests"]["share"]) == (1, 0.0)


def test_a_sign_that_a_person_could_have_left_is_not_of_high_confidence() -> None:
    """A branch named like a tool's, or a first name, is evidence of low confidence and is counted as such."""
    found = shares_of([], [pull(1, "5-02", "5-03", author="ann", head_ref="codex/fix")])["merged_pull_requests"]
    assert (found["with_evidence"], found["high_confidence"]) == (1, 0)


def test_traced_calls_are_evidence_too() -> None:
    """A merged pull request that a traced call names has evidence that names no tool."""
    with ProdLensStore(":memory:") as store:
        store.insert_pull_requests([pull(1, "5-02", "5-03", author="ann")])
        store.insert_sessions([{"timestamp": "2026-05-02T10:00:00Z", "repo_slug": "acme/web", "pull_request": 1}])
        found = report_on(store)["ai_share"]["merged_pull_requests"]
    assert found["by_tool"] == [{"tool": None, "with_evidence": 1}]


def test_weeks_are_whole_and_begin_on_monday() -> None:
    """Only weeks that lie wholly in the observed days are listed, each with everything that carries a sign."""
    commits = [
        commit("a" * 40, "5-04 00:00", author="ann", trailers=CLAUDE),
        commit("b" * 40, "5-10 23:59", author="ann"),
        commit("c" * 40, "5-11 00:00", author="ann"),
    ]
    found = shares_of(commits, [pull(1, "5-05", "5-06", author="ann")])
    assert found["weekly"] == [
        {
            "week": "2026-05-04",
            "commits": 2,
            "commits_with_evidence": 1,
            "merged_pull_requests": 1,
            "merged_pull_requests_with_evidence": 0,
        }
    ]


def test_without_work_there_is_no_share() -> None:
    """A share of nothing is unknown, not zero."""
    assert shares_of([], [])["commits"]["share"] is None
