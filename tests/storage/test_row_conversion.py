"""From what a caller gives to the row that is stored: everything said, nothing said, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from prodlens.schemas import CanonicalTrace, call_hash
from prodlens.storage.row_conversion import (
    COMMIT_COLUMNS,
    SESSION_COLUMNS,
    RecordError,
    commit_row,
    json_text,
    pull_request_row,
    session_row,
)

EVERYTHING: dict[str, Any] = {
    "session_id": 7,
    "developer_id": "ada",
    "timestamp": "2026-05-01T23:30:00-02:00",
    "model": "gpt-4o",
    "tokens_in": 1000.0,
    "tokens_out": "50",
    "latency_ms": "12.5",
    "status_code": "200",
    "accepted_flag": 1,
    "repo_slug": "Acme/Web",
    "diff_ratio": "0.5",
    "accepted_lines": 3,
    "cost_usd": "0.25",
    "cost_source": "recorded",
    "provider": "openai",
    "cache_read_tokens": 100,
    "cache_write_tokens": 20,
    "cache_write_1h_tokens": 10,
    "reasoning_tokens": 5,
    "status_reason": "ok",
    "decision": "accept",
    "source": "litellm",
    "call_id": "msg_1",
    "partial": 1,
    "cost_is_final": 1,
    "branch": "feature",
    "pull_request": "12",
    "price_modifier": "flex",
    "web_searches": 2,
    "time_is_estimated": 1,
    "price_caveat": "maker's price",
    "commit_sha": "c" * 40,
    "origin": "desk",
}


def test_everything_that_a_call_says() -> None:
    """Text becomes numbers, times become UTC with their day, flags become 0 and 1, a repository its one spelling."""
    assert session_row(EVERYTHING) == EVERYTHING | {
        "session_id": "7",
        "timestamp": "2026-05-02T01:30:00+00:00",
        "event_date": "2026-05-02",
        "tokens_in": 1000,
        "tokens_out": 50,
        "total_tokens": 1050,
        "latency_ms": 12.5,
        "status_code": 200,
        "repo_slug": "acme/web",
        "diff_ratio": 0.5,
        "acceptance_known": 1,
        "cost_usd": 0.25,
        "pull_request": 12,
        "trace_hash": call_hash("msg_1"),
    }


def test_a_trace_has_its_repository_in_the_one_spelling() -> None:
    """What a format gives is stored as it is, but for the case of a repository's name."""
    at = datetime(2026, 5, 1, tzinfo=UTC)
    trace = CanonicalTrace("s", "ada", at, "m", 1, 2, 3.0, 200, accepted_flag=True, repo_slug="Acme/Web")
    assert session_row(trace) == trace.to_record() | {"repo_slug": "acme/web"}
    assert session_row(replace(trace, repo_slug=None))["repo_slug"] is None


def test_a_call_of_which_nothing_is_known() -> None:
    """Every column is there, counts and flags are 0, and everything else is null, a latency of 0 too."""
    row = session_row({"timestamp": datetime(2026, 5, 1, tzinfo=UTC), "latency_ms": 0, "repo": "acme/web"})
    assert set(row) == set(SESSION_COLUMNS)
    known = {name: value for name, value in row.items() if value is not None}
    assert len(known.pop("trace_hash")) == 32
    assert known == {
        "timestamp": "2026-05-01T00:00:00+00:00",
        "event_date": "2026-05-01",
        "tokens_in": 0,
        "tokens_out": 0,
        "total_tokens": 0,
        "accepted_flag": 0,
        "acceptance_known": 0,
        "partial": 0,
        "cost_is_final": 0,
        "time_is_estimated": 0,
    }


@pytest.mark.parametrize(
    ("given", "tokens"),
    [
        ({"total_tokens": 10}, (10, 0, 10)),
        ({"total_tokens": 10, "tokens_in": 4}, (4, 6, 10)),
        ({"total_tokens": 10, "tokens_out": 4}, (6, 4, 10)),
        ({"total_tokens": 10, "tokens_out": 40}, (0, 40, 40)),
        ({"total_tokens": 10, "tokens_in": 40}, (40, 0, 40)),
        ({"total_tokens": 90, "tokens_in": 4, "tokens_out": 5}, (4, 5, 90)),
        ({"total_tokens": 1, "tokens_in": 4, "tokens_out": 5}, (4, 5, 9)),
        ({"tokens_in": -4, "tokens_out": -5}, (0, 0, 0)),
        ({"tokens_in": 7}, (7, 0, 7)),
        ({"tokens_out": 7}, (0, 7, 7)),
    ],
)
def test_tokens_that_are_not_given_follow_from_the_others(given: dict[str, int], tokens: tuple[int, int, int]) -> None:
    """The total less the one part is the other; a larger total stands, and nothing is below zero."""
    row = session_row({"timestamp": "2026-05-01T00:00:00Z", **given})
    assert (row["tokens_in"], row["tokens_out"], row["total_tokens"]) == tokens


@pytest.mark.parametrize(
    ("given", "flags"),
    [
        ({}, (0, 0)),
        ({"accepted_flag": False}, (1, 0)),
        ({"accepted_flag": True}, (1, 1)),
        ({"accepted_flag": None}, (0, 0)),
        ({"accepted_flag": True, "acceptance_known": False}, (0, 1)),
        ({"acceptance_known": 1}, (1, 0)),
    ],
)
def test_acceptance_is_known_where_a_flag_is_given(given: dict[str, Any], flags: tuple[int, int]) -> None:
    """Unless the mapping says otherwise."""
    row = session_row({"timestamp": "2026-05-01T00:00:00Z", **given})
    assert (row["acceptance_known"], row["accepted_flag"]) == flags


