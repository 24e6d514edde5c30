"""From an organisation's report to what is said about it: what is not known of its repositories first."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from prodlens.rendering import formatting
from prodlens.rendering.document import Data, Document, Figure, Section, Table
from prodlens.rendering.organisation_people import beginning_section, comparison_section
from prodlens.rendering.wording import counted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

ORGANISATION = "organisation"
_SHOWN = 50
_PROBLEMS_SHOWN = 15  # so that the figures are on the first page
_EMPTY = "An empty cell has nothing known in it, or fewer than {fewest} people."
NO_TEAM = "(no team)"
_DIMENSIONS = (
    ("team", "Team", NO_TEAM),
    ("repository", "Repository", "(none named)"),
    ("tool", "Tool", "(none named)"),
    ("model", "Model", "(none named)"),
)


def build_organisation_document(report: Mapping[str, Any]) -> Document:
    """Return everything that an organisation's report says, for any renderer."""
    metadata = report["metadata"]
    last = date.fromisoformat(metadata["until"]) - timedelta(days=1)
    sections = (
        _attention_section(report["repositories"]),
        _figures_section(report),
        _months_section(report["cost"]["months"], metadata["fewest_people"]),
        *(_cost_section(report["cost"], *dimension) for dimension in _DIMENSIONS),
        *(_pull_request_section(report["pull_requests"], *dimension) for dimension in _DIMENSIONS[:2]),
        comparison_section(report["comparison"]),
        beginning_section(report["adoption"]["beginning"]),
        _adoption_section(report["adoption"]["weeks"]),
        _latency_section(report["latency_by_model"]),
    )
    return Document(
        repo=Data(metadata["organisation"]),
        window=f"{metadata['since']} to {last} (UTC)",
        notices=tuple(_notices(report)),
        sections=tuple(section.without_empty_columns() for section in sections if section is not None),
        simulated=metadata["simulated"],
    )


def _notices(report: Mapping[str, Any]) -> Iterator[str]:
    if report["metadata"]["simulated"]:
        yield "Simulated data: some of these repositories are not those of a real team."
    concerned = {row["repository"] for row in report["repositories"]["attention"]} - {""}
    if concerned:
        count = counted(report["repositories"]["count"], "repository", "repositories")
        yield f"{len(concerned)} of {count} are stale, partial, damaged or without traces: they are listed first."


def _attention_section(found: Mapping[str, Any]) -> Section:
    rows = tuple((Data(row["repository"]), row["problem"], Data(row["detail"])) for row in found["attention"])
    count = counted(found["count"], "repository", "repositories")
    sentence = f"{count} in {counted(found['teams'], 'team')}; {found['with_traces']} with traces."
    table = Table(("Repository", "Problem", "What is known"), rows[:_PROBLEMS_SHOWN], "lll") if rows else None
    more = _more(len(rows), _PROBLEMS_SHOWN)
    return Section("attention", "What is missing", (sentence,), table=table, after=more)


def _figures_section(report: Mapping[str, Any]) -> Section:
    cost, pulls = report["cost"], report["pull_requests"]["whole"]
    figures = (
        _figure("Cost of the calls", cost["cost_usd"], formatting.usd, change=_change(cost["change"])),
        _figure("Forecast of the last month", cost["forecast_usd"], formatting.usd),
        _figure("Model calls", cost["calls"], formatting.count),
        _figure("Merged pull requests", pulls["merged"], formatting.count),
        _figure("Merged pull requests with a cost", pulls["with_cost"], formatting.count),
        _figure("Cost of a merged pull request, median", pulls["median_usd"], formatting.usd),
        _figure("Cost of a merged pull request, 90th percentile", pulls["percentile_90_usd"], formatting.usd),
        _figure("Cost of pull requests closed without a merge", pulls["unmerged_usd"], formatting.usd),
        _figure("Cost of reverted pull requests", pulls["reverted_usd"], formatting.usd),
        _figure("AI share of merged pull requests", pulls["ai_share"], formatting.percent, _share_basis(pulls)),
    )
    people = report["metadata"]["fewest_people"]
    after = (
        f"No figure is on fewer than {people} people. Where one would be left by subtraction, another is withheld too.",
        "A change compares the cost a day of the last month with that of the month before.",
        "A forecast takes the days of the last month on to its end.",
    )
    return Section("figures", "Headline figures", figures=figures, after=after)


def _figure(label: str, value: float | None, form: Any, basis: str = "", change: str = "") -> Figure:
    known = value is not None
    return Figure(label, formatting.optional(value, form, "not known or withheld"), "", basis, change, known)


