"""In short: the few sentences that a reader with twenty seconds needs, chosen by the numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prodlens.rendering import formatting
from prodlens.rendering.assisted_section import short_sentence
from prodlens.rendering.document import Section
from prodlens.rendering.wording import LARGEST_FALSE_DISCOVERY_RATE, counted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

STALE_AFTER_DAYS = 14
_MOST_SENTENCES = 5
_FEW_SEEN = 0.5


def short_section(report: Mapping[str, Any]) -> Section:
    """Return what it cost and the change, whose work it was, what a pull request costs, and what to be wary of."""
    told = [*_cost(report), *_ai_share(report), *_pull_requests(report), *_comparison(report)]
    # What makes the other figures doubtful is never the sentence that is left out.
    doubts = list(_doubts(report))[: _MOST_SENTENCES - 1]
    return Section("short", "In short", (*told[: _MOST_SENTENCES - len(doubts)], *doubts))


def stale_days(report: Mapping[str, Any]) -> int | None:
    """Return how many days older than the report the newest trace is, where that is to be warned of; else None.

    Simulated traces are of whatever days they were made for.
    """
    age: float | None = report["data_quality"]["traces"]["age_days"]
    if age is None or age <= STALE_AFTER_DAYS or report["metadata"].get("simulated"):
        return None
    return round(age)


def _cost(report: Mapping[str, Any]) -> Iterator[str]:
    calls, cost = report["ai_interaction_velocity"]["total_sessions"], report["cost_metrics"]["total_session_cost_usd"]
    if not calls:
        yield "No model calls were traced in this period."
        return
    if cost is None:
        yield f"{counted(calls, 'model call')}, of which none has a known price."
        return
    found = next((row for row in report["periods"]["figures"] if row["name"] == "cost_usd"), None)
    yield f"{counted(calls, 'model call')} cost {formatting.usd(cost)}{_change(found)}."


def _change(figure: Mapping[str, Any] | None) -> str:
    """Return how a total compares with the period before; nothing where that was not observed as long as this one."""
    if figure is None or not figure["previous"]["total"] or figure["previous"]["days"] != figure["this"]["days"]:
        return ""
    before, change = formatting.usd(figure["previous"]["total"]), figure["change"]
    if change["ratio"] is None:
        return f", after {before} in the period before"
    bounds = formatting.interval(change["interval"], formatting.factor)
    interval = f" (95% CI {bounds})" if bounds else ""
    unusual = change["q"] is not None and change["q"] <= LARGEST_FALSE_DISCOVERY_RATE
    verdict = "beyond" if unusual else "within"
    judged = f", {verdict} the usual ups and downs" if change["q"] is not None else ""
    return f", {formatting.ratio(change['ratio'])} the {before} of the period before{interval}{judged}"


def _ai_share(report: Mapping[str, Any]) -> Iterator[str]:
    for name, noun in (("merged_pull_requests", "merged pull request"), ("commits", "commit")):
        share = report["ai_share"][name]
        if share["with_evidence"]:
            signed = formatting.count(share["with_evidence"])
            total = counted(share["total"], noun)
            yield f"At least {signed} of {total} ({formatting.percent(share['share'])}) carry a sign of AI."
            return


def _pull_requests(report: Mapping[str, Any]) -> Iterator[str]:
    costs, merged = report["cost_metrics"], report["pull_request_costs"]["merged"]
    if merged["median_usd"] is not None:
        bounds = formatting.interval(merged["median_interval"], formatting.usd)
        yield (
            f"A merged pull request cost {formatting.usd(merged['median_usd'])} (median of "
            f"{formatting.count(merged['with_cost'])} with a known cost{f'; 95% CI {bounds}' if bounds else ''})."
        )
    elif costs["cost_per_merged_pr_usd"] is not None:
        merges = counted(costs["merged_pr_count"], "merged pull request")
        yield f"That is {formatting.usd(costs['cost_per_merged_pr_usd'])} for each of {merges}, all calls counted."


def _comparison(report: Mapping[str, Any]) -> Iterator[str]:
    """Yield what assisted pull requests come to against others of the same people; nothing without a verdict."""
    sentence = short_sentence(report)
    if sentence is not None:
        yield sentence


def _doubts(report: Mapping[str, Any]) -> Iterator[str]:
    quality, coverage = report["data_quality"], report["coverage"]
    age = stale_days(report)
    if age is not None:
        days = counted(age, "day")
        yield f"The newest trace is {days} older than this report: what came since is in no figure."
    if quality["sync"]["partial"]:
        yield "Pull requests and commits are partial: the sync with GitHub stopped early."
    unknown = quality["unknown"]
    if unknown["price"]:
        calls = counted(unknown["price"], "call")
        yield f"{calls} of {formatting.count(unknown['sessions'])} have no known price and are in no cost."
    if coverage["share_seen"] is not None and coverage["share_seen"] < _FEW_SEEN:
        yield f"{_seen(coverage['seen_in_traces'], coverage['active_people'])} seen in the traces."


def _seen(seen: int, active: int) -> str:
    """Return who is seen: nobody, one, or few of the people who worked on the repository."""
    if active == 1:
        return "The one person who worked on the repository is not"
    if not seen:
        return f"None of the {formatting.count(active)} people who worked on the repository is"
    verb = "is" if seen == 1 else "are"
    return f"Only {formatting.count(seen)} of {formatting.count(active)} people who worked on the repository {verb}"