def test_everything_that_a_pull_request_says() -> None:
    """Moments become UTC, lists JSON, flags 0 and 1; text and numbers are stored as they are given."""
    given: dict[str, Any] = {
        "id": 1,
        "repo": "Acme/Web",
        "number": 7,
        "title": "Add it",
        "author": "ada",
        "state": "open",
        "draft": True,
        "created_at": datetime(2026, 5, 1, tzinfo=UTC),
        "updated_at": "2026-05-02T00:00:00+02:00",
        "reopened": False,
        "labels": ["a", "b"],
        "truncated": '{"commits": 1}',
        "reverts": 3,
    }
    row = pull_request_row(given)
    known = {name: value for name, value in row.items() if value is not None}
    del given["repo"]
    assert known == given | {
        "repo_slug": "acme/web",
        "draft": 1,
        "created_at": "2026-05-01T00:00:00+00:00",
        "updated_at": "2026-05-01T22:00:00+00:00",
        "reopened": 0,
        "labels": '["a","b"]',
    }
    assert row["reopened_at"] is row["merged_at"] is None


@pytest.mark.parametrize(
    ("given", "state"),
    [
        ({}, "open"),
        ({"closed_at": "2026-05-02T00:00:00Z"}, "closed"),
        ({"merged_at": "2026-05-02T00:00:00Z"}, "closed"),
        ({"state": "open", "closed_at": "2026-05-02T00:00:00Z"}, "open"),
    ],
)
def test_the_state_follows_from_the_times(given: dict[str, Any], state: str) -> None:
    """Where it is not given, what was closed or merged is closed."""
    row = pull_request_row({"id": 1, "created_at": "2026-05-01T00:00:00Z", **given})
    assert (row["state"], row["reopened"], row["repo_slug"]) == (state, None, None)
    named = pull_request_row({"id": 1, "created_at": "2026-05-01T00:00:00Z", "repo_slug": "A/B", "repo": "c/d"})
    assert named["repo_slug"] == "a/b"


def test_a_pull_request_from_git_was_opened_nobody_knows_when() -> None:
    """A negative id and a merge stand for the opening; one alone does not."""
    merged = {"merged_at": "2026-05-02T00:00:00Z"}
    assert pull_request_row({"id": -7, **merged})["created_at"] is None
    for given in ({"id": -7}, {"id": 7, **merged}, {"id": 0, **merged}, {"id": "-7", **merged}, {"id": None, **merged}):
        with pytest.raises(RecordError, match=rf"without a readable id and created_at: {given['id']!r}$"):
            pull_request_row(given)
    with pytest.raises(RecordError, match="created_at: None"):
        pull_request_row({"created_at": "2026-05-01T00:00:00Z"})
    with pytest.raises(RecordError, match="created_at: 1"):
        pull_request_row({"id": 1, "created_at": "soon"})


def test_everything_that_a_commit_says() -> None:
    """Flags become 0 and 1, lists JSON, the moment UTC; what is not said is null."""
    given = {"sha": "a", "repo": "Acme/Web", "author": "Ada", "author_is_login": True, "branch": "main", "parents": 2}
    marks = {"timestamp": "2026-05-01T02:00:00+02:00", "trailers": [["a", "b"]], "from_github": 1, "reverts": ["c"]}
    assert commit_row(given | marks) == {
        "sha": "a",
        "repo_slug": "acme/web",
        "author": "Ada",
        "author_is_login": 1,
        "timestamp": "2026-05-01T00:00:00+00:00",
        "branch": "main",
        "parents": 2,
        "trailers": '[["a","b"]]',
        "from_github": 1,
        "reverts": '["c"]',
    }
    bare = commit_row({"sha": "a", "timestamp": "2026-05-01T00:00:00Z", "repo_slug": "a/b", "repo": "c/d"})
    assert set(bare) == set(COMMIT_COLUMNS)
    assert {name: value for name, value in bare.items() if value is not None} == {
        "sha": "a",
        "timestamp": "2026-05-01T00:00:00+00:00",
        "repo_slug": "a/b",
        "author_is_login": 0,
        "from_github": 0,
    }
    for wrong in ({"sha": "", "timestamp": "2026-05-01T00:00:00Z"}, {"sha": "x"}, {"sha": "x", "timestamp": "soon"}):
        with pytest.raises(RecordError, match=rf"^commit without a sha and a readable timestamp: '{wrong['sha']}'$"):
            commit_row(wrong)


def test_json_is_stored_as_text() -> None:
    """Text is taken as JSON already, None stays None, and what JSON has no form for is written as its text."""
    assert [json_text(value) for value in (None, "[1", [1, "é"], {"a": date(2026, 5, 1), "b": Decimal("1.5")})] == [
        None,
        "[1",
        '[1,"é"]',
        '{"a":"2026-05-01","b":"1.5"}',
    ]


def test_a_call_without_a_time_is_refused() -> None:
    """The message names what was given."""
    with pytest.raises(RecordError, match=r"^session without a readable timestamp: 'soon'$"):
        session_row({"timestamp": "soon"})
    with pytest.raises(RecordError, match=r"^session without a readable timestamp: None$"):
        session_row({})
