"""What a comment says of one pull request."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from prodlens.action.event import Head
from prodlens.action.publishing.pull_request import (
    PullRequestFacts,
    Usage,
    describe,
    facts_of,
    find_pull_request,
    read_facts,
)
from prodlens.evidence import Evidence
from prodlens.github.client import GithubClient
from prodlens.storage import ProdLensStore

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOW = datetime(2026, 5, 3, 10, tzinfo=UTC)
SHA = "a" * 40
PULL: dict[str, Any] = {
    "number": 7,
    "title": "<script>@octocat",
    "created_at": "2026-05-01T10:00:00Z",
    "additions": 1200,
    "deletions": 1,
    "changed_files": 1,
    "commits": 2,
    "user": {"login": "ada"},
    "labels": [{"name": "ai-assisted"}],
    "body": None,
    "head": {"ref": "feature", "sha": SHA, "repo": {"full_name": "octo/repo"}},
    "base": {"ref": "main"},
}
COMMITS = [
    {
        "author": {"login": "ada", "id": 1},
        "commit": {"author": {"name": "Ada", "email": "ada@example.org"}, "message": "Add it\n\nIt was missing."},
    },
    {
        "author": None,
        "commit": {
            "author": {"name": "Ada", "email": "ada@example.org"},
            "message": "Mend it\n\nCo-authored-by: Claude Opus 4.5 <noreply@anthropic.com>",
        },
    },
]


class Response:
    """An answer as ``requests`` gives it."""

    def __init__(self, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
        self.status_code, self.headers, self._body = status, headers or {}, body

    def json(self) -> Any:
        """Return the parsed body."""
        return self._body


class Session:
    """Answers reads from a table of paths; anything else fails the test."""

    def __init__(self, answers: dict[str, Any]) -> None:
        self.answers = answers
        self.asked: list[dict[str, str]] = []

    def get(self, url: str, *, params: dict[str, str], **_: Any) -> Response:
        """Read."""
        self.asked.append(params)
        path = url.removeprefix("http://stand-in/")
        link = {"Link": f'<{url}/2>; rel="next"'} if f"{path}/2" in self.answers else {}
        return Response(200, self.answers[path], link)


def client(answers: dict[str, Any]) -> GithubClient:
    """Return a client that reads from the table."""
    session: Any = Session(answers)
    return GithubClient(session, api_url="http://stand-in")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ProdLensStore]:
    """Return a store with calls on the pull request, on its branch, and elsewhere."""
    call = {"session_id": "s", "timestamp": "2026-05-01T10:00:00Z", "model": "m", "tokens_in": 60, "tokens_out": 40}
    with ProdLensStore(tmp_path / "s.db") as opened:
        opened.insert_sessions(
            [
                {**call, "trace_hash": "1", "pull_request": 7, "cost_usd": 0.25},
                {**call, "trace_hash": "2", "branch": "feature", "cost_usd": 0.5},
                {**call, "trace_hash": "3", "branch": "feature", "repo_slug": "octo/repo"},
                {**call, "trace_hash": "4", "branch": "feature", "repo_slug": "other/repo"},
                {**call, "trace_hash": "5", "branch": "feature", "pull_request": 8},
                {**call, "trace_hash": "6"},
            ]
        )
        yield opened


def test_absurd_costs_are_unknown(store: ProdLensStore) -> None:
    """Costs that add up to infinity are not a cost; they break nothing."""
    call = {"session_id": "s", "timestamp": "2026-05-01T10:00:00Z", "pull_request": 7, "cost_usd": 1.7e308}
    store.insert_sessions([{**call, "trace_hash": f"x{n}", "model": f"m{n // 2}"} for n in range(4)])
    usage = facts_of(PULL, [], store.conn, "octo/repo").usage
    assert (usage.calls, usage.cost_usd) == (7, None)
    store.conn.execute("DELETE FROM sessions WHERE trace_hash IN ('x1', 'x3')")
    assert facts_of(PULL, [], store.conn, "octo/repo").usage.cost_usd is None


def test_git_notes_on_its_commits_are_signs_as_in_the_report(store: ProdLensStore) -> None:
    """A note that marks lines of a commit as an agent's is a sign on the commit; one of another repository is not."""
    for slug, sha, agents in (
        ("octo/repo", "c1", '[["claude", "claude-opus-4-5", 3]]'),
        ("octo/repo", "c9", '[["codex", "", 3]]'),
        ("other/repo", "c2", '[["cursor", "", 3]]'),
    ):
        with store.transaction() as conn:
            conn.execute("INSERT INTO ai_notes VALUES (?, ?, 'x', 3, 0, 4, ?)", (slug, sha, agents))
    facts = facts_of(PULL, [{"sha": "c1"}, {"sha": "c2"}, {}], store.conn, "Octo/repo")
    assert [(sign.tool, sign.confidence) for sign in facts.evidence if sign.kind == "note"] == [("Claude Code", "high")]
    assert (facts.signed_commits, facts.read_commits) == (1, 3)
    assert "`Claude Code` (a git note, high confidence)" in describe(facts, (), NOW)
    assert "signs on 1 of 3 commits" in describe(facts, (), NOW)


