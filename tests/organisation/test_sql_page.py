"""The queries of docs/sql.md, each run."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from prodlens.organisation import answer
from tests.organisation.published import call, publish, pull, repository

PAGE = Path(__file__).parent.parent.parent / "docs" / "sql.md"
QUERIES = re.findall(r"^## (\d+)\..*?```sql\n(.*?);\n```", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return a place where every query finds something."""
    calls = [
        call("5-02", "ann", 2, cache_read_tokens=20),
        call("5-05", "bea", 3, cache_read_tokens=60),
        call("6-02", "ann", None, model="in-house", repository="acme/api"),
    ]
    pulls = [
        pull(1, "5-03", "ann", 4, assisted=True, additions=9, deletions=1),
        pull(2, "5-04", "bea", 2, assisted=False, reverted=True),
        pull(3, None, "bea", 1),
    ]
    rows = [repository(team="core"), repository("acme/api", last_call_at=None)]
    folder = publish(tmp_path_factory.mktemp("place"), calls=calls, pull_requests=pulls, repositories=rows)
    return str(folder)


def test_the_page_has_ten_queries() -> None:
    """Ten, numbered from 1."""
    assert [number for number, _ in QUERIES] == [str(number) for number in range(1, 11)]


# Number of the query: how many rows it gives, and its first row as far as it is worth holding.
EXPECTED = {
    "1": (2, ("acme/web", "2026-05", "5.0000000000", "2")),
    "2": (2, ("core", "5.0000000000", "2")),
    "3": (2, ("acme/web", "1", "4.0000000000", "10")),
    "4": (3, ("merged", "1", "4.0000000000")),
    "5": (1, ("m-1", "0.5", "160")),
    "6": (1, ("in-house", "claude-code", "1", "100")),
    "7": (1, ("2026-05", "2", "2", "3.0000000000")),
    "8": (3, None),
    "9": (2, ("False", "1", "768.0")),
    "10": (2, ("acme/api", "None")),
}


@pytest.mark.parametrize(("number", "query"), QUERIES)
def test_a_query_runs_and_answers(number: str, query: str, place: str) -> None:
    """Each query gives the rows that its data have."""
    _, rows = answer(query, place)
    expected_rows, first = EXPECTED[number]
    assert len(rows) == expected_rows
    if first is not None:
        assert tuple(str(value) for value in rows[0][: len(first)]) == first
