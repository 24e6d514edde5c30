"""What the list of pull requests does not tell: reopened, reviews, when it was ready, size, commits.

With a token it is read in bulk by GraphQL, up to 100 pull requests a request; without one, or where there is no
GraphQL, whether it was reopened is read from the REST events of each. What is still to be read stands in the store, so
an interrupted run goes on with the rest.
"""

from __future__ import annotations

import logging
from itertools import islice
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import orjson

from prodlens.github import GraphqlUnavailableError, NotFoundError, ServerFailedError
from prodlens.github_etl.github_notes import NOTES_HEAD, note_head
from prodlens.github_etl.parsing import end_cursor, events_details, has_next, node_commits, node_details
from prodlens.github_etl.parts import SHRINK, read_in_parts
from prodlens.github_etl.state import CUT_COMMITS, READ_WITH_LESS, STALE_DETAILS
from prodlens.json_values import mapping, sequence
from prodlens.slugs import split_slug
from prodlens.storage import marks

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Mapping, Sequence

    from prodlens.github import GraphqlAnswer, GraphqlFailure
    from prodlens.github_etl.stream import StreamRun

_COMMITS_AT_ONCE = 10
_MOST_EVENT_PAGES = 20
TOO_HEAVY = "heavy"  # read by events, since GraphQL fails at it alone; asked again when it changes
_LOG = logging.getLogger(__name__)

_COMMITS = """
        totalCount pageInfo { hasNextPage endCursor }
        nodes { commit { oid committedDate message author { name user { login } } } }"""
DETAILS_QUERY = f"""query PullRequestDetails($ids: [ID!]!, $owner: String!, $name: String!) {{
  {NOTES_HEAD}
  nodes(ids: $ids) {{
    ... on PullRequest {{
      id additions deletions changedFiles author {{ login }}
      reviews(first: 100) {{
        nodes {{ author {{ __typename login }} state submittedAt commit {{ oid }} }}
        pageInfo {{ hasNextPage endCursor }}
      }}
      timelineItems(itemTypes: [REOPENED_EVENT], first: 1) {{ nodes {{ ... on ReopenedEvent {{ createdAt }} }} }}
      ready: timelineItems(itemTypes: [READY_FOR_REVIEW_EVENT], last: 1) {{
        nodes {{ ... on ReadyForReviewEvent {{ createdAt }} }}
      }}
      commits(first: 50) {{{_COMMITS}
      }}
    }}
  }}
}}"""


PROBE_QUERY = "query Probe($id: ID!) { node(id: $id) { id } }"  # works wherever GraphQL does


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
            if _waiting(run, CUT_COMMITS):
                run.left_out = f"{error}; the further commits of some pull requests are still to be read"
        else:
            _read_by_events(run, f"node_id IS NULL AND {STALE_DETAILS}")
            return
    _read_by_events(run, STALE_DETAILS)


# GraphQL -----------------------------------------------------------------------------------------------------


def _read_by_graphql(run: StreamRun) -> None:
    """Read the details of all that lack them, in smaller parts where GitHub fails at large ones.

    Raises:
        ServerFailedError: GraphQL fails at everything.
    """
    owner, name = split_slug(run.slug)
    failed_before: set[int] = set()  # one that fails alone twice, and not GraphQL itself, is too heavy

    def read(part: list[sqlite3.Row]) -> list[sqlite3.Row]:
        variables = {"ids": [row["node_id"] for row in part], "owner": owner, "name": name}
        return _store_nodes(run, part, run.client.graphql_answer(DETAILS_QUERY, variables))

    def failed_alone(row: sqlite3.Row) -> list[sqlite3.Row]:
        if row["id"] in failed_before:
            _read_events(run, row, TOO_HEAVY)
            return []
        failed_before.add(row["id"])
        _require_graphql(run, row)
        return [row]

    waiting = _waiting(run, f"node_id IS NOT NULL AND ({STALE_DETAILS} OR {READ_WITH_LESS})")
    read_in_parts(waiting, read, failed_alone)


