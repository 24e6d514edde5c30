"""What the lines of a Claude Code transcript say of its session: pull requests, worktrees, where it ran."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prodlens.action.anonymize import make_anonymizer
from prodlens.schemas import SessionBranch, SessionLink
from prodlens.trace_normalizer.formats.claude_session_lines import SessionLines
from prodlens.trace_normalizer.formats.origins import origin_of, origin_of_user_agent
from tests.examples import examples
from tests.metrics.situations import pull, report_on
from tests.trace_files import read_items, traces
from tests.trace_project import TraceProject, lines

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

TREE = {
    "worktreePath": "/home/ada/web/.claude/worktrees/x",
    "worktreeBranch": "worktree-x",
    "originalBranch": "feature",
}


def moment(minute: int) -> datetime:
    """Return a minute of the session."""
    return datetime(2026, 5, 2, 10, minute, tzinfo=UTC)


def line(kind: str, minute: int | None = None, **changes: Any) -> dict[str, Any]:
    """Return a line of the session."""
    time = {} if minute is None else {"timestamp": moment(minute).isoformat()}
    return {"type": kind, "sessionId": "s", **time, **changes}


def link(minute: int | None, number: object = 7, repository: object = "Acme/Web") -> dict[str, Any]:
    """Return the line of a link."""
    return line("pr-link", minute, prNumber=number, prUrl="https://x.example", prRepository=repository)


def answer(minute: int, cost: float, branch: str = "feature", **changes: Any) -> dict[str, Any]:
    """Return an answer of the model."""
    message = {"id": f"msg_{minute}", "model": "m", "stop_reason": "end_turn", "usage": {"output_tokens": 9}}
    return line("assistant", minute, gitBranch=branch, costUSD=cost, message=message, **changes)


def said(*given_: dict[str, Any]) -> list[SessionBranch | SessionLink]:
    """Read the lines of one transcript."""
    reader = SessionLines()
    return [found for each in given_ for found in reader.read(each)]


def test_a_link_names_session_time_repository_and_number() -> None:
    """The repository is in the one spelling; what names no pull request of a repository, or no time, is not a link."""
    assert said(link(5)) == [SessionLink("s", moment(5), "acme/web", 7)]
    assert said(link(5, 2**63)) == []
    for number, repository, minute in ((0, "a/b", 1), ("7", "a/b", 1), (True, "a/b", 1), (7, "../x", 1), (7, None, 1)):
        assert said(link(minute, number, repository)) == []
    assert said(link(None)) == []
    assert said(link(5) | {"sessionId": None}) == []


def test_a_worktree_has_its_branch_from_the_line_before_on() -> None:
    """A state without a time takes that of the line before it; without one it begins just before the next line."""
    entered, left = line("worktree-state", worktreeSession=TREE), line("worktree-state", worktreeSession=None)
    assert said(answer(1, 1.0), entered, answer(2, 1.0), left) == [
        SessionBranch("s", moment(1), "worktree-x"),
        SessionBranch("s", moment(2), None),
    ]
    assert said(left, entered, answer(2, 1.0)) == [
        SessionBranch("s", datetime(2026, 5, 2, 10, 1, 59, 999_999, tzinfo=UTC), "worktree-x")
    ]
    assert said(line("worktree-state", 9, worktreeSession=TREE)) == [SessionBranch("s", moment(9), "worktree-x")]
    assert said(entered) == []
    assert said(answer(1, 1.0), line("worktree-state", worktreeSession={"hookBased": True})) == []
    assert said(answer(1, 1.0), line("worktree-state", worktreeSession="x")) == []


@pytest.mark.parametrize(
    ("started", "folder", "origin"),
    [
        ("claude-code-github-action", None, "workflow"),
        ("cli", "/home/ada/web", "desk"),
        ("claude-vscode", None, "desk"),
        ("sdk-cli", "/home/ada/web", None),
        ("sdk-cli", "/home/runner/work/web/web", "workflow"),
        ("cli", "/Users/runner/work/web/web", "workflow"),
        (None, "/github/workspace", "workflow"),
        (None, "/__w/web/web", "workflow"),
        (None, "D:\\a\\web\\web", "workflow"),
        (None, "/home/ada/home/runner/work/", None),
        (["cli"], {"a": 1}, None),
    ],
)
def test_where_a_session_ran(started: object, folder: object, origin: str | None) -> None:
    """The program says how it was started, and a runner's folder is a runner's; what can be either is not known."""
    assert origin_of(started, folder) == origin
    given_ = traces(read_items([answer(1, 1.0, entrypoint=started, cwd=folder)]))
    assert [trace.origin for trace in given_] == [origin]


def test_a_user_agent_says_how_claude_code_was_started() -> None:
    """Gateways log it; of another program it says nothing."""
    assert origin_of_user_agent("claude-cli/2.1.197 (external, cli)") == "desk"
    assert origin_of_user_agent("claude-cli/2.1.197 (external, claude-code-github-action)") == "workflow"
    assert origin_of_user_agent("claude-cli/2.1.197 (external, sdk-cli)") is None
    assert origin_of_user_agent("python/3 (external, cli)") is None
    assert origin_of_user_agent(7) is None


SESSION = [
    answer(1, 1.0),
    link(2),
    answer(3, 2.0),
    line("worktree-state", worktreeSession=TREE),
    answer(4, 4.0),
    answer(5, 8.0, sessionId="t"),
    line("user", 6, sessionId="t"),
    line("worktree-state", sessionId="t", worktreeSession=TREE),
    answer(7, 16.0, sessionId="t"),
    line("worktree-state", sessionId="t", worktreeSession=None),
    answer(8, 32.0, sessionId="t"),
    link(9, 8),
    answer(10, 64.0),
]


def costs_of(folder: Path, files: Sequence[Sequence[dict[str, Any]]]) -> list[tuple[int, float, str]]:
    """Ingest files, and return what the pull requests cost, with the confidence."""
    with TraceProject(folder) as project:
        for number, each in enumerate(files):
            project.ingest(lines(*each), f"{number}.jsonl", repo_slug="acme/web")
        heads = {3: "worktree-x", 4: "feature"}
        project.store.insert_pull_requests(
            [pull(number, "5-01", head_ref=head, base_ref="main") for number, head in heads.items()]
        )
        rows = report_on(project.store)["pull_request_costs"]["pull_requests"]
    return sorted((row["number"], row["cost_usd"], row["confidence"]) for row in rows)


def test_a_transcript_is_attributed_by_its_links_and_worktrees(tmp_path: Path) -> None:
    """Calls go to the link that follows them, or the last; in a session without links the worktree's branch decides."""
    assert costs_of(tmp_path, [SESSION]) == [
        (3, 16.0, "medium"),
        (4, 40.0, "medium"),
        (7, 1.0, "medium"),
        (8, 70.0, "medium"),
    ]


