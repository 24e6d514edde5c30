"""One pull request by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prodlens.metrics import described_pull_request
from tests.metrics.situations import REPO, at, call, commit, pull

if TYPE_CHECKING:
    from prodlens.storage import ProdLensStore

BY_CLAUDE = '[["Co-authored-by", "Claude Opus 4.5 <noreply@anthropic.com>"]]'


def test_what_is_stored_of_a_pull_request(store: ProdLensStore) -> None:
    """Its calls by model under one name, the signs without that of its calls, and what happened in order of time."""
    store.insert_pull_requests(
        [
            pull(
                7, "5-02", "5-04", title="Add it", author="ada", head_ref="feature", base_ref="main",
                first_review_at=at("5-03"), merge_commit_sha="m7",
            )
        ]
    )  # fmt: skip
    store.insert_commits([commit("r", "5-06", reverts=["m7"]), commit("m7", "5-04", trailers=BY_CLAUDE)])
    with store.transaction() as conn:
        for sha, when in (("a", "5-01"), ("b", "5-03 18:00")):
            conn.execute(
                "INSERT INTO pull_request_commits VALUES (7, ?, 'ada', 1, ?, NULL)", (sha, at(when).isoformat())
            )
    store.insert_sessions(
        [
            call("5-01 09:00", branch="feature", model="claude-sonnet-4-5", cost_usd=1.0, total_tokens=10),
            call("5-03 09:00", pull_request=7, model="anthropic/claude-sonnet-4-5", cost_usd=2.0, total_tokens=20),
            call("5-02 09:00", pull_request=7, total_tokens=5),
            call("5-05 09:00", branch="feature", model="other", cost_usd=50.0),
        ]
    )
    found = described_pull_request(store.conn, REPO.upper(), 7)
    assert found is not None
    timeline, evidence = found.pop("timeline"), found.pop("evidence")
    assert found == {
        "repo": REPO,
        "number": 7,
        "title": "Add it",
        "author": "ada",
        "state": "merged",
        "branch": "feature",
        "sessions": 3,
        "cost_usd": 3.0,
        "unpriced_sessions": 1,
        "models": [
            {"model": "claude-sonnet-4-5", "sessions": 2, "total_tokens": 30, "cost_usd": 3.0},
            {"model": None, "sessions": 1, "total_tokens": 5, "cost_usd": None},
        ],
    }
    assert [(sign["kind"], sign["tool"], sign["confidence"]) for sign in evidence] == [
        ("trailer", "Claude Code", "high")
    ]
    assert [(event["at"][5:16], event["what"]) for event in timeline] == [
        ("05-01T09:00", "first model call"),
        ("05-01T12:00", "first commit"),
        ("05-02T12:00", "opened"),
        ("05-03T09:00", "last model call"),
        ("05-03T12:00", "first review"),
        ("05-03T18:00", "last commit"),
        ("05-04T12:00", "merged"),
        ("05-06T12:00", "reverted"),
    ]


def test_a_pull_request_without_calls_and_calls_without_a_pull_request(store: ProdLensStore) -> None:
    """Either is enough to be known; what is not known of it is null or left out."""
    store.insert_pull_requests([pull(7, "5-02", state="closed", closed_at=at("5-03"), head_ref="x", base_ref="main")])
    store.insert_sessions([call("5-01", pull_request=8, cost_usd=1.7e308) for _ in range(2)])
    closed, named = described_pull_request(store.conn, REPO, 7), described_pull_request(store.conn, REPO, 8)
    assert closed is not None
    assert named is not None
    assert (closed["state"], closed["sessions"], closed["cost_usd"], closed["models"]) == ("closed", 0, None, [])
    assert [event["what"] for event in closed["timeline"]] == ["opened", "closed"]
    assert (named["state"], named["title"], named["sessions"], named["cost_usd"]) == (None, None, 2, None)
    assert [event["what"] for event in named["timeline"]] == ["first model call", "last model call"]
    assert described_pull_request(store.conn, REPO, 9) is None


def test_calls_by_person_count_where_they_are_asked_for(store: ProdLensStore) -> None:
    """A call without a key goes to the only pull request that its person had open, under any of their names."""
    store.insert_pull_requests([pull(7, "5-02", "5-04", author="ada", head_ref="x", base_ref="main")])
    store.insert_sessions([call("5-03", developer_id="ada@example.org", cost_usd=1.0)])
    without = described_pull_request(store.conn, REPO, 7)
    found = described_pull_request(store.conn, REPO, 7, by_person=True, people={"ada@example.org": "ada"})
    assert without is not None
    assert found is not None
    assert (without["sessions"], found["sessions"]) == (0, 1)