def test_read_facts(store: ProdLensStore) -> None:
    """Size, times, evidence and usage come together from GitHub and the store."""
    answers = {
        "repos/octo/repo/pulls/7": PULL,
        "repos/octo/repo/pulls/7/commits": COMMITS[:1],
        "repos/octo/repo/pulls/7/commits/2": COMMITS[1:],
    }
    facts = read_facts(client(answers), store.conn, "octo/repo", 7)
    assert (facts.additions, facts.deletions, facts.changed_files, facts.commits) == (1200, 1, 1, 2)
    assert (facts.signed_commits, facts.read_commits) == (1, 2)
    assert facts.usage == Usage(calls=3, tokens=300, cost_usd=0.75, unpriced_calls=1, by_model=(("m", 3, 0.75),))
    assert facts.hours_open(NOW) == 48.0
    assert facts.evidence == {
        Evidence("Claude Code", "trailer", "high"),
        Evidence("", "label", "high"),
        Evidence("", "trace", "high"),
    }
    assert "ada@example.org" not in repr(facts)


def test_branch_calls_only_of_this_repository(store: ProdLensStore) -> None:
    """A branch of a fork, or the base itself, brings no calls with it: its name is nobody's."""
    fork = {**PULL, "head": {**PULL["head"], "repo": {"full_name": "mallory/repo"}}}
    assert facts_of(fork, [], store.conn, "octo/repo").usage.calls == 1
    gone = {**PULL, "head": {**PULL["head"], "repo": None}}
    assert facts_of(gone, [], store.conn, "octo/repo").usage.calls == 1
    base = {**PULL, "base": {"ref": "feature"}}
    assert facts_of(base, [], store.conn, "octo/repo").usage.calls == 1


def test_calls_without_a_repository_are_left_out_where_they_are_shown_apart(store: ProdLensStore) -> None:
    """Beside other repositories only the calls that name this one are the pull request's."""
    assert facts_of(PULL, [], store.conn, "octo/repo", unnamed=False).usage.calls == 1


@pytest.mark.parametrize("value", [None, "x", [], {}, True])
def test_strange_objects_do_not_raise(store: ProdLensStore, value: Any) -> None:
    """Whatever an event holds in place of a pull request, nothing raises and no fact is made up."""
    strange = dict.fromkeys(PULL, value)
    assert describe(facts_of(strange, [], store.conn, "octo/repo"), [], NOW).count("not known") == 2


