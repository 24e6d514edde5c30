"""From the event to what a run may do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prodlens.action.event import SAVING_EVENTS, Head, mode_of, read_event

MAIN = "refs/heads/main"
SHA = "a" * 40
REPOSITORY = {"id": 1, "full_name": "octo/repo", "default_branch": "main"}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


def pull_request(number: int = 7, head_repository: int | None = 1, sender: str = "octocat") -> dict[str, Any]:
    """Return the payload of a pull request event."""
    head = None if head_repository is None else {"id": head_repository}
    return {
        "pull_request": {"number": number, "head": {"repo": head}, "base": {"repo": {"id": 1}}},
        "repository": REPOSITORY,
        "sender": {"login": sender},
    }


def workflow_run(triggered_by: str = "pull_request", head_repository: int = 2, **fields: Any) -> dict[str, Any]:
    """Return the payload of a finished run; the pull requests it lists are empty for forks, as GitHub has it."""
    run = {
        "event": triggered_by,
        "head_branch": "feature",
        "head_sha": SHA,
        "head_repository": {"id": head_repository, "owner": {"login": "mallory"}},
        "pull_requests": [],
        **fields,
    }
    return {"workflow_run": run, "repository": REPOSITORY, "sender": {"login": "mallory"}}


def test_pull_request_of_this_repository() -> None:
    """A pull request of the repository's own branch is commented on and saves no cache."""
    mode = mode_of("pull_request", pull_request(), "refs/pull/7/merge")
    assert (mode.pull_request, mode.read_only, mode.fork) == (7, False, False)
    assert mode.about_pull_request
    assert not mode.may_save_cache
    assert "pull_request" in mode.why_not_saved


@pytest.mark.parametrize("head", [2, None])
def test_fork_is_read_only(head: int | None) -> None:
    """A fork's run, or one whose head repository was deleted, has a token that cannot write."""
    mode = mode_of("pull_request", pull_request(head_repository=head), "refs/pull/7/merge")
    assert (mode.pull_request, mode.read_only, mode.fork) == (7, True, True)


def test_pull_request_target_of_a_fork_may_write() -> None:
    """``pull_request_target`` runs with the repository's own token, on the base's code; it still saves no cache."""
    mode = mode_of("pull_request_target", pull_request(head_repository=2), MAIN)
    assert (mode.pull_request, mode.read_only, mode.fork, mode.may_save_cache) == (7, False, True, False)


@pytest.mark.parametrize("event", ["pull_request", "pull_request_target", "push", "workflow_dispatch"])
def test_dependabot_is_read_only(event: str) -> None:
    """Whatever Dependabot starts gets a read-only token, and saves nothing."""
    mode = mode_of(event, pull_request(sender="dependabot[bot]"), MAIN)
    assert mode.read_only
    assert not mode.may_save_cache


@pytest.mark.parametrize("event", sorted(SAVING_EVENTS))
def test_default_branch_saves(event: str) -> None:
    """Push, schedule and dispatch on the default branch save the cache, and only push at most once a day."""
    mode = mode_of(event, {"repository": REPOSITORY}, MAIN)
    assert (mode.may_save_cache, mode.why_not_saved, mode.once_a_day) == (True, "", event == "push")
    assert not mode.about_pull_request


def test_schedule_without_a_repository_in_its_payload_saves() -> None:
    """A schedule runs on the default branch by definition."""
    assert mode_of("schedule", {"schedule": "0 6 * * 1"}, "refs/heads/trunk").may_save_cache


@pytest.mark.parametrize("ref", ["refs/heads/feature", "refs/tags/main", "main", "refs/heads/main/x", ""])
@pytest.mark.parametrize("event", sorted(SAVING_EVENTS))
def test_other_refs_do_not_save(event: str, ref: str) -> None:
    """Another branch, or a tag that is called like the default branch, saves nothing."""
    mode = mode_of(event, {"repository": REPOSITORY}, ref)
    assert not mode.may_save_cache
    assert "main" in mode.why_not_saved


