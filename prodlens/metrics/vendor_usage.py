"""What vendors report, beside what the calls of the same tools add up to on the same days.

A vendor's day is a sum over calls, so it is never added to them. Two sources of one vendor can report the same use: for
a tool, person and day only the most detailed source counts.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from prodlens.timestamps import EARLIEST, latest_plausible, parse_timestamp

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence
    from datetime import datetime

# Which calls are a tool's: by the format that they were read from, or by who served the model. Cursor logs no calls.
_CALLS_OF_TOOL = {
    "copilot": "(source = 'copilot' OR provider = 'github')",
    "cursor": "0",
    "claude-code": "source IN ('claude-code', 'claude-code-action', 'claude-code-otel')",
    "openrouter": "provider = 'openrouter'",
}
TOOLS = tuple(_CALLS_OF_TOOL)
# The lowest rank counts: GitHub's premium requests repeat the use in its AI credits, and its metrics repeat both.
_RANK = """CASE source WHEN 'copilot-premium-requests' THEN 2 WHEN 'copilot-metrics' THEN 3 WHEN 'cursor-daily' THEN 3
    ELSE 1 END"""
_RANKED_DAYS = f"""SELECT *, {_RANK} AS rank, min({_RANK}) OVER (PARTITION BY tool, day, ifnull(person, '')) AS best
    FROM usage_days"""
_RANKED = f"""WITH ranked AS (
    {_RANKED_DAYS} WHERE tool = :tool AND day >= :first AND day <= :last AND {{covered}}),
  kept AS (SELECT * FROM ranked WHERE rank = best)"""
# total() and not sum(), which fails if absurd token counts add up to more than 64 bits.
_SUMS = """SELECT min(day) AS first_day, max(day) AS last_day, count(DISTINCT day) AS days,
    count(DISTINCT person) AS people, count(*) AS rows,
    (SELECT count(*) FROM ranked WHERE rank > best) AS superseded_rows,
    CASE WHEN count(tokens_in) THEN CAST(total(tokens_in) AS INTEGER) END AS tokens_in,
    CASE WHEN count(tokens_out) THEN CAST(total(tokens_out) AS INTEGER) END AS tokens_out,
    sum(gross_usd) AS gross_usd, sum(net_usd) AS net_usd
    FROM kept"""
_SOURCES = "SELECT DISTINCT source FROM kept ORDER BY source"
_CALLS = """SELECT count(*), CAST(total(total_tokens) AS INTEGER), count(cost_usd), total(cost_usd) FROM sessions
    WHERE event_date IN (SELECT day FROM kept) AND {calls} AND {covered}
    AND (developer_id IS NULL OR developer_id IN (SELECT person FROM kept)
         OR EXISTS (SELECT 1 FROM kept WHERE person IS NULL))"""


@dataclass(frozen=True, slots=True)
class VendorUsage:
    """What one vendor reports of some days, and what the calls of the same tool add up to on those days.

    Attributes:
        sources: Formats that the rows were read from.
        first_day: First day that is reported, YYYY-MM-DD.
        last_day: Last day.
        days: Days with a row.
        people: People named in the rows.
        rows: Rows that count.
        superseded_rows: Rows left out, since a more detailed source reports the same tool, person and day.
        tokens_in: Input tokens, None where the vendor gives none.
        tokens_out: Output tokens.
        gross_usd: What the use is worth by the vendor's price list.
        net_usd: What the vendor bills.
        calls: Calls of the tool on those days; if the rows name people, only calls of these.
        calls_tokens: Input and output tokens of the calls.
        calls_cost_usd: Sum of their known costs, None where no call has one.
        unpriced_calls: Calls whose cost is unknown.
        gross_difference_usd: Worth minus the cost of the calls.
        difference_usd: Bill minus the cost of the calls.
    """

    sources: tuple[str, ...]
    first_day: str
    last_day: str
    days: int
    people: int
    rows: int
    superseded_rows: int
    tokens_in: int | None
    tokens_out: int | None
    gross_usd: float | None
    net_usd: float | None
    calls: int
    calls_tokens: int
    calls_cost_usd: float | None
    unpriced_calls: int
    gross_difference_usd: float | None
    difference_usd: float | None

    def as_json(self) -> dict[str, Any]:
        """Return the attributes as the report holds them."""
        return asdict(self) | {"sources": list(self.sources)}


def vendor_usage(
    conn: sqlite3.Connection, first: date, last: date, repositories: Sequence[str | None] | None = None
) -> dict[str, VendorUsage | None]:
    """Return what is reported of each tool.

    Args:
        conn: Connection to the store.
        first: First day, in UTC as the vendors count them.
        last: Last day.
        repositories: Only rows and calls of these, None among them standing for those that name none; None: all.

    Returns:
        Each of ``TOOLS`` with its figures, None where nothing is reported of it.
    """
    return {tool: _of_tool(conn, tool, first, last, repositories) for tool in TOOLS}


def ranked_days(condition: str) -> str:
    """Return a query of the rows of ``usage_days`` under a condition; a row with ``rank > best`` is superseded."""
    return f"{_RANKED_DAYS} WHERE {condition}"


def tool_of_call() -> str:
    """Return an SQL expression over ``sessions`` for the tool of a call, or the name of its format if it is of none."""
    cases = " ".join(f"WHEN {calls} THEN '{tool}'" for tool, calls in _CALLS_OF_TOOL.items())
    return f"CASE {cases} ELSE source END"


def last_reported_day(
    conn: sqlite3.Connection, repositories: Sequence[str | None], report_time: datetime | None
) -> datetime | None:
    """Return the start of the last day that any vendor reports, of the days that can be true.

    Args:
        conn: Connection to the store.
        repositories: Only rows of these, None among them standing for those that name none.
        report_time: When the report is made, where that is known.
    """
    covered, values = _covered(repositories)
    latest = date.max if report_time is None else latest_plausible(report_time).date()
    values |= {"earliest": EARLIEST.date().isoformat(), "latest": latest.isoformat()}
    query = f"SELECT max(day) FROM usage_days WHERE day >= :earliest AND day <= :latest AND {covered}"
    return parse_timestamp(conn.execute(query, values).fetchone()[0])


def _of_tool(
    conn: sqlite3.Connection, tool: str, first: date, last: date, repositories: Sequence[str | None] | None
) -> VendorUsage | None:
    covered, values = _covered(repositories)
    values |= {"tool": tool, "first": first.isoformat(), "last": last.isoformat()}
    ranked = _RANKED.format(covered=covered)
    reported = dict(conn.execute(f"{ranked} {_SUMS}", values).fetchone())
    if not reported["rows"]:
        return None
    gross, net = reported["gross_usd"], reported["net_usd"]
    query = _CALLS.format(calls=_CALLS_OF_TOOL[tool], covered=covered)
    calls, tokens, priced, cost = conn.execute(f"{ranked} {query}", values).fetchone()
    known = cost if priced or not calls else None
    return VendorUsage(
        sources=tuple(row[0] for row in conn.execute(f"{ranked} {_SOURCES}", values)),
        **reported,
        calls=calls,
        calls_tokens=tokens,
        calls_cost_usd=known,
        unpriced_calls=calls - priced,
        gross_difference_usd=None if gross is None or known is None else gross - known,
        difference_usd=None if net is None or known is None else net - known,
    )


def _covered(repositories: Sequence[str | None] | None) -> tuple[str, dict[str, Any]]:
    """Return a condition on ``repo_slug`` and its values."""
    if repositories is None:
        return "1", {}
    values = {f"repo_{number}": slug for number, slug in enumerate(repositories)}
    return "(" + " OR ".join(f"repo_slug IS :{name}" for name in values) + ")", values
