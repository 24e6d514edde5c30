"""An organisation's report, from the published tables of its repositories: plain data that fits the schema."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from prodlens.organisation.comparison import comparison_figures
from prodlens.organisation.engines import MONTHS_BEFORE, open_table, open_tables
from prodlens.organisation.figures import pull_request_figures, usage_figures
from prodlens.organisation.suppression import FEWEST_PEOPLE
from prodlens.organisation.teams import teams_of
from prodlens.timestamps import as_utc

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from prodlens.organisation.engines import Engine
    from prodlens.organisation.queries import Period

SCHEMA_VERSION = 1
STALE_AFTER = timedelta(days=14)


def organisation_report(
    engine: Engine,
    place: str,
    period: Period,
    *,
    now: datetime,
    teams: Mapping[str, tuple[str, ...]] | None = None,
    fewest_people: int = FEWEST_PEOPLE,
) -> dict[str, Any]:
    """Return the report of everything that was published to a place.

    Args:
        engine: What reads the tables.
        place: Where they are.
        period: The days covered, in UTC.
        now: The moment of the report; whether a repository is stale depends on it.
        teams: Patterns of each team's repositories; they take precedence over the published teams.
        fewest_people: How many people a figure needs at least, five or more.

    Raises:
        StorageError: The tables cannot be read.
        ValueError: Fewer than five people are asked for.
    """
    if fewest_people < FEWEST_PEOPLE:
        raise ValueError(f"a figure needs at least {FEWEST_PEOPLE} people, not {fewest_people}")
    repositories = _repositories(engine, place)
    team_of = teams_of(repositories, teams or {})
    tables = open_tables(engine, place, period, team_of)
    listed = [found for row in repositories for found in _attention(row, now)]
    return {
        "metadata": {
            "kind": "organisation",
            "schema_version": SCHEMA_VERSION,
            "organisation": _name(repositories),
            "generated_at": now.isoformat(),
            "since": period.since.isoformat(),
            "until": period.until.isoformat(),
            "engine": engine.name,
            "fewest_people": fewest_people,
            "pull_requests_opened_months_before": MONTHS_BEFORE,
            "simulated": any(row["simulated"] for row in repositories),
        },
        "repositories": {
            "count": len(repositories),
            "with_traces": sum(row["last_call_at"] is not None for row in repositories),
            "teams": len(set(team_of.values())),
            "attention": listed,
        },
        **usage_figures(engine, tables, period, fewest_people),
        "pull_requests": pull_request_figures(engine, tables, period, fewest_people),
        "comparison": comparison_figures(engine, tables, period, fewest_people),
    }


def _repositories(engine: Engine, place: str) -> list[dict[str, Any]]:
    table = open_table(engine, place, "repositories")
    columns = (
        "repository", "team", "simulated", "last_call_at", "traces_ingested_at", "pull_requests_synced_at",
        "commits_synced_at", "pull_requests_partial", "commits_partial", "missing",
    )  # fmt: skip
    return engine.rows(table.select(*columns).order_by("repository"))


def _name(repositories: Iterable[Mapping[str, Any]]) -> str:
    """Return the owner of the repositories, or how many owners they have."""
    owners = {(row["repository"] or "").partition("/")[0] for row in repositories} - {""}
    return owners.pop() if len(owners) == 1 else f"{len(owners)} owners"


def _moment(value: datetime | None) -> datetime | None:
    """Return a moment with its zone: Spark leaves it out, and its session is in UTC."""
    return None if value is None else as_utc(value)


def _attention(row: Mapping[str, Any], now: datetime) -> Iterator[dict[str, str]]:
    """Yield what a reader has to know of a repository before its figures."""
    repository = row["repository"] or ""
    last = _moment(row["last_call_at"])
    if last is None:
        yield {"repository": repository, "problem": "no traces", "detail": "no call has been published"}
    elif now - last > STALE_AFTER:
        yield {"repository": repository, "problem": "stale", "detail": f"its last call is of {last:%Y-%m-%d}"}
    for what in ("pull_requests", "commits"):
        synced, words = _moment(row[f"{what}_synced_at"]), what.replace("_", " ")
        if synced is not None and now - synced > STALE_AFTER:
            detail = f"its {words} were last read on {synced:%Y-%m-%d}"
            yield {"repository": repository, "problem": "stale", "detail": detail}
        if row[f"{what}_partial"]:
            yield {
                "repository": repository,
                "problem": "partial",
                "detail": f"some of its {words} are still to be read",
            }
    for sentence in row["missing"] or ():
        yield {"repository": repository, "problem": "failed", "detail": sentence}
