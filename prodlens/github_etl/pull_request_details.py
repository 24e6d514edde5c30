"""What the list of pull requests does not tell: reopened, first review, size, commits.

With a token it is read in bulk by GraphQL, up to 100 pull requests a request; without one, or where there is no
GraphQL, whether it was reopened is read from the REST events of each. What is still to be read stands in the store, so
an interrupted run goes on with the rest.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import orjson

from prodlens.github import GraphqlUnavailableError, NotFoundError, ServerFailedError
from prodlens.github_etl.parsing import end_cursor, events_details, has_next, node_commits, node_details
from prodlens.github_etl.state import CUT_COMMITS, STALE_DETAILS
from prodlens.json_values import mapping, sequence

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Mapping

    from prodlens.github_etl.stream import StreamRun

MOST_AT_ONCE = 100
_SHRINK = 4  # a page that fails is asked again in parts of this many
_MOST_FAILURES = 5  # in a row, before it is GitHub that fails and not the page that is too large
_CUT_AT_ONCE = 10
_MOST_EVENT_PAGES = 20
_LOG = logging.getLogger(__name__)

_COMMITS = """
        totalCount pageInfo { hasNextPage endCursor }
        nodes { commit { oid committedDate message author { name user { login } } } }"""
DETAILS_QUERY = f"""query PullRequestDetails($ids: [ID!]!) {{
  nodes(ids: $ids) {{
    ... on PullRequest {{
      id additions deletions changedFiles author {{ login }}
      reviews(first: 20) {{
        nodes {{ author {{ __typename login }} submittedAt }} pageInfo {{ hasNextPage endCursor }}
      }}
      timelineItems(itemTypes: [REOPENED_EVENT], first: 1) {{ nodes {{ ... on ReopenedEvent {{ createdAt }} }} }}
      commits(first: 50) {{{_COMMITS}
      }}
    }}
  }}
}}"""


def commits_query(parts: int) -> str:
    """Return the query that goes on in the commits of that many pull requests ($id0, $after0, $id1 ...)."""
    variables = ", ".join(f"$id{n}: ID!, $after{n}: String" for n in range(parts))
    nodes = "".join(
        f"""
  part{n}: node(id: $id{n}) {{
    ... on PullRequest {{
      commits(first: 100, after: $after{n}) {{{_COMMITS}
      }}
    }}
  }}"""
        for n in range(parts)
    )
    return f"query PullRequestCommits({variables}) {{{nodes}\n}}"


def read_details(run: StreamRun) -> None:
    """Read the details of every stored pull request that lacks them, or that changed since they were read.

    Raises:
        GithubError: They could not all be read; those that were are stored.
    """
    if run.client.has_token:
        try:
            _read_by_graphql(run)
            _complete_commits(run)
        except GraphqlUnavailableError as error:
            _LOG.warning("%s: %s; reading events one by one instead", run.slug, error)
        else:
            _read_by_events(run, f"node_id IS NULL AND {STALE_DETAILS}")
            return
    _read_by_events(run, STALE_DETAILS)


# GraphQL -----------------------------------------------------------------------------------------------------


def _read_by_graphql(run: StreamRun) -> None:
    waiting = _waiting(run, f"node_id IS NOT NULL AND ({STALE_DETAILS} OR details = 'events')")
    size, failures = MOST_AT_ONCE, 0
    while waiting:
        part = waiting[:size]
        try:
            data = run.client.graphql(DETAILS_QUERY, {"ids": [row["node_id"] for row in part]})
        except ServerFailedError:
            failures += 1
            if failures >= _MOST_FAILURES:
                raise
            if size > 1:
                size = max(size // _SHRINK, 1)
                continue
            _read_events(run, part[0])  # this one alone is too much for GraphQL
        else:
            failures, size = 0, min(size * _SHRINK, MOST_AT_ONCE)
            _store_nodes(run, part, data)
        waiting = waiting[len(part) :]


def _store_nodes(run: StreamRun, part: list[sqlite3.Row], data: Mapping[str, Any]) -> None:
    nodes = {node["id"]: node for node in sequence(data.get("nodes")) if isinstance(node, dict) and "id" in node}
    if not nodes and "nodes" not in data:
        raise GraphqlUnavailableError("GitHub's GraphQL answered without the pull requests that were asked for")
    details, commits = [], []
    for row in part:
        node = nodes.get(row["node_id"])
        details.append((row, {"details": "unavailable"} if node is None else node_details(node)))
        if node is not None and row["merged_at"] is not None:
            commits += node_commits(node, row["id"])
    with run.page() as conn:
        _store(run, conn, details)
        _store_commits(conn, commits)


def _complete_commits(run: StreamRun) -> None:
    """Read the commits that did not fit in the first answer, of several pull requests at once."""
    while waiting := _waiting(run, f"node_id IS NOT NULL AND {CUT_COMMITS}")[:_CUT_AT_ONCE]:
        cut = [orjson.loads(row["truncated"]) for row in waiting]
        variables = {f"id{n}": row["node_id"] for n, row in enumerate(waiting)}
        variables |= {f"after{n}": lists["commits"] for n, lists in enumerate(cut)}
        data = run.client.graphql(commits_query(len(waiting)), variables)
        with run.page() as conn:
            for n, (row, lists) in enumerate(zip(waiting, cut, strict=True)):
                node = mapping(data.get(f"part{n}"))
                rows = node_commits(node, row["id"])
                _store_commits(conn, rows)
                lists["commits"] = end_cursor(node.get("commits")) if rows and has_next(node.get("commits")) else None
                left = {name: cursor for name, cursor in lists.items() if name != "commits" or cursor or not rows}
                conn.execute(
                    "UPDATE pull_requests SET truncated = ? WHERE id = ?",
                    (orjson.dumps(left).decode() if left else None, row["id"]),
                )


def _store_commits(conn: sqlite3.Connection, rows: Iterable[dict[str, Any]]) -> None:
    conn.executemany(
        "INSERT OR REPLACE INTO pull_request_commits "
        "VALUES (:pull_request_id, :sha, :author, :author_is_login, :timestamp, :trailers)",
        [{**row, "trailers": orjson.dumps(row["trailers"]).decode()} for row in rows],
    )


# REST --------------------------------------------------------------------------------------------------------


def _read_by_events(run: StreamRun, condition: str) -> None:
    for row in _waiting(run, condition):
        _read_events(run, row)


def _read_events(run: StreamRun, row: sqlite3.Row) -> None:
    """Read the events of one pull request and store what they tell."""
    events: list[dict[str, Any]] = []
    try:
        answer = run.client.get(f"/repos/{run.slug}/issues/{row['number']}/events", params={"per_page": "100"})
        events += answer.rows()
        for _ in range(_MOST_EVENT_PAGES):
            if answer.next_url is None:
                break
            answer = run.client.get(answer.next_url)
            events += answer.rows()
        details = events_details(events)
    except NotFoundError:  # listed, and yet without an issue that may be read
        details = {"details": "unavailable"}
    with run.page() as conn:
        _store(run, conn, [(row, details)])


# Rows --------------------------------------------------------------------------------------------------------


def _waiting(run: StreamRun, condition: str) -> list[sqlite3.Row]:
    """Return the pull requests that meet a condition, most recently changed first."""
    query = (
        "SELECT id, number, node_id, updated_at, merged_at, truncated FROM pull_requests "
        f"WHERE repo_slug = ? AND number IS NOT NULL AND ({condition}) ORDER BY updated_at DESC, id DESC"
    )
    return run.store.conn.execute(query, (run.slug,)).fetchall()


def _store(run: StreamRun, conn: sqlite3.Connection, details: list[tuple[sqlite3.Row, dict[str, Any]]]) -> None:
    """Update pull requests with their details; what those do not tell stays as it is."""
    values = [
        {
            **dict.fromkeys(_COLUMNS),
            **found,
            "truncated": orjson.dumps(found["truncated"]).decode() if found.get("truncated") else None,
            "details_for": row["updated_at"],
            "row_id": row["id"],
        }
        for row, found in details
    ]
    conn.executemany(_UPDATE, values)
    run.written.update(value["row_id"] for value in values)


_COLUMNS = (
    "reopened",
    "reopened_at",
    "first_review_at",
    "additions",
    "deletions",
    "changed_files",
    "commit_count",
    "details",
)
_UPDATE = (
    f"UPDATE pull_requests SET {', '.join(f'{name} = coalesce(:{name}, {name})' for name in _COLUMNS)}, "
    "details_for = :details_for, truncated = :truncated WHERE id = :row_id"
)