def _require_graphql(run: StreamRun, row: sqlite3.Row) -> None:
    """Raise ``ServerFailedError`` when GraphQL fails at the lightest query too: then no pull request is to blame."""
    answer = run.client.graphql_answer(PROBE_QUERY, {"id": row["node_id"]})
    if answer.data.get("node") is None and not any(failure.is_missing for failure in answer.failures):
        reason = "; ".join(failure.message for failure in answer.failures)[:200] or "a response without its data"
        raise ServerFailedError(f"GitHub's GraphQL failed: {reason}; try again later")


def _store_nodes(run: StreamRun, part: list[sqlite3.Row], answer: GraphqlAnswer) -> list[sqlite3.Row]:
    """Store the nodes that are whole; return those to ask for again in smaller parts.

    A null is a fact only where GitHub says that there is no such object. Nodes that the token may not read are left
    for a later run, since asking for fewer would change nothing.
    """
    if "nodes" not in answer.data:
        raise GraphqlUnavailableError("GitHub's GraphQL answered without the pull requests that were asked for")
    note_head(run, answer)
    nodes = sequence(answer.data["nodes"])
    details, commits, again = [], [], []
    for index, row in enumerate(part):
        node = nodes[index] if index < len(nodes) else None
        failures = answer.failures_at("nodes", index)
        if isinstance(node, dict) and not _lacks_something(node, failures):
            details.append((row, node_details(node)))
            if row["merged_at"] is not None:
                commits += node_commits(node, row["id"])
        elif any(failure.is_missing and failure.path == ("nodes", index) for failure in failures):
            details.append((row, {"details": "unavailable"}))
        elif failures and all(failure.is_refusal for failure in failures):
            run.left_out = f"GitHub does not let the token read some pull requests: {failures[0].message[:200]}"
        else:
            again.append(row)
    with run.page() as conn:
        _store_details(run, conn, details)
        ids = [row["id"] for row, _ in details]
        conn.execute(f"DELETE FROM pull_request_commits WHERE pull_request_id IN ({marks(ids)})", ids)
        _store_commits(conn, commits)
    return again


def _lacks_something(node: Mapping[str, Any], failures: Sequence[GraphqlFailure]) -> bool:
    """Tell whether a part of a node failed: a failure names it, or one that names no field stands beside a null."""
    if any(failure.path for failure in failures):
        return True
    return bool(failures) and any(node.get(name) is None for name in _ALWAYS_THERE)


