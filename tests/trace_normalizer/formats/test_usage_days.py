"""What vendors report a day at a time; expected values are read off the bundled files by eye."""

from __future__ import annotations

import csv
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from prodlens import normalize_records
from prodlens.schemas import UsageDay
from prodlens.trace_normalizer.formats import Skipped, Unusable, recognise
from prodlens.trace_normalizer.formats.vendor_values import dollars, moment_of
from tests.trace_files import FOLDER, read_items, records
from tests.trace_project import TraceProject

if TYPE_CHECKING:
    from pathlib import Path


def days(name: str) -> list[UsageDay]:
    """Return the usage days of a bundled file."""
    given = rows(name) if name.endswith(".csv") else records(name)
    return [item for item in read_items(given) if isinstance(item, UsageDay)]


def rows(name: str) -> list[dict[str, Any]]:
    """Return the rows of a bundled CSV file."""
    with (FOLDER / name).open(newline="", encoding="utf-8") as file:
        return [*csv.DictReader(file)]


def money(day: UsageDay) -> tuple[float | None, float | None]:
    """Return what a day is worth and what is billed for it."""
    return day.gross_usd, day.net_usd


def test_copilot_ai_usage() -> None:
    """Input is without the cache; gross is worth, net is bill; a bare repository belongs to the organization."""
    first, _, agent, other = days("copilot_ai_usage.csv")
    assert (first.day, first.person, first.model) == (date(2026, 6, 1), "octocat", "Claude Sonnet 4.5")
    assert (first.tokens_in, first.tokens_out) == (180620, 590)
    assert (first.cache_read_tokens, first.cache_write_tokens) == (175000, 4200)
    assert (first.quantity, first.unit, money(first)) == (21.36, "ai-credits", (0.2136, 0.0))
    assert (agent.repo_slug, other.repo_slug, first.repo_slug) == ("acme/web", "acme/api", None)
    assert money(agent) == (1.5, 1.0)


def test_copilot_premium_requests_stay_apart_from_credits() -> None:
    """A month of both units has rows of both, of two sources, each with a key of its own."""
    first, second, *_ = days("copilot_ai_usage.csv")
    assert (first.source, second.source) == ("copilot-ai-usage", "copilot-premium-requests")
    assert first.key != second.key
    old, review = days("copilot_premium_requests.csv")
    assert (old.quantity, old.unit, old.tokens_in, money(old)) == (3.0, "requests", None, (0.12, 0.0))
    assert (review.model, money(review)) == ("Code Review model", (0.06, 0.06))


def test_a_row_that_names_nobody_is_a_usage_day(tmp_path: Path) -> None:
    """A row of the billing report without a user, such as that of an agent, counts as nobody's."""
    with TraceProject(tmp_path) as project:
        project.ingest((FOLDER / "copilot_ai_usage.csv").read_bytes().replace(b"hubot", b""), "usage.csv")
        found = project.store.conn.execute("SELECT person, gross_usd FROM usage_days WHERE gross_usd = 1.5")
        assert [tuple(row) for row in found] == [(None, 1.5)]


def test_a_later_row_of_the_same_sum_has_its_key() -> None:
    """Quantity and amounts are not part of the identity; date, unit, model, person, repository and payer are."""
    row = rows("copilot_ai_usage.csv")[0]

    def key(**changes: str) -> str:
        (day,) = read_items([row | changes])
        assert isinstance(day, UsageDay)
        return day.key

    assert key(quantity="99", gross_amount="0.99", net_amount="0.99", output="1") == key()
    assert key(date="2026-06-01T00:00:00Z") == key()
    changed = {key(**{name: "2026-07-01"}) for name in ("date", "model", "username", "repository", "organization")}
    assert len({*changed, key()}) == 6


def test_copilot_metrics() -> None:
    """Credits are 0.01 dollars each; only CLI and app have tokens; a sum over all people is skipped."""
    first, second, third = days("copilot_metrics.jsonl")
    assert (first.person, first.tool, first.source) == ("octocat", "copilot", "copilot-metrics")
    assert (first.tokens_in, first.tokens_out, first.quantity) == (9000, 300, 30.5)
    assert first.gross_usd == pytest.approx(0.305)
    assert (first.net_usd, third.gross_usd, third.tokens_in) == (None, None, None)
    assert (second.tokens_in, second.tokens_out) == (111, 22)
    assert read_items(records("copilot_metrics.jsonl"))[3] == Skipped("usage of all people together")


def test_cursor_csv() -> None:
    """Four counts that exclude each other; a cost in words is unknown."""
    charged, included, failed = days("cursor_usage.csv")
    assert (charged.tokens_in, charged.tokens_out) == (95200, 800)
    assert (charged.cache_read_tokens, charged.cache_write_tokens) == (90000, 4000)
    assert (charged.person, charged.day, money(charged)) == ("dev@example.org", date(2026, 11, 2), (0.12, 0.12))
    assert (money(included), money(failed)) == ((None, None), (None, None))


