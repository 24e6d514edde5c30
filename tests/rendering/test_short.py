"""In short: the sentences that stand first are chosen by the numbers."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import pytest

from prodlens.metrics import check_gates, gate_rows, parse_gates
from prodlens.rendering import render_html, render_markdown, render_terminal
from prodlens.rendering.short_section import short_section
from tests.metrics.situations import validator

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Reports = Mapping[str, list[dict[str, Any]]]


def changed(report: dict[str, Any], change: Callable[[dict[str, Any]], Any]) -> tuple[str, ...]:
    """Return the sentences on a report in which something is changed."""
    other = copy.deepcopy(report)
    other["metadata"]["simulated"] = False
    change(other)
    return short_section(other).sentences


def test_cost_change_and_price_of_a_pull_request_stand_first(reports: Reports) -> None:
    """A full report says what it cost, against the period before, what a pull request costs, and what has no price."""
    assert short_section(reports["rich"][0]).sentences == (
        (
            "1,602 model calls cost $59.82, 1.35 times the $44.17 of the period before (95% CI 0.89 to 2.07), within "
            "the usual ups and downs."
        ),
        "That is $1.22 for each of 49 merged pull requests, all calls counted.",
        "49 calls of 1,602 have no known price and are in no cost.",
    )


def test_an_empty_report_says_that_nothing_was_traced(reports: Reports) -> None:
    """Without calls the one sentence says so."""
    assert short_section(reports["empty"][0]).sentences == ("No model calls were traced in this period.",)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (
            lambda report: report["data_quality"]["traces"].update(age_days=148.2),
            "The newest trace is 148 days older than this report: what came since is in no figure.",
        ),
        (
            lambda report: report["data_quality"]["sync"].update(partial=True),
            "Pull requests and commits are partial: the sync with GitHub stopped early.",
        ),
        (
            lambda report: report["coverage"].update(share_seen=1 / 6, seen_in_traces=1, active_people=6),
            "Only 1 of 6 people who worked on the repository is seen in the traces.",
        ),
        (
            lambda report: report["coverage"].update(share_seen=1 / 3, seen_in_traces=2, active_people=6),
            "Only 2 of 6 people who worked on the repository are seen in the traces.",
        ),
        (
            lambda report: report["coverage"].update(share_seen=0, seen_in_traces=0, active_people=6),
            "None of the 6 people who worked on the repository is seen in the traces.",
        ),
        (
            lambda report: report["coverage"].update(share_seen=0, seen_in_traces=0, active_people=1),
            "The one person who worked on the repository is not seen in the traces.",
        ),
        (
            lambda report: report["ai_share"]["commits"].update(total=229, with_evidence=90, share=90 / 229),
            "At least 90 of 229 commits (39.3%) carry a sign of AI.",
        ),
        (
            lambda report: report["cost_metrics"].update(total_session_cost_usd=None),
            "1,602 model calls, of which none has a known price.",
        ),
        (
            lambda report: report["pull_request_costs"]["merged"].update(
                median_usd=0.8, with_cost=31, median_interval={"low": 0.5, "high": 1.25, "level": 0.95}
            ),
            "A merged pull request cost $0.80 (median of 31 with a known cost; 95% CI $0.50 to $1.25).",
        ),
    ],
)
def test_sentences_follow_the_numbers(reports: Reports, change: Callable[[Any], Any], sentence: str) -> None:
    """What is stale, partial, seen of few, signed or unpriced is told where it is so, in at most five sentences."""
    rich = reports["rich"][0]
    assert sentence not in short_section(rich).sentences
    sentences = changed(rich, change)
    assert sentence in sentences
    assert len(sentences) <= 5


def test_doubts_are_never_left_out(reports: Reports) -> None:
    """Where everything is doubtful, every doubt is told, and the cost before them."""

    def spoil(report: dict[str, Any]) -> None:
        report["data_quality"]["traces"]["age_days"] = 30.0
        report["data_quality"]["sync"]["partial"] = True
        report["coverage"] |= {"share_seen": 0.1}

    sentences = changed(reports["rich"][0], spoil)
    assert len(sentences) == 5
    assert "cost $59.82" in sentences[0]
    assert [sentence.split()[0] for sentence in sentences[1:]] == ["The", "Pull", "49", "Only"]


def test_it_is_the_first_section_of_every_form(reports: Reports) -> None:
    """In every form the sentences stand before the coverage and every figure."""
    rich = reports["rich"]
    for text in (
        render_markdown(rich),
        render_markdown(rich, kind="comment"),
        render_terminal(rich),
        render_html(rich),
    ):
        assert 0 < text.index("In short") < text.index("What this covers")


def test_old_data_is_a_notice(reports: Reports) -> None:
    """Traces that end more than two weeks before the report are warned of on top, unless they are simulated."""
    old = copy.deepcopy(reports["rich"][0])
    old["data_quality"]["traces"]["age_days"] = 148.2
    assert "Old data" not in render_markdown(old)
    old["metadata"]["simulated"] = False
    assert "> **Note:** Old data: the newest trace is 148 days older than this report." in render_markdown(old)
    old["data_quality"]["traces"]["age_days"] = 13.9
    assert "Old data" not in render_markdown(old)


def test_the_verdict_of_gates_stands_above_everything(reports: Reports) -> None:
    """What a run held against a report is its first notice: the failed conditions with their figures, or a pass."""
    gated = copy.deepcopy(reports["rich"][0])
    gates = parse_gates(["error_rate > 0.02", "rework_rate > 0.5"])
    gated["gates"] = gate_rows(check_gates(gates, gated))
    validator().validate(gated)
    page = render_markdown(gated)
    assert "> **Note:** Gate failed: error&#95;rate &#62; 0.02 (it is 0.024)." in page
    assert page.index("Gate failed") < page.index("Simulated data") < page.index("In short")
    gated["gates"] = gate_rows(check_gates(gates[1:], gated))
    assert "Gate passed: 1 condition checked." in render_terminal(gated)