def test_describe_says_what_matters() -> None:
    """Size, age beside the others', the usual time and the evidence, each in words."""
    facts = PullRequestFacts(
        number=7,
        created_at=datetime(2026, 5, 2, 10, tzinfo=UTC),
        additions=1200,
        deletions=1,
        changed_files=1,
        commits=2,
        evidence=frozenset({Evidence("Codex", "branch", "low"), Evidence("Claude Code", "trailer", "high")}),
        signed_commits=1,
        read_commits=2,
        usage=Usage(calls=3, tokens=12_345, cost_usd=0.75, unpriced_calls=1),
    )
    text = describe(facts, [1.0, 10.0, 20.0, 30.0, 100.0], NOW)
    assert "| Size | 1,200 lines added and 1 removed in 1 file, 2 commits |" in text
    assert "| Open for | 24.0 h; 2 of 5 merged pull requests took longer |" in text
    assert "| Usual time to merge | 20.0 h; half of the 5 merged in the period took 10.0 h to 30.0 h |" in text
    assert (
        "| AI work | at least: 3 traced calls with 12.3 k tokens; `Claude Code` (a commit's trailer, high confidence); "
        "`Codex` (the branch's name, low confidence); signs on 1 of 2 commits |"
    ) in text


def test_money_comes_first() -> None:
    """The cost stands above everything else, beside the median of the merged ones where there are five of them."""
    facts = PullRequestFacts(number=7, usage=Usage(calls=3, tokens=5, cost_usd=23.51, unpriced_calls=1))
    others = {"median_usd": 13.0, "with_cost": 41}
    line = describe(facts, [], NOW, others).splitlines()[2]
    assert line == (
        "**$23.51** of model calls, 1.81 times the median of 41 merged pull requests ($13.00); 1 call without a known "
        "price not included"
    )
    assert "median" not in describe(facts, [], NOW, {"median_usd": 13.0, "with_cost": 4})
    assert "median" not in describe(facts, [], NOW, {"median_usd": 0.0, "with_cost": 41})
    assert "**" not in describe(PullRequestFacts(number=7), [], NOW, others)


def test_several_models_have_a_folded_table_with_their_names_escaped() -> None:
    """One model needs no table; of several each has a row, and a name cannot break out of its cell."""
    usage = Usage(calls=3, cost_usd=3.0, by_model=(("a|<b>", 2, 3.0), ("", 1, None)))
    text = describe(PullRequestFacts(number=7, usage=usage), [], NOW)
    assert "<summary>Cost by model</summary>" in text
    assert "| 2 | $3.00 |" in text
    assert "| no model named | 1 | no known price |" in text
    assert "<b>" not in text
    one = Usage(calls=2, cost_usd=3.0, by_model=(("a", 2, 3.0),))
    assert "<details>" not in describe(PullRequestFacts(number=7, usage=one), [], NOW)


def test_what_is_not_known_is_said_to_be_unknown() -> None:
    """No evidence proves nothing, few merges give no usual time, and an unknown cost is not zero."""
    text = describe(PullRequestFacts(number=7, merged_at=NOW, created_at=NOW), [1.0], NOW)
    assert "proves nothing" in text
    assert "too few to tell (1 pull request merged" in text
    assert "| Merged after | 0 min |" in text
    used = describe(PullRequestFacts(number=7, usage=Usage(calls=1, tokens=5), closed_at=NOW, draft=True), [], NOW)
    assert "**1 model call**, cost not known" in used
    assert "Closed after" in used
    assert "(draft)" in used


def test_found_by_owner_branch_and_commit() -> None:
    """The pull request of a finished run has the run's head commit; one that moved on is not it."""
    head = Head(owner="mallory", branch="feature", sha=SHA)
    moved = {"number": 1, "head": {"ref": "feature", "sha": "b" * 40}}
    other = {"number": 2, "head": {"ref": "other", "sha": SHA}}
    right = {"number": 3, "head": {"ref": "feature", "sha": SHA}}
    found = client({"repos/octo/repo/pulls": [moved, other, right]})
    assert find_pull_request(found, "octo/repo", head) == 3
    assert find_pull_request(client({"repos/octo/repo/pulls": [moved, other]}), "octo/repo", head) is None
