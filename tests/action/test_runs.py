"""The action as the runner starts it, against the stand-in for GitHub: each way that a run can go."""

from __future__ import annotations

import json
import os
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from prodlens.storage import ProdLensStore
from tests.action.runner import NUMBER, REPOSITORY, SCHEDULE, event_of
from tests.github_server.small import SLUG, commit, pull
from tests.github_server.world import Repository

if TYPE_CHECKING:
    from tests.action.runner import Runner

HOSTILE = (
    "<img src=x onerror=alert(1)> @octocat #1 `|` [x](https://evil.example) ::error:: ##[error]x\n::stop-commands::y"
)


@pytest.mark.program
def test_run_on_a_pull_request(runner: Runner) -> None:
    """A pull request gets one comment, its own facts first; a second run updates nothing that reads the same."""
    payload = event_of(NUMBER)
    done = runner.run("pull_request", payload, f"refs/pull/{NUMBER}/merge")
    assert done.returncode == 0, done.stdout + done.stderr
    [comment] = runner.comments
    assert (comment["issue"], comment["html_url"]) == (NUMBER, runner.outputs["comment-url"])
    body = comment["body"]
    assert body.startswith("<!-- prodlens:report figures=")
    assert body.index("110 lines added and 11 removed") < body.index("<details>")
    assert body.index("Usual time to merge | 24.0 h") < body.index("<details>")
    assert "`Claude Code` (a commit's trailer, high confidence)" in body
    assert runner.summary.startswith("### ProdLens")
    assert "110 lines added" in runner.summary
    runner.run("pull_request", payload, f"refs/pull/{NUMBER}/merge", comment="changes")
    assert len(runner.comments) == 1
    assert not any(method == "PATCH" for method, _, _ in runner.server.log)


def test_a_branch_name_that_was_used_before_brings_no_cost_with_it(runner: Runner) -> None:
    """Of two pull requests of one branch name, the comment and the report give each the calls of its own time."""
    earlier = pull(3, head=pull(NUMBER)["head"])
    runner.server.world.repositories[SLUG].add_pulls([earlier])
    lines = [
        {
            "type": "assistant",
            "sessionId": "s",
            "timestamp": when,
            "gitBranch": f"topic-{NUMBER}",
            "costUSD": cost,
            "message": {"id": f"msg_{when}", "model": "m", "stop_reason": "end_turn", "usage": {"output_tokens": 9}},
        }
        for when, cost in (("2026-05-01T05:00:00Z", 40.0), ("2026-05-02T20:00:00Z", 2.5))
    ]
    file = runner.workplace.folder / "t.jsonl"
    file.write_text("\n".join(map(json.dumps, lines)))
    done = runner.run("pull_request", event_of(NUMBER), f"refs/pull/{NUMBER}/merge", trace_paths="t.jsonl")
    assert done.returncode == 0, done.log
    [comment] = runner.comments
    assert "**$2.50** of model calls" in comment["body"]
    assert "1 traced call with" in comment["body"]
    report = json.loads((runner.workplace.folder / ".prod-lens/report/report.json").read_text())
    rows = report["pull_request_costs"]["pull_requests"]
    assert [(row["number"], row["cost_usd"]) for row in rows] == [(3, 40.0), (NUMBER, 2.5)]


def test_a_repository_in_capitals_is_the_same(runner: Runner) -> None:
    """The runner writes owner and name as their owner does; the report, the comment and the facts are the same."""
    runner.environ["GITHUB_REPOSITORY"] = "Octo/Hello"
    done = runner.run("pull_request", event_of(NUMBER), f"refs/pull/{NUMBER}/merge")
    assert done.returncode == 0, done.log
    [comment] = runner.comments
    assert "Usual time to merge | 24.0 h" in comment["body"]


def test_fork_with_a_read_only_token(runner: Runner) -> None:
    """A comment that GitHub refuses is a warning and a file; the job passes and the summary is written."""
    runner.server.world.comments.read_only = True
    done = runner.run("pull_request", event_of(NUMBER, head="mallory/hello"), f"refs/pull/{NUMBER}/merge")
    assert done.returncode == 0, done.stdout + done.stderr
    [warning] = done.said("warning")
    assert "pull_requests=write" in warning
    file = runner.workplace.folder / ".prod-lens/report/comment.md"
    assert str(file.relative_to(runner.workplace.folder)) in warning
    assert file.read_text().startswith("<!-- prodlens:report")
    assert "110 lines added" in runner.summary
    assert (runner.comments, runner.outputs["comment-url"]) == ([], "")


