"""When the authors of pull requests were seen in the traces."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from prodlens.metrics.request import ReportRequest
from prodlens.metrics.traced_people import Traces, read_traces
from prodlens.storage import ProdLensStore
from prodlens.timestamps import monday_of
from tests.metrics.situations import REPO, at, call, pull

CALLS = st.lists(
    st.fixed_dictionaries(
        {
            "when": st.tuples(st.integers(1, 30), st.integers(0, 23)),
            "developer_id": st.sampled_from(["Ada", "ada", "ada-laptop", "eve", "bob", "", None]),
            "source": st.sampled_from(["claude-code", "codex", None]),
            "repo_slug": st.sampled_from([REPO, "acme/api", None]),
            "branch": st.sampled_from(["topic", "main", "", None]),
        }
    ),
    max_size=20,
)
ENDS = st.builds(lambda day, hour: at(f"5-{day:02} {hour:02}:00"), st.integers(1, 31), st.sampled_from([0, 7, 23]))


@given(CALLS, ENDS, st.sampled_from(["with", "without", "only"]))
def test_who_was_seen_is_what_the_calls_say(calls: list[dict[str, Any]], end: datetime, unnamed: str) -> None:
    """Skipping through the index finds every day of every author and the first week of every tool."""
    rows = [{**one, "timestamp": at(f"5-{one['when'][0]:02} {one['when'][1]:02}:00")} for one in calls]
    request = ReportRequest(repo=REPO, since=at("5-01"), people=(("Ada-Laptop", "Ada"),), unnamed=unnamed)
    with ProdLensStore(":memory:") as store:
        store.insert_sessions([call("5-01", **{k: v for k, v in row.items() if k != "when"}) for row in rows])
        store.insert_pull_requests(
            [
                pull(1, "5-02", author="ADA"),
                pull(2, "5-02", author="eve"),
                pull(3, "5-02", author="bob") | {"repo_slug": "acme/api"},
                pull(4, "5-02", author=None),
            ]
        )
        found = read_traces(store.conn, request, end)
    seen = [row for row in rows if row["developer_id"] is not None and row["timestamp"] < end]
    assert found == expected(seen, request)


def expected(rows: list[dict[str, Any]], request: ReportRequest) -> Traces:
    """Return what the rows say, worked out one by one."""
    weeks: dict[str, set[date]] = {}
    branches: dict[tuple[str, date], set[str | None]] = {}
    first: dict[str | None, date] = {}
    tools: dict[tuple[str, date], set[str | None]] = {}
    for row in rows:
        day = row["timestamp"].astimezone(UTC).date()
        person = {"ada-laptop": "ada"}.get(row["developer_id"].lower(), row["developer_id"].lower())
        first[row["source"]] = min(monday_of(day), first.get(row["source"], date.max))
        if person in {"ada", "eve"}:
            weeks.setdefault(person, set()).add(monday_of(day))
            tools.setdefault((person, monday_of(day)), set()).add(row["source"])
            if row["repo_slug"] in request.covered:
                branches.setdefault((person, day), set()).add(row["branch"])
    return Traces(weeks, branches, first, tools)


def test_days_that_are_not_days_are_passed_over() -> None:
    """A day, name or moment that no version writes is skipped; all other calls count."""
    end = at("6-01 12:00")
    with ProdLensStore(":memory:") as store:
        store.insert_sessions([call(f"5-0{day}", developer_id="ada", source="codex") for day in (4, 5, 6, 7)])
        store.insert_pull_requests([pull(1, "5-02", author="ada")])
        for day, change in enumerate(("event_date = '2026-02-31'", "event_date = 'soon'", "developer_id = x'00'"), 4):
            store.conn.execute(f"UPDATE sessions SET {change} WHERE event_date = '2026-05-0{day}'")
        found = read_traces(store.conn, ReportRequest(repo=REPO, since=at("5-01")), end)
    assert found.weeks == {"ada": {date(2026, 5, 4)}}
    assert found.first_week_of_tool == {"codex": date(2026, 5, 4)}
    assert found.branches == {("ada", date(2026, 5, 7)): {None}}
