"""Runs about a pull request: its cost as a condition and an output, and when no comment is written."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from tests.action.runner import NUMBER, SCHEDULE, event_of
from tests.github_server.small import SLUG, pull

if TYPE_CHECKING:
    from tests.action.runner import Runner


@pytest.fixture(autouse=True)
def in_this_process(runner: Runner) -> None:
    """Run in the process of the tests."""
    runner.in_process = True


def tagged_calls(runner: Runner, *costs: float | None) -> None:
    """Write a LiteLLM log of calls that carry the pull request's tag, one for each cost."""
    yesterday = datetime.now(UTC) - timedelta(days=1)
    call = {
        "call_type": "acompletion",
        "status": "success",
        "startTime": yesterday.timestamp(),
        "endTime": yesterday.timestamp() + 1,
        "model": "in-house/coder",
        "prompt_tokens": 60,
        "completion_tokens": 40,
        "request_tags": [f"pr:{NUMBER}", f"repo:{SLUG}"],
    }
    lines = [json.dumps({**call, "id": f"chatcmpl-{n}", "response_cost": cost}) for n, cost in enumerate(costs)]
    (runner.workplace.folder / "calls.jsonl").write_text("\n".join(lines) + "\n")


def test_the_cost_of_the_pull_request_is_an_output_and_a_condition(runner: Runner) -> None:
    """The comment, the report, the output and ``fail-if`` have one and the same cost."""
    tagged_calls(runner, 12.0, 11.5, None)
    done = runner.run(
        "pull_request",
        event_of(NUMBER),
        trace_paths="calls.jsonl",
        fail_if="pull_request.cost_usd > 23.4\npull_request.cost_usd > 23.5\npull_request.sessions > 3",
    )
    assert done.returncode == 1, done.log
    [error] = done.said("error")
    assert "pull_request.cost_usd > 23.4 holds (23.5)" in error
    assert runner.outputs["pull-request-cost-usd"] == "23.500000"
    assert "**$23.50** of model calls" in runner.comments[0]["body"]
    found = runner.workplace.report()["pull_request"]
    assert {name: found[name] for name in ("number", "sessions", "cost_usd", "unpriced_sessions")} == {
        "number": NUMBER,
        "sessions": 3,
        "cost_usd": 23.5,
        "unpriced_sessions": 1,
    }
    assert {"tool": "Claude Code", "kind": "trailer", "confidence": "high"} in found["evidence"]


def test_without_a_pull_request_its_conditions_have_no_figure(runner: Runner) -> None:
    """A schedule's report has no pull request: the condition never fails it, and the output is empty."""
    tagged_calls(runner, 12.0)
    done = runner.run("schedule", SCHEDULE, trace_paths="calls.jsonl", fail_if="pull_request.cost_usd >= 0")
    assert (done.returncode, runner.outputs["gate"], runner.outputs["pull-request-cost-usd"]) == (0, "pass", "")
    assert "pull_request" not in runner.workplace.report()


def test_auto_is_silent_where_nothing_is_known_of_ai(runner: Runner) -> None:
    """Without a call and without a sign there is no comment and the log says why; the summary still has the facts."""
    runner.server.world.repositories[SLUG].pull_commits[NUMBER] = []
    done = runner.run("pull_request", event_of(NUMBER))
    assert done.returncode == 0, done.log
    assert (runner.comments, runner.outputs["comment-url"]) == ([], "")
    assert f"No comment on {SLUG}#{NUMBER}: neither a model call nor a sign of AI is known of it" in done.stdout
    assert "110 lines added" in runner.summary
    runner.run("pull_request", event_of(NUMBER), comment="always")
    assert len(runner.comments) == 1


def test_below_the_threshold_nothing_is_written_and_a_comment_is_left_as_it_is(runner: Runner) -> None:
    """A comment that stands is not updated below the threshold; at the threshold it is."""
    tagged_calls(runner, 4.0)
    runner.run("pull_request", event_of(NUMBER), trace_paths="calls.jsonl", comment_threshold_usd="4")
    [before] = [comment["body"] for comment in runner.comments]
    tagged_calls(runner, 3.0)
    done = runner.run("pull_request", event_of(NUMBER), trace_paths="calls.jsonl", comment_threshold_usd="4")
    assert "its known cost of $3.00 is below comment-threshold-usd ($4.00)" in done.stdout
    assert [comment["body"] for comment in runner.comments] == [before]


def test_share_of_ai_is_an_output(runner: Runner) -> None:
    """The output is the share of merged pull requests with a sign, ten of eleven; it is empty without a merged one."""
    runner.server.world.repositories[SLUG].add_pulls([pull(1, labels=["ai-assisted"])])
    runner.run("schedule", SCHEDULE)
    assert runner.outputs["ai-share"] == "0.909091"
    runner.run("schedule", SCHEDULE, since="2026-10-01")
    assert runner.outputs["ai-share"] == ""


def test_a_pull_request_that_github_does_not_tell_of(runner: Runner) -> None:
    """What cannot be read from GitHub is taken from the event, also where no comment is wanted."""
    done = runner.run("pull_request", event_of(999), comment="off")
    assert done.returncode == 0, done.log
    assert "The pull request was not read from GitHub" in done.stdout
    assert runner.workplace.report()["pull_request"]["number"] == 999
    assert runner.comments == []