def _share_basis(pulls: Mapping[str, Any]) -> str:
    known = pulls["known_assistance"]
    return "" if known is None else f"{formatting.count(known)} whose assistance is known"


def _months_section(months: Sequence[Mapping[str, Any]], fewest: int) -> Section:
    rows = tuple(
        (
            month["month"],
            f"{month['days']} of {month['days_of_month']}",
            _told(month["people"], formatting.count),
            _told(month["calls"], formatting.count),
            _told(month["cost_usd"], formatting.usd),
            _told(month["unattributed_usd"], formatting.usd),
            _told(month["unpriced_calls"], formatting.count),
        )
        for month in months
    )
    header = ("Month", "Days", "People", "Calls", "Cost", "Of no pull request", "Calls without a price")
    sentence = f"{_EMPTY.format(fewest=fewest)} Costs below add up the months that are told."
    return Section("months", "Cost by month", (sentence,), table=Table(header, rows, "lrrrrrr"))


def _cost_section(cost: Mapping[str, Any], dimension: str, title: str, nameless: str) -> Section | None:
    found = cost[f"by_{dimension}"]
    if not found["rows"] and not found["withheld"]:
        return None
    names = [month["month"] for month in cost["months"]]
    rows = tuple(
        (
            _name(row["name"], nameless),
            *((_name(row["team"], NO_TEAM),) if dimension == "repository" else ()),
            formatting.count(row["calls"]),
            formatting.optional(row["cost_usd"], formatting.usd),
            *(_told(amount, formatting.usd) for amount in row["months"]),
            _change(row["change"]),
            formatting.optional(row["forecast_usd"], formatting.usd, ""),
        )
        for row in found["rows"][:_SHOWN]
    )
    team = ("Team",) if dimension == "repository" else ()
    header = (title, *team, "Calls", "Cost", *names, "Change", "Forecast")
    table = Table(header, rows, "l" * (1 + len(team)) + "r" * (len(header) - 1 - len(team)))
    return Section(
        f"cost-by-{dimension}",
        f"Cost by {title.lower()}",
        _withheld(found["withheld"]),
        table=table if rows else None,
        after=_more(len(found["rows"])),
    )


def _pull_request_section(pulls: Mapping[str, Any], dimension: str, title: str, nameless: str) -> Section | None:
    found = pulls[f"by_{dimension}"]
    if not found["rows"] and not found["withheld"]:
        return None
    rows = tuple(
        (
            _name(row["name"], nameless),
            formatting.count(row["with_cost"]),
            formatting.usd(row["cost_usd"]),
            formatting.usd(row["median_usd"]),
            formatting.usd(row["percentile_90_usd"]),
        )
        for row in found["rows"][:_SHOWN]
    )
    header = (title, "Merged with a cost", "Cost", "Median", "90th percentile")
    return Section(
        f"pull-requests-by-{dimension}",
        f"Merged pull requests by {title.lower()}",
        _withheld(found["withheld"]),
        table=Table(header, rows, "lrrrr") if rows else None,
        after=_more(len(found["rows"])),
    )


def _adoption_section(weeks: Sequence[Mapping[str, Any]]) -> Section | None:
    if not weeks:
        return None
    rows = tuple((week["week"], _told(week["people"], formatting.count)) for week in weeks)
    sentence = "People with a call in each week, from Monday; the first and the last week may be parts of one."
    return Section(
        "adoption", "Who uses it", (sentence,), table=Table(("Week from", "People"), rows, "lr"), folded=True
    )


def _latency_section(models: Sequence[Mapping[str, Any]]) -> Section | None:
    if not models:
        return None
    rows = tuple((_name(row["name"], "(none named)"), formatting.milliseconds(row["median_ms"])) for row in models)
    sentence = "Medians are found in a histogram of ten classes a decade, and are exact to about an eighth."
    table = Table(("Model", "Median latency"), rows, "lr")
    return Section("latency", "Latency by model", (sentence,), table=table, folded=True)


def _name(name: str | None, nameless: str) -> str:
    return nameless if name is None else Data(name)


def _told(value: float | None, form: Any) -> str:
    return formatting.optional(value, form, "")


def _change(value: float | None) -> str:
    if value is None:
        return ""
    return f"{'+' if value > 0 else ''}{formatting.percent(value)} a day"


def _withheld(groups: int) -> tuple[str, ...]:
    sentence = f"Withheld, since too few people stand behind them: {formatting.count(groups)}."
    return (sentence,) if groups else ()


def _more(rows: int, shown: int = _SHOWN) -> tuple[str, ...]:
    left = rows - shown
    return (f"{formatting.count(left)} more are in the CSV and JSON files.",) if left > 0 else ()