def test_cursor_admin_api() -> None:
    """Amounts are cents with Cursor's fee; what a plan includes is worth its price and billed nothing."""
    charged, included, old = days("cursor_events.json")
    assert (charged.tokens_in, charged.tokens_out, money(charged)) == (95200, 800, (0.12, 0.12))
    assert money(included) == (0.02, 0.0)
    assert (old.tokens_in, money(old)) == (None, (None, None))


def test_cursor_events_have_one_key_in_both_files() -> None:
    """The same event in the CSV file and in an answer of the API is the same row."""
    assert days("cursor_usage.csv")[0].key == days("cursor_events.json")[0].key


def test_cursor_days() -> None:
    """The daily answer counts requests and neither tokens nor money."""
    first, second = days("cursor_daily.json")
    assert (first.person, first.day, first.quantity, first.unit) == (
        "dev@example.org",
        date(2026, 11, 2),
        12.0,
        "requests",
    )
    assert (second.quantity, second.unit, second.gross_usd) == (None, None, None)


def test_claude_code_analytics() -> None:
    """Amounts are cents; a person has several records a day; a subscription is billed nothing for them."""
    found = days("claude_code_analytics.json")
    assert [(day.person, day.model, money(day)) for day in found] == [
        ("dev@example.org", "claude-sonnet-4-5", (10.25, 10.25)),
        ("dev@example.org", "claude-haiku-4-5", (0.02, 0.02)),
        ("dev@example.org", "claude-sonnet-4-5", (0.04, 0.04)),
        ("ops@example.org", "claude-opus-5", (0.5, 0.0)),
    ]
    assert len({day.key for day in found}) == 4
    assert (found[0].tokens_in, found[0].tokens_out, found[0].cache_write_tokens) == (9900, 50, 800)
    assert read_items(records("claude_code_analytics.json"))[-1] == Skipped("day without a model")


def test_openrouter_activity() -> None:
    """OpenRouter bills its usage; what an own key paid to the provider is worth beside it."""
    first, second = days("openrouter_activity.json")
    assert (first.tool, first.model, first.person) == ("openrouter", "anthropic/claude-sonnet-4.5", None)
    assert (first.tokens_in, first.tokens_out, first.quantity, money(first)) == (90000, 4000, 40.0, (1.25, 1.25))
    assert money(second) == (0.55, 0.05)


@pytest.mark.parametrize("name", ["cursor_events.json", "claude_code_analytics.json", "openrouter_activity.json"])
def test_one_row_of_an_answer_is_recognised_like_the_answer(name: str) -> None:
    """Rows that were taken out of an answer, one a line, are the same usage days."""
    answer = records(name)[0]
    inner = answer["usageEvents"] if "usageEvents" in answer else answer["data"]
    assert [day for day in read_items(inner) if isinstance(day, UsageDay)] == days(name)


@pytest.mark.parametrize("name", ["copilot_ai_usage.csv", "cursor_usage.csv"])
def test_a_row_without_a_day_is_unusable(name: str) -> None:
    """A row whose date cannot be read says so, and costs no other row its place."""
    column = "date" if "date" in rows(name)[0] else "Date"
    items = read_items([*rows(name), rows(name)[0] | {column: "yesterday"}])
    assert [type(item) for item in items] == [UsageDay] * (len(items) - 1) + [Unusable]


def test_usage_days_are_no_calls() -> None:
    """The normalizer returns calls alone."""
    assert normalize_records(rows("copilot_ai_usage.csv")) == []


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("$1,234.50", 1234.5),
        (0.5, 0.5),
        ("Included", None),
        ("-", None),
        ("", None),
        ("-3", None),
        ("1e300", None),
        (True, None),
    ],
)
def test_amounts_as_spreadsheets_write_them(value: object, expected: float | None) -> None:
    """A sign and separators are part of the number; words and what is below nothing are not amounts."""
    assert dollars(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2026-11-02T10:00:00.000Z", "2026-11-02T10:00:00+00:00"),
        ("Nov 2, 2026, 10:00 AM", "2026-11-02T10:00:00+00:00"),
        ("11/2/2026", "2026-11-02T00:00:00+00:00"),
        ("1793613600000", "2026-11-02T10:00:00+00:00"),
        ("Nov 2, 10:00 AM", None),
    ],
)
def test_moments_as_pages_and_spreadsheets_write_them(value: str, expected: str | None) -> None:
    """A date without a year is not a day."""
    found = moment_of(value)
    assert (None if found is None else found.isoformat()) == expected


def test_every_vendor_file_goes_to_its_own_format() -> None:
    """No answer or row is taken for another vendor's."""
    names = {
        "copilot_ai_usage.csv": "copilot-billing",
        "copilot_premium_requests.csv": "copilot-billing",
        "copilot_metrics.jsonl": "copilot-metrics",
        "cursor_usage.csv": "cursor-usage",
        "cursor_events.json": "cursor-usage",
        "cursor_daily.json": "cursor-usage",
        "claude_code_analytics.json": "claude-code-analytics",
        "openrouter_activity.json": "openrouter-activity",
    }
    for name, expected in names.items():
        for record in rows(name) if name.endswith(".csv") else records(name):
            source = recognise(record)
            assert source is not None
            assert source.name == expected