def _complete_commits(run: StreamRun) -> None:
    """Read the commits that did not fit in the first answer, of several pull requests at once.

    Raises:
        ServerFailedError: GraphQL fails at everything.
    """
    size = _COMMITS_AT_ONCE
    failed_alone: set[int] = set()
    while waiting := _waiting(run, f"node_id IS NOT NULL AND {CUT_COMMITS}")[:size]:
        cut = [orjson.loads(row["truncated"]) for row in waiting]
        variables = {f"id{n}": row["node_id"] for n, row in enumerate(waiting)}
        variables |= {f"after{n}": lists["commits"] for n, lists in enumerate(cut)}
        try:
            answer = run.client.graphql_answer(commits_query(len(waiting)), variables)
            failed = _store_further_commits(run, waiting, cut, answer)
        except ServerFailedError:
            failed = True
        if not failed:
            size = min(size * SHRINK, _COMMITS_AT_ONCE)
        elif len(waiting) > 1:
            size = max(len(waiting) // SHRINK, 1)
        elif waiting[0]["id"] not in failed_alone:
            failed_alone.add(waiting[0]["id"])
            _require_graphql(run, waiting[0])
        else:
            with run.page() as conn:
                _store_cut(conn, waiting[0], {**cut[0], "commits": None, "heavy_commits": cut[0]["commits"]})


def _store_further_commits(
    run: StreamRun, rows: list[sqlite3.Row], cut: list[dict[str, Any]], answer: GraphqlAnswer
) -> bool:
    """Store the next commits of pull requests; return whether some could not be read."""
    failed = False
    with run.page() as conn:
        for n, (row, lists) in enumerate(zip(rows, cut, strict=True)):
            failures, node = answer.failures_at(f"part{n}"), mapping(answer.data.get(f"part{n}"))
            is_gone = any(failure.is_missing and failure.path for failure in failures)
            if not is_gone and (failures or "nodes" not in mapping(node.get("commits"))):
                failed = True
                continue
            commits = node_commits(node, row["id"])
            _store_commits(conn, commits)
            goes_on = bool(commits) and has_next(node.get("commits"))
            _store_cut(conn, row, {**lists, "commits": end_cursor(node.get("commits")) if goes_on else None})
    return failed


def _store_cut(conn: sqlite3.Connection, row: sqlite3.Row, lists: Mapping[str, Any]) -> None:
    """Store which lists of a pull request are not read to their end; a None is left out."""
    left = {name: cursor for name, cursor in lists.items() if cursor is not None}
    text = orjson.dumps(left).decode() if left else None
    conn.execute("UPDATE pull_requests SET truncated = ? WHERE id = ?", (text, row["id"]))


def _store_commits(conn: sqlite3.Connection, rows: Iterable[dict[str, Any]]) -> None:
    conn.executemany(
        "INSERT OR REPLACE INTO pull_request_commits "
        "(pull_request_id, sha, author, author_is_login, timestamp, trailers) VALUES (?, ?, ?, ?, ?, ?)",
        [(*_commit_values(row), orjson.dumps(row["trailers"]).decode()) for row in rows],
    )


# REST --------------------------------------------------------------------------------------------------------


def _read_by_events(run: StreamRun, condition: str) -> None:
    for row in _waiting(run, condition):
        _read_events(run, row, "events")


def _read_events(run: StreamRun, row: sqlite3.Row, details: str) -> None:
    """Read the events of one pull request and store what they tell, with ``details`` as how it was read."""
    path = f"/repos/{run.slug}/issues/{row['number']}/events"
    try:
        pages = islice(run.client.pages(path, params={"per_page": "100"}), _MOST_EVENT_PAGES)
        found = {**events_details([event for page in pages for event in page.rows()]), "details": details}
    except NotFoundError:  # listed, and yet without an issue that may be read
        found = {"details": "unavailable"}
    with run.page() as conn:
        _store_details(run, conn, [(row, found)])


# Rows --------------------------------------------------------------------------------------------------------


def _waiting(run: StreamRun, condition: str) -> list[sqlite3.Row]:
    """Return the pull requests that meet a condition, most recently changed first."""
    query = (
        "SELECT id, number, node_id, updated_at, merged_at, truncated FROM pull_requests "
        f"WHERE repo_slug = ? AND number IS NOT NULL AND ({condition}) ORDER BY updated_at DESC, id DESC"
    )
    return run.store.conn.execute(query, (run.slug,)).fetchall()


def _store_details(run: StreamRun, conn: sqlite3.Connection, details: list[tuple[sqlite3.Row, dict[str, Any]]]) -> None:
    """Update pull requests with their details; what those do not tell stays as it is."""
    values = [
        (
            *map(found.get, _COLUMNS),
            row["updated_at"],
            orjson.dumps(found["truncated"]).decode() if found.get("truncated") else None,
            row["id"],
        )
        for row, found in details
    ]
    conn.executemany(_UPDATE, values)
    run.written.update(row["id"] for row, _ in details)


_ALWAYS_THERE = ("additions", "deletions", "changedFiles", "reviews", "timelineItems", "ready", "commits")
_COLUMNS = (
    "reopened",
    "reopened_at",
    "first_review_at",
    "review_count",
    "changes_requested",
    "review_rounds",
    "ready_at",
    "additions",
    "deletions",
    "changed_files",
    "commit_count",
    "details",
)
_UPDATE = (
    f"UPDATE pull_requests SET {', '.join(f'{name} = coalesce(?, {name})' for name in _COLUMNS)}, "
    "details_for = ?, truncated = ? WHERE id = ?"
)
_commit_values = itemgetter("pull_request_id", "sha", "author", "author_is_login", "timestamp")
