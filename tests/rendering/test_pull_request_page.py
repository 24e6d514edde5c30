"""One pull request in a terminal."""

from __future__ import annotations

from typing import Any

import pytest

from prodlens.rendering import render_pull_request

FACTS: dict[str, Any] = {
    "repo": "acme/web",
    "number": 7,
    "title": "Add \x1b[31mit",
    "author": "ada",
    "state": "merged",
    "branch": "feature",
    "sessions": 3,
    "cost_usd": 3.0,
    "unpriced_sessions": 1,
    "models": [
        {"model": "claude-sonnet-4-5", "sessions": 2, "total_tokens": 1230, "cost_usd": 3.0},
        {"model": None, "sessions": 1, "total_tokens": 5, "cost_usd": None},
    ],
    "evidence": [
        {"kind": "trailer", "tool": "Claude Code", "model": None, "confidence": "high", "rests_on": "Co-authored-by: x"}
    ],
    "timeline": [
        {"what": "opened", "at": "2026-05-02T12:00:00+00:00"},
        {"what": "merged", "at": "2026-05-04T12:30:00+00:00"},
    ],
}
NOTHING: dict[str, Any] = {"sessions": 0, "cost_usd": None, "unpriced_sessions": 0, "models": [], "evidence": []}


def test_cost_signs_and_timeline() -> None:
    """The page says what it cost by model, what each sign rests on, and when what happened; nothing in it is obeyed."""
    assert render_pull_request(FACTS).splitlines() == [
        "ProdLens report: acme/web, pull request 7",
        "=========================================",
        "Add [31mit; by ada; from feature; merged",
        "",
        "What it cost",
        "------------",
        "Model calls: 3, for $3.00.",
        "Calls without a known price, which are not included: 1.",
        "",
        "Model                Calls    Tokens            Cost",
        "-----------------  -------  --------  --------------",
        "claude-sonnet-4-5        2     1,230           $3.00",
        "no model named           1         5  no known price",
        "",
        "",
        "Signs of AI",
        "-----------",
        "",
        "Sign     Tool         Confidence    Rests on",
        "-------  -----------  ------------  -----------------",
        "trailer  Claude Code  high          Co-authored-by: x",
        "",
        "",
        "What happened when (UTC)",
        "------------------------",
        "",
        "Time              Event",
        "----------------  -------",
        "2026-05-02 12:00  opened",
        "2026-05-04 12:30  merged",
    ]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (NOTHING, "No model call is known to belong to it."),
        (NOTHING, "No sign of any is known, which proves nothing: most tools leave none."),
        ({"cost_usd": None, "unpriced_sessions": 3}, "Model calls: 3, their cost is not known."),
        ({"state": None, "title": None}, "It is not stored: calls name it, and no sync has read it."),
        ({"title": None, "author": None, "branch": None, "state": "open"}, "open"),
    ],
)
def test_what_is_not_known_is_said(changes: dict[str, Any], sentence: str) -> None:
    """Without calls, signs, prices or a sync there is a sentence in their place."""
    assert sentence in render_pull_request({**FACTS, **changes}, width=80).splitlines()
