"""An organisation's report, from the published tables of its repositories: plain data that fits the schema."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from prodlens.errors import StorageError
from prodlens.organisation.adoption import FEWEST_WEEKS, beginning_figures
from prodlens.organisation.adoption_queries import Weeks
from prodlens.organisation.comparison import comparison_figures
from prodlens.organisation.engines import MONTHS_BEFORE, open_adoption_tables, open_table, open_tables, reading
from prodlens.organisation.figures import pull_request_figures, usage_figures
from prodlens.organisation.suppression import FEWEST_PEOPLE
from prodlens.organisation.teams import teams_of
from prodlens.timestamps import as_utc

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from prodlens.lake import Reading
    from prodlens.organisation.engines import Engine
    from prodlens.organisation.period import Period
    from prodlens.organisation.queries import Tables

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
    """Return the report of everything that was published to a place, less the files that cannot be read.

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
    source = reading(place) if engine.reads_files else None
    while True:
        try:
            return _report(engine, source, period, now, teams or {}, fewest_people)
        except StorageError:
            if source is None or not source.narrow():
                raise


def _report(
    engine: Engine,
    source: Reading | None,
    period: Period,
    now: datetime,
    teams: Mapping[str, tuple[str, ...]],
    fewest_people: int,
) -> dict[str, Any]:
    repositories = _repositories(engine, source)
    # Of those whose own row is damaged there are calls all the same, and a team by its patterns.
    unknown = sorted({one["repository"] for one in _left_out(source)} - {row["repository"] for row in repositories})
    everybody = [*repositories, *({"repository": name, "team": None} for name in unknown if name)]
    team_of = teams_of(everybody, teams)
    tables = open_tables(engine, source, period, team_of)
    read_until = {row["repository"]: as_utc(at) for row in repositories if (at := row["pull_requests_synced_at"])}
    usage = usage_figures(engine, tables, period, fewest_people)
    usage["adoption"]["beginning"] = _beginning(engine, source, period, tables, fewest_people)
    listed = [*_left_out(source), *(found for row in repositories for found in _attention(row, now))]
    return {
        "metadata": {
            "kind": "organisation",
            "schema_version": SCHEMA_VERSION,
            "organisation": _name(everybody),
            "generated_at": now.isoformat(),
            "since": period.since.isoformat(),
            "until": period.until.isoformat(),
            "engine": engine.name,
            "fewest_people": fewest_people,
            "pull_requests_opened_months_before": MONTHS_BEFORE,
            "simulated": any(row["simulated"] for row in repositories),
        },
        "repositories": {
            "count": len(everybody),
            "with_traces": sum(row["last_call_at"] is not None for row in repositories),
            "teams": len(set(team_of.values())),
            "attention": listed,
        },
        **usage,
        "pull_requests": pull_request_figures(engine, tables, period, fewest_people),
        "comparison": comparison_figures(engine, tables, period, read_until, fewest_people),
    }


def _beginning(engine: Engine, source: Reading | None, period: Period, tables: Tables, fewest: int) -> dict[str, Any]:
    """Return what changed after people began; a period that is too short opens nothing for it."""
    weeks = Weeks.of(period)
    opened = open_adoption_tables(engine, source, weeks, tables) if weeks.whole >= FEWEST_WEEKS else None
    return beginning_figures(engine, opened, weeks, fewest)


def _left_out(source: Reading | None) -> list[dict[str, str]]:
    return [] if source is None else [one._asdict() for one in source.left_out()]


def _repositories(engine: Engine, source: Reading | None) -> list[dict[str, Any]]:
    table = open_table(engine, source, "repositories")
    columns = (
        "repository", "team", "simulated", "last_call_at", "traces_ingested_at", "pull_requests_synced_at",
        "commits_synced_at", "pull_requests_partial", "commits_partial", "missing",
    )  # fmt: skip
    return [row for row in engine.rows(table.select(*columns).order_by("repository")) if row["repository"]]


def _name(repositories: Iterable[Mapping[str, Any]]) -> str:
    """Return the owner of the repositories, or how many owners they have."""
    owners = {row["repository"].partition("/")[0] for row in repositories}
    return owners.pop() if len(owners) == 1 else f"{len(owners)} owners"


def _moment(value: datetime | None) -> datetime | None:
    """Return a moment with its zone: Spark leaves it out, and its session is in UTC."""
    return None if value is None else as_utc(value)


def _attention(row: Mapping[str, Any], now: datetime) -> Iterator[dict[str, str]]:
    """Yield what a reader has to know of a repository before its figures: an entry a problem, and one a failure."""
    found: dict[str, list[str]] = {"no traces": [], "stale": [], "partial": []}
    last = _moment(row["last_call_at"])
    if last is None:
        found["no traces"].append("no call has been published")
    elif now - last > STALE_AFTER:
        found["stale"].append(f"its last call is of {last:%Y-%m-%d}")
    for what in ("pull_requests", "commits"):
        synced, words = _moment(row[f"{what}_synced_at"]), what.replace("_", " ")
        if synced is not None and now - synced > STALE_AFTER:
            found["stale"].append(f"its {words} were last read on {synced:%Y-%m-%d}")
        if row[f"{what}_partial"]:
            found["partial"].append(f"some of its {words} are still to be read")
    repository = row["repository"]
    for problem, details in found.items():
        if details:
            yield {"repository": repository, "problem": problem, "detail": "; ".join(details)}
    for sentence in row["missing"] or ():
        yield {"repository": repository, "problem": "failed", "detail": sentence}