@pytest.mark.parametrize("name", ["comment.md", "report.html"])
def test_a_link_in_the_place_of_a_report_or_comment(runner: Runner, name: str) -> None:
    """A link that a fork's checkout brought is named, the run ends with 2, and what it leads to stays as it is."""
    runner.server.world.comments.read_only = True
    folder = runner.workplace.folder
    (folder / "theirs").write_text("theirs")
    (folder / ".prod-lens/report").mkdir(parents=True)
    (folder / ".prod-lens/report" / name).symlink_to(folder / "theirs")
    done = runner.run_again("pull_request", event_of(NUMBER, head="mallory/hello"), f"refs/pull/{NUMBER}/merge")
    assert done.returncode == 2, done.log
    assert f"{name} is a link" in done.said("error")[0]
    assert (folder / "theirs").read_text() == "theirs"


def test_dependabot(runner: Runner) -> None:
    """Dependabot's run has a read-only token as well, and passes."""
    runner.server.world.comments.read_only = True
    done = runner.run("pull_request", event_of(13, sender="dependabot[bot]"), "refs/pull/13/merge")
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(done.said("warning")) == 1
    assert "ProdLens report" in runner.summary


def test_schedule_with_comment_issue(runner: Runner) -> None:
    """A run without a pull request puts its digest on the issue, in place the second time."""
    for since in ("2026-04-01", "2026-04-02"):
        done = runner.run("schedule", SCHEDULE, comment_issue="42", since=since)
        assert done.returncode == 0, done.stdout + done.stderr
    [comment] = runner.comments
    assert comment["issue"] == 42
    assert f"`{SLUG}`, 2026-04-02" in comment["body"]
    assert runner.outputs["comment-url"] == comment["html_url"]
    runner.comments.clear()
    assert runner.run("schedule", SCHEDULE).returncode == 0
    assert (runner.comments, runner.outputs["comment-url"]) == ([], "")


def test_workflow_run(runner: Runner) -> None:
    """After a fork's run the pull request is found by owner, branch and commit, never by what the run lists."""
    head = {
        "ref": "topic",
        "sha": "c" * 40,
        "user": {"login": "mallory"},
        "repo": {"full_name": "mallory/hello", "id": 2},
    }
    repository = runner.server.world.repositories[SLUG]
    repository.add_pulls([pull(30, state="open", merged_at=None, closed_at=None, head=head)])
    repository.pull_commits[30] = repository.pull_commits[NUMBER]
    run = {
        "event": "pull_request",
        "head_branch": "topic",
        "head_sha": "c" * 40,
        "head_repository": {"id": 2, "owner": {"login": "mallory"}},
        "pull_requests": [{"number": 1}],
    }
    payload = {"workflow_run": run, "repository": REPOSITORY}
    assert runner.run("workflow_run", payload).returncode == 0
    assert [comment["issue"] for comment in runner.comments] == [30]
    run["head_sha"] = "d" * 40
    done = runner.run("workflow_run", payload)
    assert done.returncode == 0
    assert len(runner.comments) == 1
    assert "No pull request has the head" in done.stdout


def test_several_repositories(runner: Runner) -> None:
    """Several repositories are one summary, one comment, and outputs that are totals."""
    other = Repository("octo/other")
    other.add_pulls([pull(1)])
    other.commits = [commit(0)]
    runner.server.world.repositories["octo/other"] = other
    done = runner.run("schedule", SCHEDULE, repository=f"{SLUG}\nocto/other", comment_issue="1")
    assert done.returncode == 0, done.stdout + done.stderr
    assert runner.summary.index(f"`{SLUG}`") < runner.summary.index("`octo/other`")
    [comment] = runner.comments
    assert "octo/other" in comment["body"]
    reports = json.loads((runner.workplace.folder / ".prod-lens/report/report.json").read_text())
    assert [report["metadata"]["repo"] for report in reports] == [SLUG, "octo/other"]
    assert runner.outputs["merged-prs"] == str(sum(report["pr_throughput"]["total_merged"] for report in reports))