def test_push_without_a_default_branch_does_not_save() -> None:
    """What cannot be checked is not trusted."""
    assert "default" in mode_of("push", {"ref": MAIN}, MAIN).why_not_saved


def test_workflow_run_is_looked_up_by_head() -> None:
    """The pull request of a finished run is looked up by owner, branch and sha, whatever the run itself lists."""
    mode = mode_of("workflow_run", workflow_run(pull_requests=[{"number": 99}]), MAIN)
    assert mode.head == Head(owner="mallory", branch="feature", sha=SHA)
    assert (mode.pull_request, mode.fork, mode.may_save_cache, mode.about_pull_request) == (None, True, False, True)
    assert not mode.read_only


def test_workflow_run_of_a_push_has_no_pull_request() -> None:
    """A run after a push, or one that does not say its head, belongs to no pull request."""
    assert mode_of("workflow_run", workflow_run("push"), MAIN).head is None
    assert mode_of("workflow_run", workflow_run(head_sha="main"), MAIN).head is None
    assert mode_of("workflow_run", workflow_run(head_branch=None), MAIN).head is None
    assert not mode_of("workflow_run", workflow_run("push", head_repository=1), MAIN).fork


def test_merge_group_names_its_pull_request() -> None:
    """The queue's branch carries the number of the pull request that is last in the group."""
    payload = {"merge_group": {"head_ref": f"refs/heads/gh-readonly-queue/main/pr-104-{SHA}"}}
    assert mode_of("merge_group", payload, "").pull_request == 104
    assert mode_of("merge_group", {}, f"refs/heads/gh-readonly-queue/a/b/pr-5-{SHA}").pull_request == 5
    assert mode_of("merge_group", {}, "refs/heads/pr-5-x").pull_request is None


def test_issue_comment_only_on_a_pull_request() -> None:
    """A comment on an issue is about no pull request."""
    assert mode_of("issue_comment", {"issue": {"number": 3, "pull_request": {"url": "x"}}}, MAIN).pull_request == 3
    assert mode_of("issue_comment", {"issue": {"number": 3}}, MAIN).pull_request is None


def test_number_from_the_ref() -> None:
    """Without a number in the payload the ref of the merge commit names the pull request."""
    assert mode_of("pull_request", {"pull_request": {}}, "refs/pull/12/merge").pull_request == 12


@given(
    event=st.sampled_from(["pull_request", "workflow_run", "merge_group", "issue_comment", "push", ""]), payload=JSON
)
def test_no_payload_raises(event: str, payload: object) -> None:
    """No payload raises, and one that does not prove its right to save may not save."""
    assert not mode_of(event, payload, MAIN).may_save_cache


@given(number=st.one_of(st.booleans(), st.text(), st.floats(), st.integers(max_value=0)))
def test_only_a_positive_whole_number_is_a_pull_request(number: object) -> None:
    """Where the number is malformed, only the ref is asked for it."""
    payload = {"pull_request": {"number": number}}
    assert mode_of("pull_request", payload, MAIN).pull_request is None


def test_a_run_reads_the_event_once() -> None:
    """Only the steps of a run read the payload; everything else is given what was read."""
    package = Path(__file__).parents[2] / "prodlens"
    readers = [path.name for path in package.rglob("*.py") if "read_event(" in path.read_text(encoding="utf-8")]
    assert sorted(readers) == ["event.py", "run.py"]


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b"null", b'{"a": \xff}', b"[" * 100_000])
def test_a_payload_that_cannot_be_read_is_empty(tmp_path: Path, content: bytes) -> None:
    """Whatever stands in the file, the run goes on with what the environment says."""
    file = tmp_path / "event.json"
    file.write_bytes(content)
    environ = {"GITHUB_EVENT_PATH": str(file), "GITHUB_EVENT_NAME": "schedule", "GITHUB_REF": MAIN}
    event = read_event(environ)
    assert (event.payload, event.repository, event.mode.may_save_cache) == ({}, {}, True)
    assert read_event({**environ, "GITHUB_EVENT_PATH": str(tmp_path / "missing")}).payload == {}
