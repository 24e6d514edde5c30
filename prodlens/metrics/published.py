"""What is published of a repository: its rows of every table, and how far its sources were read."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pyarrow.compute as pc

from prodlens.errors import StorageError
from prodlens.github_etl import sync_state
from prodlens.lake import MONTHLY_TABLES, Publication, publish, table_rows
from prodlens.metrics.published_calls import call_columns, usage_day_columns
from prodlens.metrics.published_delivery import (
    commit_columns,
    cost_columns,
    costs_of,
    pull_request_columns,
)
from prodlens.metrics.published_scope import Scope
from prodlens.slugs import checked_slug, is_slug
from prodlens.storage import PRUNED_BEFORE
from prodlens.timestamps import EARLIEST, latest_plausible, parse_timestamp
from prodlens.trace_ingestion import ingestion_state

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from prodlens.lake import Place, Published, TableRows
    from prodlens.storage import ProdLensStore

# Calls of a pull request may have been made that long before it was opened, and leave the database before it does.
_MARGIN = timedelta(days=31)
_COUNTED = (("sessions", "timestamp"), ("usage_days", "day"), ("pull_requests", "created_at"), ("commits", "timestamp"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Publishing:
    """How a database is published.

    Attributes:
        now: The present moment; what is dated two days after it cannot be true and is left out.
        team: The team that the repositories belong to.
        people: Login of each trace identity that is not a login itself.
        missing: By repository, what failed in this run, one sentence each.
        again: Whether every file is written.
    """

    now: datetime
    team: str | None = None
    people: Mapping[str, str] = field(default_factory=dict)
    missing: Mapping[str, Sequence[str]] = field(default_factory=dict)
    again: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedRepository:
    """What became of one repository.

    Attributes:
        repository: ``owner/name``.
        published: What was written; None where publishing failed.
        failure: Why it failed; empty where it did not.
        implausible: Rows left out, since their time cannot be true.
        unusable_costs: Costs left out, since they are not possible amounts of money.
    """

    repository: str
    published: Published | None = None
    failure: str = ""
    implausible: int = 0
    unusable_costs: int = 0

    @property
    def notes(self) -> list[str]:
        """What the user should know about the files, one sentence each."""
        notes = []
        if self.implausible:
            notes.append(f"{self.repository}: {self.implausible} rows are left out, since their time cannot be true")
        if self.unusable_costs:
            notes.append(f"{self.repository}: {self.unusable_costs} costs are left out, since they cannot be true")
        if self.published is not None and self.published.kept:
            count = len(self.published.kept)
            notes.append(f"{self.repository}: {count} files stay as published, since the database has less of them now")
        return notes


def publish_repositories(
    store: ProdLensStore, place: Place, repositories: Sequence[str], publishing: Publishing
) -> Iterator[PublishedRepository]:
    """Publish repositories of a database to a place, and yield what became of each; after a failure the others follow.

    Rows that name no repository belong to the only repository of the database. If it has several, these rows are
    published with the first one, without a name.

    Raises:
        InvalidSlugError: A repository is not ``owner/name``.
    """
    slugs = sorted(set(map(checked_slug, repositories)))
    home, *others = sorted({*slugs, *stored_repositories(store)[0]}) or [""]
    # The first one last: rows that move to its files from another one's are missing for a moment, but never doubled.
    for slug in sorted(slugs, key=lambda slug: (slug == home, slug)):
        scope = Scope(
            slug,
            EARLIEST.isoformat(),
            latest_plausible(publishing.now).isoformat(),
            takes_unnamed=slug == home,
            is_alone=not others,
        )
        yield _publish_one(store, place, scope, publishing)


def _publish_one(store: ProdLensStore, place: Place, scope: Scope, publishing: Publishing) -> PublishedRepository:
    try:
        tables = _tables(store, scope, publishing.people)
        facts = _facts(store, scope, tables)
    except (AttributeError, TypeError, ValueError) as error:  # bytes where a text has to be: no version writes that
        reason = f"{scope.repository} cannot be published, since a value of the database cannot be used: {error}"
        return PublishedRepository(repository=scope.repository, failure=reason)
    publication = Publication(
        repository=scope.repository,
        tables={name: table.rows for name, table in tables.items()},
        facts={"team": publishing.team, "missing": list(publishing.missing.get(scope.repository, ())), **facts},
        store=store.identity,
        kept_from=_kept_from(store),
        again=publishing.again,
    )
    published, failure = None, ""
    try:
        published = publish(place, publication)
    except StorageError as error:
        failure = str(error)
    return PublishedRepository(
        repository=scope.repository,
        published=published,
        failure=failure,
        implausible=facts["implausible"],
        unusable_costs=facts["unusable_costs"],
    )


def stored_repositories(store: ProdLensStore) -> tuple[list[str], int]:
    """Return the repositories that a database has rows of, and how many names in it are not ``owner/name``."""
    names: set[Any] = set()
    for table in ("sessions", "usage_days", "pull_requests", "commits", "sync_streams"):
        names |= {row[0] for row in store.conn.execute(f"SELECT DISTINCT repo_slug FROM {table}")}
    slugs = {name for name in names if isinstance(name, str) and is_slug(name)}
    return sorted(slugs), len(names - slugs - {None})


def _tables(store: ProdLensStore, scope: Scope, people: Mapping[str, str]) -> dict[str, TableRows]:
    conn = store.conn
    columns: dict[str, Mapping[str, Sequence[Any]]] = {
        "calls": call_columns(conn, scope),
        "usage_days": usage_day_columns(conn, scope),
    }
    tables = {name: table_rows(MONTHLY_TABLES[name], given) for name, given in columns.items()}
    costs = costs_of(tables["calls"].rows)
    pulls, signs_of_pulls = pull_request_columns(conn, scope, costs, people)
    commits, signs_of_commits = commit_columns(conn, scope)
    opened = dict(zip(pulls["number"], pulls["opened_at"], strict=True))
    signs = {name: [*signs_of_pulls[name], *signs_of_commits[name]] for name in signs_of_pulls}
    rest = {
        "pull_requests": pulls,
        "commits": commits,
        "pull_request_costs": cost_columns(scope, costs, opened),
        "evidence": signs,
    }
    return tables | {name: table_rows(MONTHLY_TABLES[name], given) for name, given in rest.items()}


def _facts(store: ProdLensStore, scope: Scope, tables: Mapping[str, TableRows]) -> dict[str, Any]:
    streams = {stream["stream"]: stream for stream in sync_state(store, scope.repository)["streams"]}
    ingestion = ingestion_state(store)
    calls = tables["calls"].rows
    moments: Any = pc.min_max(calls.filter(pc.is_valid(calls["repository"]))["at"]).as_py()
    return {
        "simulated": store.simulated,
        **{
            f"{name}_{fact}": None if stream is None else stream[key]
            for name in ("pull_requests", "commits")
            for stream in (streams.get(name),)
            for fact, key in (("since", "since"), ("synced_at", "synced_at"), ("partial", "partial"))
        },
        "traces_ingested_at": ingestion["last_ingested_at"],
        "dead_letters": ingestion["dead_letters"],
        "first_call_at": None if moments["min"] is None else moments["min"].isoformat(),
        "last_call_at": None if moments["max"] is None else moments["max"].isoformat(),
        "implausible": _implausible(store, scope) + sum(table.left_out for table in tables.values()),
        "unusable_costs": sum(tables[name].unusable_costs for name in ("calls", "usage_days")),
    }


def _implausible(store: ProdLensStore, scope: Scope) -> int:
    """Return how many rows have a time that cannot be true."""
    count = 0
    for table, moment in _COUNTED:
        bounds = (":earliest", ":latest") if moment != "day" else ("substr(:earliest, 1, 10)", "substr(:latest, 1, 10)")
        query = (
            f"SELECT count(*) FROM {table} WHERE (repo_slug = :repo OR :takes_unnamed AND repo_slug IS NULL) "
            f"AND NOT ({moment} >= {bounds[0]} AND {moment} <= {bounds[1]})"
        )
        count += store.conn.execute(query, scope.values).fetchone()[0]
    return count


def _kept_from(store: ProdLensStore) -> str:
    """Return the first month that the database has whole, empty where nothing ever left it."""
    pruned = parse_timestamp(store.get_note(PRUNED_BEFORE))
    if pruned is None:
        return ""
    safe = pruned + _MARGIN
    whole = safe.day == 1 and safe.time() == safe.min.time()
    return f"{safe if whole else safe.replace(day=28) + timedelta(days=4):%Y-%m}"