def test_calls_that_name_no_repository_appear_once(runner: Runner) -> None:
    """With several repositories, calls that name none are a part of their own and counted once."""
    runner.server.world.repositories["octo/other"] = Repository("octo/other", commits=[commit(0)])
    runner.workplace.traces("t.jsonl")
    done = runner.run("schedule", SCHEDULE, repository=f"{SLUG}\nocto/other", trace_paths="t.jsonl")
    assert done.returncode == 0, done.stdout + done.stderr
    reports = json.loads((runner.workplace.folder / ".prod-lens/report/report.json").read_text())
    calls = {report["metadata"]["repo"]: report["ai_interaction_velocity"]["total_sessions"] for report in reports}
    assert calls == {SLUG: 0, "octo/other": 0, "no repository": 10}
    assert runner.outputs["sessions"] == "10"


def test_comment_over_the_limit(runner: Runner) -> None:
    """Figures that do not fit into a comment are cut with a notice; what was posted is within GitHub's limit."""
    slugs = [f"octo/r{number}" for number in range(30)]
    for slug in slugs:
        runner.server.world.repositories[slug] = Repository(slug, commits=[commit(0)])
    done = runner.run("schedule", SCHEDULE, repository="\n".join(slugs), comment_issue="1")
    assert done.returncode == 0, done.stdout + done.stderr
    [comment] = runner.comments
    assert 30_000 < len(comment["body"].encode()) <= 65_000
    assert "did not fit" in comment["body"]
    link = f"[The whole report, with charts]({runner.outputs['report-url']})"
    assert comment["body"].rstrip().endswith(f"</details>\n\n{link}")


def test_hostile_titles_names_and_models(runner: Runner) -> None:
    """What strangers wrote does nothing: no tag, mention, link, table cell or workflow command comes of it."""
    repository = runner.server.world.repositories[SLUG]
    repository.add_pulls([pull(NUMBER, title=HOSTILE, state="open", merged_at=None, closed_at=None, labels=[HOSTILE])])
    hostile: dict[str, Any] = {"llm.model_name": HOSTILE}
    runner.workplace.traces("t.jsonl", **hostile)
    payload = event_of(NUMBER)
    payload["pull_request"]["title"] = HOSTILE
    newest = datetime.now(UTC) - timedelta(days=30)
    done = runner.run("pull_request", payload, trace_paths="t.jsonl", anonymize="off", since=newest.date().isoformat())
    assert done.returncode == 0, done.stdout + done.stderr
    assert runner.outputs["sessions"] == "10"
    for page in (runner.comments[0]["body"], runner.summary):
        assert "<img" not in page
        assert "@octocat" not in page.replace("`", "")
        assert "](https://evil" not in page
    log = done.stdout + done.stderr
    assert not [line for line in log.splitlines() if line.strip().startswith(("::stop", "::error"))]
    assert "##[" not in log


def test_gate_failing(runner: Runner) -> None:
    """A condition that holds fails the job, with an annotation; comment, summary and outputs are written as ever."""
    done = runner.run("pull_request", event_of(NUMBER), fail_if="pr_throughput.total_merged >= 1\nerror_rate > 0.5")
    assert done.returncode == 1
    [error] = done.said("error")
    assert "pr_throughput.total_merged >= 1" in error
    assert runner.outputs["gate"] == "fail"
    assert (len(runner.comments), bool(runner.summary)) == (1, True)


def test_dry_run(runner: Runner) -> None:
    """A dry run writes nothing to GitHub and prints exactly what it would have written."""
    payload = event_of(NUMBER)
    dry = runner.run("pull_request", payload, dry_run="true")
    assert dry.returncode == 0, dry.stdout + dry.stderr
    assert (runner.comments, runner.host.artifacts) == ([], {})
    assert not [path for method, path, _ in runner.server.log if method != "GET" and path != "/graphql"]
    assert f"{SLUG}#{NUMBER}" in dry.stdout
    runner.run("pull_request", payload)
    begin = dry.stdout.index("<!-- prodlens:report")
    printed = dry.stdout[begin : dry.stdout.rindex("\n::")]
    posted, _, link = runner.comments[0]["body"].rstrip().rpartition("\n")
    assert _without_times(printed) == _without_times(posted.rstrip())
    assert runner.outputs["report-url"] in link  # an address that only an upload has


