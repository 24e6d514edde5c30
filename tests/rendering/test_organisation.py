"""What an organisation's report reads like."""

from __future__ import annotations

import copy
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from prodlens.organisation import Period, connected, organisation_report
from prodlens.rendering import render_csv, render_html, render_markdown, render_terminal
from tests.organisation.published import NOW, call, moment, publish, pull, repository
from tests.rendering.test_golden import compare

if TYPE_CHECKING:
    from pathlib import Path

PEOPLE = ("ann", "bea", "cem", "dan", "eva", "flo")


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Return the report of three repositories, one of which two people use, over a month and ten days."""
    calls = [
        call(day, who, cost, repository=name, tool=tool, latency_ms=900.0, pull_request=number)
        for day, cost in (("5-05", "2.5"), ("6-04", "1.25"))
        for name, tool, number in (("acme/api", "claude-code", 7), ("acme/web", "codex", None))
        for who in PEOPLE
    ]
    calls += [call("5-05", who, 50, repository="acme/new") for who in PEOPLE[:2]]
    pulls = [
        pull(n, "5-20", who, Decimal(n), repository=name, assisted=n % 2 == 0)
        for name, first in (("acme/api", 1), ("acme/web", 11))
        for n, who in enumerate(PEOPLE * 2, first)
    ]
    rows = [repository("acme/api", team="core"), repository("acme/web", team="core")]
    rows.append(repository("acme/new", last_call_at=None, missing=["<b>Langfuse</b> @everyone | failed"]))
    place = publish(tmp_path_factory.mktemp("place"), calls=calls, pull_requests=pulls, repositories=rows)
    period = Period(moment("5-01").date(), moment("6-11").date())
    return organisation_report(connected("duckdb"), str(place), period, now=NOW)


def test_summary(report: dict[str, Any], request: pytest.FixtureRequest) -> None:
    """The Markdown is its golden file: what is missing comes first."""
    compare("organisation.md", render_markdown(report), request)


def test_every_form_says_the_same(report: dict[str, Any]) -> None:
    """Page, terminal text and CSV have the cost and the problem; the terminal folds weeks and latencies away."""
    page, text, rows = render_html(report), render_terminal(report), render_csv(report)
    for form in (page, text):
        assert "$145" in form
        assert "no traces" in form
    assert "<b>Langfuse" not in page
    assert "Latency by model" in page
    assert "Latency by model" not in text
    assert ",cost.cost_usd,145.0\n" in rows


def test_long_tables_are_cut_and_say_so(report: dict[str, Any]) -> None:
    """Of 60 repositories 50 are on the page, and of their problems 15; the rest is in the files."""
    long = copy.deepcopy(report)
    long["cost"]["by_repository"]["rows"] *= 30
    long["repositories"]["attention"] *= 30
    rows, problems = len(long["cost"]["by_repository"]["rows"]), len(long["repositories"]["attention"])
    text = render_markdown(long)
    assert f"{rows - 50} more are in the CSV and JSON files." in text
    assert f"{problems - 15} more are in the CSV and JSON files." in text


def test_nothing_published_is_a_page(tmp_path: Path) -> None:
    """An empty report has every form, and the figures are not known."""
    period = Period(moment("5-01").date(), moment("6-01").date())
    empty = organisation_report(connected("duckdb"), str(tmp_path), period, now=NOW)
    assert "not known or withheld" in render_markdown(empty)
    assert "0 owners" in render_html(empty) + render_terminal(empty) + render_csv(empty)


def test_simulated_data_are_said(report: dict[str, Any]) -> None:
    """Simulated repositories are named as such before the first figure."""
    simulated = copy.deepcopy(report)
    simulated["metadata"]["simulated"] = True
    assert render_markdown(simulated).index("Simulated data") < render_markdown(simulated).index("Headline figures")
