"""Merged pull requests that git tells of: stored, figured with, and replaced by GitHub's."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from prodlens.aggregation import DailyAggregator
from prodlens.github_etl import GithubETL, take_commits_from_clone
from prodlens.metrics import ReportGenerator
from prodlens.rendering import render_markdown
from prodlens.storage import ProdLensStore
from tests.commits.test_git_history import git
from tests.github_etl.test_sync import TOKEN, Session
from tests.github_server.server import GithubServer
from tests.github_server.small import SLUG, small_world
from tests.metrics.situations import validator

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SINCE = datetime(2026, 1, 1, tzinfo=UTC)
HOSTILE = "<img src=x onerror=alert(1)> @octocat `|` [x](https://evil.example) ::error::x"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ProdLensStore]:
    """Open a new store."""
    with ProdLensStore(tmp_path / "cache.db") as opened:
        yield opened


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """Make a clone with a merge of two commits, one of them signed, a fork's merge and two squashes."""
    folder = tmp_path / "clone"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    commit(folder, "First")
    merge(folder, 3, "octo/topic", "Add work", "Work\n\nCo-authored-by: Claude <noreply@anthropic.com>", "More")
    merge(folder, 4, "eve/main", HOSTILE, "Forked")
    commit(folder, "Squashed (#5)")
    commit(folder, 'Revert "Add work" (#6)')
    return folder


def commit(folder: Path, message: str) -> None:
    """Commit nothing but a message."""
    git(folder, "commit", "-q", "--allow-empty", "-m", message)


def merge(folder: Path, number: int, source: str, title: str, *messages: str) -> None:
    """Merge a pull request with these commits."""
    git(folder, "checkout", "-q", "-b", f"topic-{number}")
    for message in messages:
        commit(folder, message)
    git(folder, "checkout", "-q", "main")
    subject = f"Merge pull request #{number} from {source}\n\n{title}"
    git(folder, "merge", "-q", "--no-ff", "-m", subject, f"topic-{number}")


def take(store: ProdLensStore, clone: Path, since: datetime = SINCE) -> bool:
    """Read the clone as an offline run does; returns whether git told of pull requests."""
    return take_commits_from_clone(store, clone, SLUG, since=since, pull_requests=True).has_pull_requests


def numbers(store: ProdLensStore) -> list[int]:
    """Return the numbers of the stored pull requests."""
    return sorted(row["number"] for row in store.fetch_pull_requests())


def report_of(store: ProdLensStore) -> dict[str, Any]:
    """Report on the repository."""
    report = ReportGenerator(store).generate_report(repo=SLUG, since=datetime(2026, 4, 20, tzinfo=UTC))
    validator().validate(report)
    return report


def test_what_git_tells_of_is_stored_without_an_opening(store: ProdLensStore, clone: Path) -> None:
    """Number, title, branch and merge are known, the opening is not; a fork's branch is a fork's."""
    assert take(store, clone)
    rows = {row["number"]: row for row in store.fetch_pull_requests()}
    assert sorted(rows) == [3, 4, 5, 6]
    assert all(row["id"] < 0 and row["created_at"] is None and row["state"] == "closed" for row in rows.values())
    at = "2026-05-01T08:00:00+00:00"
    assert {(row["merged_at"], row["closed_at"], row["base_ref"]) for row in rows.values()} == {(at, at, "main")}
    assert (rows[3]["title"], rows[3]["head_ref"], rows[3]["head_repo"]) == ("Add work", "topic", SLUG)
    assert (rows[4]["head_ref"], rows[4]["head_repo"]) == ("main", "eve/hello")
    assert (rows[5]["head_ref"], rows[5]["head_repo"], rows[5]["commit_count"]) == (None, None, None)
    commits = store.conn.execute("SELECT pull_request_id, count(*) FROM pull_request_commits GROUP BY 1")
    assert dict(map(tuple, commits)) == {rows[3]["id"]: 2, rows[4]["id"]: 1}