def _without_times(text: str) -> str:
    """Return the text without what two runs a moment apart say differently: the time of day, and ages in days."""
    lines = (line for line in text.splitlines() if not line.startswith(("| Open for |", "| report time |")))
    return re.sub(r"\d\d:\d\d(:\d\d(\.\d+)?)?|[\d.]+ (days|h|min) before", "TIME", "\n".join(lines))


def test_every_configuration_mistake(runner: Runner) -> None:
    """Every wrong input is an annotation of its own, all of them at once, and nothing is asked of GitHub."""
    wrong = {
        "repository": "not a slug",
        "since": "yesterday",
        "until": "1.1.2026",
        "timezone": "Mars/Olympus",
        "lag_days": "99",
        "history_days": "0",
        "trace_artifacts": "a/b",
        "cache_artifact": "cache:1",
        "cache_retention_days": "0",
        "keep_days": "forever",
        "holidays": "Christmas",
        "acceptance_target": "2",
        "diff_threshold": "x",
        "plan_cost_usd_per_month": "much",
        "comment": "sometimes",
        "comment_issue": "#1",
        "summary": "maybe",
        "fail_if": "error_rate is high",
        "github_budget": "0",
        "anonymize": "perhaps",
        "dry_run": "no",
    }
    done = runner.run("schedule", SCHEDULE, **wrong)
    assert done.returncode == 2
    errors = done.said("error")
    for name in wrong:
        assert any(line.startswith(f"::error::{name.replace('_', '-')}: ") for line in errors), name
    assert len(errors) == len(wrong)
    assert runner.server.log == []


def test_comment_off_and_an_unreadable_event(runner: Runner) -> None:
    """``off`` writes none; an event that cannot be read is about no pull request, and the report is still made."""
    assert runner.run("pull_request", event_of(NUMBER), comment="off").returncode == 0
    (runner.workplace.folder / "event.json").write_text("{")
    assert runner.run("pull_request", {}).returncode == 0
    assert runner.comments == []


def test_people_are_left_out_in_public_repositories(runner: Runner) -> None:
    """With ``auto`` and no key nobody is named; with a key pseudonyms are kept and the key is masked, never stored."""
    runner.workplace.traces("t.jsonl")
    database = runner.workplace.folder / ".prod-lens/cache.db"
    runner.run("schedule", SCHEDULE, trace_paths="t.jsonl")
    assert b"alice" not in database.read_bytes()
    done = runner.run("schedule", SCHEDULE, trace_paths="t.jsonl", anonymize_key="hush hush")
    assert "::add-mask::hush hush" in done.stdout
    made = [path for path in (runner.workplace.folder / ".prod-lens").rglob("*") if path.is_file()]
    assert [path for path in made if b"hush hush" in path.read_bytes()] == []
    assert [path for path in made if path.suffix != ".html" and b"alice" in path.read_bytes()] == []  # aliceblue
    private = {"schedule": "x", "repository": {**REPOSITORY, "private": True}}
    runner.run("schedule", private, trace_paths="t.jsonl")
    assert b"alice" in database.read_bytes()


def test_own_prices_reach_the_ledger_of_the_report(runner: Runner) -> None:
    """The input ``prices`` names a file whose prices go before the list; a path that is not there is named at once."""
    runner.workplace.traces("t.jsonl")
    (runner.workplace.folder / "prices.toml").write_text('[[price]]\nmodel = "*"\ninput = 1\noutput = 1\n')
    assert runner.run("schedule", SCHEDULE, trace_paths="t.jsonl", prices="prices.toml").returncode == 0
    with ProdLensStore(runner.workplace.folder / ".prod-lens/cache.db") as store:
        assert {row["cost_source"] for row in store.fetch_sessions()} == {"own-price"}
    done = runner.run("schedule", SCHEDULE, trace_paths="t.jsonl", prices="none.toml")
    assert done.returncode == 2
    assert "prices: no such file: none.toml" in done.stdout


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_files_belong_to_the_owner_of_the_workspace(runner: Runner) -> None:
    """What a run makes in the workspace is its owner's, not root's."""
    os.chown(runner.workplace.folder, 12_345, 12_345)
    assert runner.run("schedule", SCHEDULE).returncode == 0
    made = list((runner.workplace.folder / ".prod-lens").rglob("*"))
    assert made
    assert {path.stat().st_uid for path in made} == {12_345}