@examples(15)
@given(st.data())
def test_a_transcript_in_parts_is_attributed_as_the_whole(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """Cut anywhere but around a line that has neither a time nor another line beside it, in any order, some twice."""
    places = data.draw(st.sets(st.sampled_from([1, 2, 3, 5, 6, 7, 9, 11, 12])))
    cuts = [0, *sorted(places), len(SESSION)]
    parts = [SESSION[start:end] for start, end in pairwise(cuts)]
    parts = data.draw(st.permutations(parts + data.draw(st.lists(st.sampled_from(parts), max_size=2))))
    assert costs_of(tmp_path_factory.mktemp("parts"), parts) == [
        (3, 16.0, "medium"),
        (4, 40.0, "medium"),
        (7, 1.0, "medium"),
        (8, 70.0, "medium"),
    ]


def test_files_of_agents_from_workflows_are_of_workflows(tmp_path: Path) -> None:
    """What an agent wrote of its own session was written where it ran, unless the record says otherwise."""
    with TraceProject(tmp_path) as project:
        project.ingestor.in_workflow = True
        project.ingest(lines(answer(1, 1.0), answer(2, 1.0, entrypoint="cli")))
        project.ingest(lines({"timestamp": "2026-05-02", "usage": {"input_tokens": 1}}), "reference.jsonl")
        found = sorted((row["source"], row["origin"]) for row in project.rows() if row["source"] == "claude-code")
        assert found == [("claude-code", "desk"), ("claude-code", "workflow")]
        assert [row["origin"] for row in project.rows() if row["source"] != "claude-code"] == [None]


def test_an_anonymised_session_keeps_its_link(tmp_path: Path) -> None:
    """A session that is called by an address is stored under another name, and so is what it says."""
    tree = {"worktreeBranch": "of-eve@example.org"}
    own = {"sessionId": "ada@example.org"}
    given_ = [answer(1, 1.0, **own), link(2) | own, line("worktree-state", worktreeSession=tree) | own]
    for key, sessions in (("secret", 1), ("", 0)):
        with TraceProject(tmp_path / (key or "none")) as project:
            project.ingestor.anonymize = make_anonymizer("on", public=True, key=key)
            project.ingest(lines(*given_))
            [row] = project.rows()
            links = [each["session_id"] for each in project.store.conn.execute("SELECT * FROM session_links")]
            assert (links, len(links)) == ([row["session_id"]] * sessions, sessions)
            branches = [each["branch"] for each in project.store.conn.execute("SELECT * FROM session_branches")]
            assert branches == ["[address removed]"] * sessions
            assert "@" not in str(links)
