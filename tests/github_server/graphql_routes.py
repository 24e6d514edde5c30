"""GraphQL, executed by graphql-core on the trimmed official schema: what GitHub would refuse is refused here."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from graphql import GraphQLError, graphql_sync

from tests.github_server import notes, objects
from tests.github_server.descriptions import graphql_schema
from tests.github_server.http import Reply, Request, Route, refused

if TYPE_CHECKING:
    from tests.github_server.world import Repository


def answer(request: Request) -> Reply:
    """Run a query; what is wrong with it comes back as ``errors`` with status 200, as from GitHub."""
    if not request.world.graphql_works:
        return refused(404, "Not Found")
    if request.token is None:
        return refused(401, "This endpoint requires you to be authenticated.")
    asked = json.loads(request.body)
    variables = asked.get("variables", {})
    ids = variables.get("ids", [])
    named = {*ids, *(value for name, value in variables.items() if name != "ids")}
    is_heavy = "commits(" in asked["query"] and not request.world.graphql_heavy.isdisjoint(named)
    if is_heavy or len(ids) > request.world.graphql_most_ids:
        return Reply(status=502, body=b"<html>502 Bad Gateway</html>", headers={"content-type": "text/html"})
    result = graphql_sync(graphql_schema(), asked["query"], root_value=_Root(request), variable_values=variables)
    reply: dict[str, Any] = {"data": result.data}
    if result.errors:
        reply["errors"] = [_error(error) for error in result.errors]
    return Reply(body=reply)


def _error(error: GraphQLError) -> dict[str, Any]:
    """Return an error as GitHub writes it: one without a type has none."""
    extensions = {name: value for name, value in (error.extensions or {}).items() if value}
    return {**extensions, "message": error.message, "path": error.path}


class _Root:
    """The fields of ``Query``."""

    def __init__(self, request: Request) -> None:
        self._world = request.world
        self._login = request.world.comments.login
        self._failures = request.world.graphql_failures
        self._pulls = {
            row["node_id"]: (repository, row)
            for repository in request.world.repositories.values()
            for row in repository.pulls.values()
        }

    def viewer(self, _info: object) -> dict[str, Any]:
        return {"__typename": "User", "login": self._login}

    def repository(self, _info: object, owner: str, name: str, **_: object) -> dict[str, Any]:
        slug = f"{owner}/{name}"
        found = self._world.repository(self._world.renamed.get(slug, slug))
        if found is None:
            message = f"Could not resolve to a Repository with the name '{slug}'."
            raise GraphQLError(message, extensions={"type": "NOT_FOUND"})
        return notes.repository(found)

    def node(self, _info: object, id: str) -> dict[str, Any]:  # noqa: A002 - GitHub's name
        if id not in self._pulls:
            raise _unknown(id)
        return _pull(*self._pulls[id])

    def nodes(self, info: object, ids: list[str]) -> list[Any]:
        if len(ids) > 100:
            raise GraphQLError("You may not provide more than 100 node ids", extensions={"type": "ARGUMENT_LIMIT"})
        return [self._node_or_error(info, name) for name in ids]

    def _node_or_error(self, info: object, name: str) -> Any:
        """Return a node, or the error that makes it null; graphql-core adds the path to it."""
        if name in self._failures:
            kind = self._failures[name]
            return GraphQLError(kind or "Something went wrong", extensions={"type": kind})
        return self.node(info, name) if name in self._pulls else _unknown(name)


def _unknown(name: str) -> GraphQLError:
    message = f"Could not resolve to a node with the global id of '{name}'"
    return GraphQLError(message, extensions={"type": "NOT_FOUND"})


def _pull(repository: Repository, row: dict[str, Any]) -> dict[str, Any]:
    number = row["number"]
    commits = repository.pull_commits.get(number, [])
    return {
        "__typename": "PullRequest",
        "id": row["node_id"],
        "additions": row.get("additions") or 0,
        "deletions": row.get("deletions") or 0,
        "changedFiles": row.get("changed_files") or 0,
        "author": _actor(row["user"]),
        "reviews": _connection(
            [
                {
                    "author": _actor(review["user"]),
                    "state": review.get("state", "COMMENTED"),
                    "submittedAt": review["submitted_at"],
                    "commit": {"oid": review["commit_id"]} if review.get("commit_id") else None,
                }
                for review in repository.reviews.get(number, ())
            ]
        ),
        "commits": _connection([{"commit": _commit(commit)} for commit in commits]),
        "timelineItems": _timeline(repository.events.get(number, [])),
    }


def _actor(user: dict[str, Any] | None) -> dict[str, Any] | None:
    return user and {"__typename": user.get("type", "User"), "login": user["login"]}


def _commit(row: dict[str, Any]) -> dict[str, Any]:
    login = row.get("author_login")
    return {
        "oid": row["sha"],
        "committedDate": row["committer_date"],
        "message": objects.message(row),
        "author": {"name": row["author_name"], "user": {"__typename": "User", "login": login} if login else None},
    }


def _connection(rows: list[dict[str, Any]]) -> Any:
    """Return a list that is paged forwards; a cursor is the number of rows before it."""

    def resolve(_info: object, first: int | None = None, after: str | None = None, **_: object) -> dict[str, Any]:
        if first is None or not 1 <= first <= 100:
            raise GraphQLError("`first` must be between 1 and 100", extensions={"type": "EXCESSIVE_PAGINATION"})
        start = int(after or 0)
        shown = rows[start : start + first]
        end = start + len(shown)
        page = {"hasNextPage": end < len(rows), "endCursor": str(end) if shown else None}
        return {"nodes": shown, "totalCount": len(rows), "pageInfo": page}

    return resolve


_EVENTS = {
    "REOPENED_EVENT": ("reopened", "ReopenedEvent"),
    "READY_FOR_REVIEW_EVENT": ("ready_for_review", "ReadyForReviewEvent"),
}


def _timeline(events: list[dict[str, Any]]) -> Any:
    """Return the first or the last events of one type, under whichever alias they are asked for."""

    def resolve(
        _info: object,
        itemTypes: list[str],  # noqa: N803 - GitHub's
        first: int | None = None,
        last: int | None = None,
        **_: object,
    ) -> dict[str, Any]:
        (kind,) = itemTypes
        event, name = _EVENTS[kind]
        nodes = [{"__typename": name, "createdAt": row["created_at"]} for row in events if row["event"] == event]
        return {"nodes": nodes[:first] if last is None else nodes[-last:]}

    return resolve


ROUTES: tuple[Route, ...] = (("POST", "/graphql", answer),)
