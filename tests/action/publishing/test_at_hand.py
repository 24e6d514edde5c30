"""The pull request that a run is about: its figures, and when the comment on it stays unwritten."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from prodlens.action.publishing.at_hand import PullRequestAtHand, why_silent
from prodlens.action.publishing.pull_request import PullRequestFacts, Usage
from prodlens.action.settings import parse_settings
from prodlens.evidence import Evidence

NOW = datetime(2026, 5, 3, 10, tzinfo=UTC)
SETTINGS = parse_settings({}, NOW)
SIGNED = PullRequestFacts(number=7, evidence=frozenset({Evidence("Codex", "branch", "low")}))
PRICED = PullRequestFacts(number=7, usage=Usage(calls=2, cost_usd=1.5))
UNPRICED = PullRequestFacts(number=7, usage=Usage(calls=2, unpriced_calls=2))


@pytest.mark.parametrize("mode", ["auto", "changes", "always"])
@pytest.mark.parametrize(
    ("facts", "threshold", "reason"),
    [
        (PullRequestFacts(number=7), None, "neither a model call nor a sign of AI is known of it, and comment is auto"),
        (SIGNED, None, ""),
        (PRICED, None, ""),
        (PRICED, 1.5, ""),
        (PRICED, 1.51, "its known cost of $1.50 is below comment-threshold-usd ($1.51)"),
        (UNPRICED, 5.0, ""),
        (SIGNED, 5.0, "no model call is known of it, and comment-threshold-usd is $5.00"),
    ],
)
def test_why_no_comment_is_written(mode: str, facts: PullRequestFacts, threshold: float | None, reason: str) -> None:
    """``auto`` alone stays silent: where no AI work is known, and below the threshold; an unknown cost is not below."""
    settings = replace(SETTINGS, comment=mode, comment_threshold_usd=threshold)
    assert why_silent(settings, facts) == (reason if mode == "auto" else "")


def test_the_report_that_carries_its_figures() -> None:
    """The figures go to the report on its own repository, whatever its case, and to no other."""
    at_hand = PullRequestAtHand("Octo/Repo", replace(PRICED, evidence=frozenset({Evidence("", "trace", "high")})))
    mine, other = ({"metadata": {"repo": slug}} for slug in ("octo/repo", "octo/other"))
    assert at_hand.report_of([other, mine]) is mine
    assert at_hand.report_of([other]) is None
    assert at_hand.figures() == {
        "number": 7,
        "sessions": 2,
        "total_tokens": 0,
        "cost_usd": 1.5,
        "unpriced_sessions": 0,
        "evidence": [{"tool": None, "kind": "trace", "confidence": "high"}],
    }
