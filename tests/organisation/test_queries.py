"""The expressions in the SQL of every engine that is not run here, held word for word.

After a wanted change: ``python -m pytest tests/organisation/test_queries.py --update-golden``, then read the diff.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ibis
import pytest

from prodlens.lake import PUBLISHED_TABLES
from prodlens.organisation import adoption_queries, queries
from prodlens.organisation.adoption_queries import AdoptionTables, Weeks
from prodlens.organisation.period import Period
from prodlens.organisation.queries import Tables

if TYPE_CHECKING:
    from collections.abc import Mapping

GOLDEN = Path(__file__).parent / "golden"
DIALECTS = ("athena", "bigquery", "databricks", "duckdb", "snowflake", "trino")
SAME_AS = {"athena": "trino"}  # Athena is Trino: both are held to one file
MAY = Period(date(2026, 5, 1), date(2026, 6, 1))


def tables() -> Tables:
    """Return the tables without rows or engine."""
    calls, pulls = (
        ibis.table(ibis.Schema.from_pyarrow(PUBLISHED_TABLES[name].schema), name=name)
        for name in ("calls", "pull_requests")
    )
    return Tables(calls, pulls, ibis.table({"repository": "string", "team": "string"}, name="teams"))


def expressions() -> Mapping[str, Any]:
    """Return what is asked, on tables that stand for what an engine keeps."""
    used = queries.usage(tables(), MAY)
    pulls = queries.pull_requests(tables(), MAY)
    kept_usage = ibis.table(used.schema(), name="usage")
    kept_pulls = ibis.table(pulls.schema(), name="pulls")
    return {
        "usage": used,
        "by_month": queries.by_month(kept_usage, "repository"),
        "parts_by_month": queries.parts_by_month(kept_usage),
        "few_people": queries.few_people(kept_usage, "repository", 5),
        "weekly_users": queries.weekly_users(tables(), MAY),
        "timed_people": queries.timed_people(kept_usage),
        "latencies": queries.latencies(tables(), MAY),
        "pull_requests": pulls,
        "comparable": queries.comparable(tables(), MAY),
        "kinds": queries.kinds(kept_pulls),
        "by_group": queries.by_group(kept_pulls, "team"),
        "few_authors": queries.few_authors(kept_pulls, "team", 5),
        "order_statistics": queries.order_statistics(kept_pulls, "team"),
        **adoption_expressions(),
    }


def adoption_expressions() -> Mapping[str, Any]:
    """Return what is asked about those who began."""
    calls, pulls, commits = (
        ibis.table(ibis.Schema.from_pyarrow(PUBLISHED_TABLES[name].schema), name=name)
        for name in ("calls", "pull_requests", "commits")
    )
    asked, weeks = AdoptionTables(calls, pulls, commits), Weeks.of(MAY)
    received = adoption_queries.traced(asked, weeks)
    kept = ibis.table(received.schema(), name="received")
    return {
        "author_weeks": adoption_queries.author_weeks(asked, weeks),
        "traced": received,
        "first_weeks": adoption_queries.first_weeks(kept),
        "beginnings": adoption_queries.beginnings(kept),
    }


def golden(dialect: str) -> Path:
    """Return the file that the SQL of a dialect is held to."""
    return GOLDEN / f"{SAME_AS.get(dialect, dialect)}.sql"


@pytest.mark.parametrize("dialect", DIALECTS)
def test_sql(dialect: str, request: pytest.FixtureRequest) -> None:
    """Every expression is its golden SQL in every dialect."""
    path = golden(dialect)
    compiled = {name: str(ibis.to_sql(one, dialect=dialect, pretty=True)) for name, one in expressions().items()}
    text = "".join(f"-- {name}\n{sql};\n\n" for name, sql in compiled.items())
    if request.config.getoption("--update-golden"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


def test_weeks_begin_on_monday_in_bigquery() -> None:
    """BigQuery's own weeks begin on Sunday, so that the SQL has to say Monday; its weeks are cut in one place."""
    text = golden("bigquery").read_text(encoding="utf-8")
    assert text.count("DATE_TRUNC") == text.count("WEEK(MONDAY)") == 1


def test_no_engine_converts_a_moment_to_a_day() -> None:
    """Days come from the column ``day``: no session's time zone decides in which month a call is."""
    for dialect in DIALECTS:
        text = golden(dialect).read_text(encoding="utf-8")
        assert not any(f"{quote}at{quote}" in text for quote in '`"'), dialect
