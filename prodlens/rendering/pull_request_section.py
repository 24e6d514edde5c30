"""What pull requests cost, in sentences and with the dearest ones in a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prodlens.rendering import formatting
from prodlens.rendering.document import Data, Section, Table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_SHOWN = 10
_NO_PRICE = "no known price"


def pull_request_section(report: Mapping[str, Any]) -> Section | None:
    """Return what pull requests cost; None where no call belongs to one."""
    costs = report["pull_request_costs"]
    rows = [row for row in costs["pull_requests"] if row["in_period"]]
    if not rows:
        return None
    return Section(
        "pull-requests",
        "What pull requests cost",
        tuple(_sentences(costs)),
        table=Table(
            ("Pull request", "Title", "State", "Calls", "Tokens", "Cost", "Confidence"),
            tuple(_row(row) for row in rows[:_SHOWN]),
            "lllrrrl",
        ),
        after=tuple(_after(costs, len(rows))),
    )


def _sentences(costs: Mapping[str, Any]) -> Iterator[str]:
    total, attributed = costs["total"]["cost_usd"], costs["attributed"]["cost_usd"]
    if total:
        share = formatting.percent((attributed or 0.0) / total)
        yield (
            f"{formatting.usd(attributed or 0.0)} of the {formatting.usd(total)} in this period ({share}) belong to a "
            f"pull request."
        )
    in_workflows = costs["by_origin"]["workflow"]["cost_usd"]
    if in_workflows is not None:
        yield f"Of that, {formatting.usd(in_workflows)} was spent in workflows, by agents that review or work there."
    merged = costs["merged"]
    if merged["median_usd"] is not None:
        bounds = formatting.interval(merged["median_interval"], formatting.usd)
        interval = f", 95% interval {bounds}" if bounds else ", too few for an interval"
        yield (
            f"A merged pull request cost {formatting.usd(merged['median_usd'])} (median of {merged['with_cost']} with "
            f"a known cost, of {merged['pull_requests']} merged{interval}); one in ten cost "
            f"{formatting.usd(merged['percentile_90_usd'])} or more."
        )
    for name, what in (
        ("closed_unmerged", "closed without a merge in this period"),
        ("reverted", "reverted in this period"),
    ):
        if costs[name]["cost_usd"] is not None:
            yield f"Pull requests {what} cost {formatting.usd(costs[name]['cost_usd'])}."


def _row(row: Mapping[str, Any]) -> tuple[str, ...]:
    state = row["state"] or "not synced"
    return (
        str(row["number"]),
        Data(row["title"] or ""),
        f"{state}, reverted" if row["reverted"] else state,
        formatting.count(row["sessions"]),
        formatting.count(row["total_tokens"]),
        formatting.optional(row["cost_usd"], formatting.usd, _NO_PRICE),
        row["confidence"],
    )


def _after(costs: Mapping[str, Any], listed: int) -> Iterator[str]:
    more = listed - _SHOWN
    if more > 0:
        yield f"{formatting.count(more)} more with a lower cost are in the CSV and JSON files."
    left = costs["unattributed"]
    if left["sessions"]:
        cost = formatting.optional(left["cost_usd"], formatting.usd, _NO_PRICE)
        yield f"Not attributed to any pull request in this period: {cost}, {formatting.count(left['sessions'])} calls."
    low = costs["by_confidence"]["low"]["cost_usd"]
    if low is not None:
        yield f"{formatting.usd(low)} are attributed by person and time alone, with low confidence."
    yield (
        "Confidence is high where calls name the number, or their session was linked to the pull request before them; "
        "it is medium where the session was linked after them, or they were made on a commit or branch of its own."
    )