def test_a_second_reading_tells_the_same_and_a_rewritten_history_otherwise(store: ProdLensStore, clone: Path) -> None:
    """Nothing is doubled; what the branch no longer says is gone; what is older than a reading stays."""
    take(store, clone)
    before = store.fetch_pull_requests()
    assert take(store, clone)
    assert store.fetch_pull_requests() == before
    assert take(store, clone, datetime(2026, 5, 2, tzinfo=UTC))
    git(clone, "reset", "-q", "--hard", "HEAD~1")
    assert take(store, clone, datetime(2026, 5, 2, tzinfo=UTC))
    assert numbers(store) == [3, 4, 5, 6]
    assert take(store, clone)
    assert numbers(store) == [3, 4, 5]


def test_commits_alone_are_no_reading_of_pull_requests(store: ProdLensStore, clone: Path) -> None:
    """Where GitHub tells of pull requests the clone gives commits alone, and tells of the rest once it is asked."""
    assert not take_commits_from_clone(store, clone, SLUG, since=SINCE).has_pull_requests
    assert numbers(store) == []
    assert take(store, clone)
    assert numbers(store) == [3, 4, 5, 6]


def test_github_goes_before_git(store: ProdLensStore, clone: Path) -> None:
    """A number that GitHub told of is left as it is, and a sync takes the place of everything that git told of."""
    store.insert_pull_requests(
        [{"id": 77, "number": 4, "repo_slug": SLUG, "title": "GitHub's", "created_at": "2026-04-01", "state": "open"}]
    )
    take(store, clone)
    assert numbers(store) == [3, 4, 5, 6]
    assert [row["title"] for row in store.fetch_pull_requests() if row["number"] == 4] == ["GitHub's"]
    with GithubServer(small_world()) as server:
        urls: dict[str, Any] = {"api_url": server.url, "graphql_url": server.graphql_url}
        etl = GithubETL(store, Session(), **urls)  # type: ignore[arg-type]  # get and post are enough
        etl.sync_pull_requests(*SLUG.split("/"), token=TOKEN)
    rows = [row for row in store.fetch_pull_requests() if row["number"] != 4]
    assert min(row["id"] for row in rows) > 0
    assert all(row["created_at"] for row in rows)
    orphans = "SELECT count(*) FROM pull_request_commits WHERE pull_request_id NOT IN (SELECT id FROM pull_requests)"
    assert store.conn.execute(orphans).fetchone()[0] == 0


def test_a_report_on_a_clone_alone(store: ProdLensStore, clone: Path) -> None:
    """Throughput, lead time, evidence and cost are there; what needs an opening or a reopening is not known."""
    take(store, clone)
    call = {"timestamp": "2026-04-30T10:00:00Z", "repo_slug": SLUG, "branch": "topic", "cost_usd": 2.0}
    store.insert_sessions([call | {"trace_hash": "1"}])
    report = report_of(store)
    assert report["pr_throughput"]["total_merged"] == 4
    assert (report["pr_merge_time_hours"], report["rework_rate"], report["merge_time"]["opened"]) == ([], None, 0)
    assert report["lead_time"] == {
        "merged": 4,
        "with_first_commit": 2,
        "median_hours": 0.0,
        "interval": None,
        "read_from_git": 4,
    }
    costs = report["pull_request_costs"]
    assert [(row["number"], row["cost_usd"], row["state"]) for row in costs["pull_requests"]] == [(3, 2.0, "merged")]
    assert costs["reverted"]["pull_requests"] == 1
    assert report["ai_share"]["merged_pull_requests"]["total"] == 4
    assert report["coverage"]["active_pull_request_authors"] == 1
    text = render_markdown([report])
    assert "4 read from git" in text
    assert "Merged pull requests read from git alone" in text
    assert "<img" not in text
    day = DailyAggregator(store).aggregate_github()["2026-05-01"]
    assert (day["merged_pr_count"], day["avg_merge_hours"], day["reopened_pr_count"]) == (4, None, 0)
    frame = store.pull_requests_dataframe()
    assert (len(frame), int(frame["created_at"].isna().sum())) == (4, 4)
    assert str(frame["created_at"].dtype) == "datetime64[ns, UTC]"
