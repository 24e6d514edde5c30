"""From what GitHub answers (REST objects, GraphQL nodes) to the mappings that the store takes. Pure functions.

Objects may lack anything: deleted forks have no ``head.repo``, deleted users are null, small servers leave keys out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prodlens.commits import is_bot, message_trailers, reverted_commits, reverted_pull_request
from prodlens.evidence import body_signs
from prodlens.json_values import clean_text, count, whole_number
from prodlens.timestamps import iso_utc

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_VERDICTS = {"APPROVED", "CHANGES_REQUESTED", "DISMISSED"}
_NOTHING: Mapping[str, Any] = {}
GHOST = "ghost"  # the login under which GitHub shows whoever has deleted the account


def listed_pull_request(item: Mapping[str, Any], slug: str) -> dict[str, Any] | None:
    """Return the row of a pull request in the REST list; None without what a row needs.

    The list does not tell whether it was reopened, nor anything else of the details: those keys are absent.
    """
    number, created = whole_number(item.get("number")), iso_utc(item.get("created_at"))
    if number is None or created is None:
        return None
    user, head, base = _part(item, "user"), _part(item, "head"), _part(item, "base")
    merged, closed = iso_utc(item.get("merged_at")), iso_utc(item.get("closed_at"))
    state = clean_text(item.get("state")) or ("closed" if merged or closed else "open")
    identity = whole_number(item.get("id"))
    return {
        "id": number if identity is None else identity,
        "repo_slug": slug,
        "number": number,
        "title": clean_text(item.get("title")),
        "author": clean_text(user.get("login")) or (GHOST if "user" in item else None),
        "author_type": clean_text(user.get("type")),
        "state": state,
        "draft": item.get("draft") if isinstance(item.get("draft"), bool) else None,
        "created_at": created,
        "merged_at": merged,
        "closed_at": None if state == "open" else closed,
        "updated_at": iso_utc(item.get("updated_at")) or closed or merged or created,
        "labels": _names(_entries(item, "labels")) if "labels" in item else None,
        "head_ref": clean_text(head.get("ref")),
        "head_sha": clean_text(head.get("sha")),
        "head_repo": clean_text(_part(head, "repo").get("full_name")),
        "base_ref": clean_text(base.get("ref")),
        "merge_commit_sha": clean_text(item.get("merge_commit_sha")),
        "node_id": clean_text(item.get("node_id")),
        "reverts": reverted_pull_request(item.get("body"), slug),
        "body_signs": body_signs(item.get("body")) or None,
    }


def listed_repository(items: list[dict[str, Any]]) -> tuple[int | None, str | None]:
    """Return GitHub's number and the default branch of the repository that pull requests are listed of."""
    described = [_part(_part(item, "base"), "repo") for item in items]
    numbers = (whole_number(repository.get("id")) for repository in described)
    branches = (clean_text(repository.get("default_branch")) for repository in described)
    return next((number for number in numbers if number), None), next((branch for branch in branches if branch), None)


def listed_commit(item: Mapping[str, Any], slug: str, branch: str | None) -> dict[str, Any] | None:
    """Return the row of a commit in a REST list; None without a sha and a readable time."""
    sha, detail = clean_text(item.get("sha")), _part(item, "commit")
    committer, author = _part(detail, "committer"), _part(detail, "author")
    at = iso_utc(committer.get("date")) or iso_utc(author.get("date"))
    if sha is None or at is None:
        return None
    login = clean_text(_part(item, "author").get("login"))
    return {
        "sha": sha,
        "repo_slug": slug,
        "author": login or clean_text(author.get("name")),
        "author_is_login": login is not None,
        "timestamp": at,
        "branch": branch,
        "parents": len(_entries(item, "parents")) if "parents" in item else None,
        "trailers": message_trailers(detail.get("message")),
        "reverts": reverted_commits(detail.get("message")) or None,
        "from_github": True,
    }


def parent_shas(item: Mapping[str, Any]) -> list[str]:
    """Return the shas of a listed commit's parents."""
    parents = (parent for parent in _entries(item, "parents") if isinstance(parent, dict))
    return [sha for parent in parents if (sha := clean_text(parent.get("sha"))) is not None]


def events_details(events: list[dict[str, Any]]) -> dict[str, Any]:
    """Return what a pull request's REST events tell: whether it was ever reopened, and when first."""
    reopened = sorted(iso_utc(e.get("created_at")) or "" for e in events if e.get("event") == "reopened")
    return {"reopened": bool(reopened), "reopened_at": next((at for at in reopened if at), None), "details": "events"}


def node_details(node: Mapping[str, Any]) -> dict[str, Any]:
    """Return the details in a GraphQL pull request node.

    ``truncated`` maps the nested lists that hold less than they should to where they go on. ``migrations`` say what
    the counts of reviews are.
    """
    reopenings, commits = _nodes(node, "timelineItems"), _part(node, "commits")
    reviews = reviews_by_others(_nodes(node, "reviews"), clean_text(_part(node, "author").get("login")))
    verdicts = [review for review in reviews if review.get("state") in _VERDICTS]
    judged = {oid for review in verdicts if (oid := clean_text(_part(review, "commit").get("oid")))}
    cut = {name: end_cursor(node[name]) for name in ("commits", "reviews") if has_next(node.get(name))}
    return {
        "reopened": bool(reopenings),
        "reopened_at": min(_moments(reopenings), default=None),
        "ready_at": max(_moments(_nodes(node, "ready")), default=None),
        "first_review_at": min(filter(None, (iso_utc(review["submittedAt"]) for review in reviews)), default=None),
        "review_count": len(reviews),
        "changes_requested": sum(review.get("state") == "CHANGES_REQUESTED" for review in verdicts),
        "review_rounds": len(judged) or int(bool(verdicts)),
        "additions": count(node.get("additions")),
        "deletions": count(node.get("deletions")),
        "changed_files": count(node.get("changedFiles")),
        "commit_count": count(commits.get("totalCount")),
        "details": "graphql",
        "truncated": cut or None,
    }


def reviews_by_others(reviews: Iterable[Mapping[str, Any]], author: str | None) -> list[Mapping[str, Any]]:
    """Return the submitted reviews by people other than the author; a deleted account counts as another person."""
    found = []
    for review in reviews:
        reviewer = _part(review, "author")
        login = clean_text(reviewer.get("login"))
        by_bot = is_bot(login, clean_text(reviewer.get("__typename")))
        if not by_bot and (login is None or login != author) and iso_utc(review.get("submittedAt")):
            found.append(review)
    return found


def node_commits(node: Mapping[str, Any], pull_request_id: int) -> list[dict[str, Any]]:
    """Return the rows of ``pull_request_commits`` in a GraphQL pull request node."""
    rows = []
    for entry in _nodes(node, "commits"):
        commit = _part(entry, "commit")
        author = _part(commit, "author")
        login = clean_text(_part(author, "user").get("login"))
        sha, at = clean_text(commit.get("oid")), iso_utc(commit.get("committedDate"))
        if sha and at:
            rows.append(
                {
                    "pull_request_id": pull_request_id,
                    "sha": sha,
                    "author": login or clean_text(author.get("name")),
                    "author_is_login": int(login is not None),
                    "timestamp": at,
                    "trailers": message_trailers(commit.get("message")),
                }
            )
    return rows


def has_next(connection: object) -> bool:
    """Tell whether a GraphQL list goes on after what was asked."""
    return _page_of(connection).get("hasNextPage") is True


def end_cursor(connection: object) -> str | None:
    """Return where a GraphQL list goes on."""
    return clean_text(_page_of(connection).get("endCursor"))


def _page_of(connection: object) -> Mapping[str, Any]:
    return _part(connection, "pageInfo") if isinstance(connection, dict) else _NOTHING


def _part(whole: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Return the object of this name; an empty one where there is another value or none.

    ``json_values.mapping`` also reads JSON inside text, which traces have and GitHub does not.
    """
    part = whole.get(name)
    return part if isinstance(part, dict) else _NOTHING


def _entries(whole: Mapping[str, Any], name: str) -> list[Any]:
    """Return the list of this name; an empty one where there is another value or none."""
    part = whole.get(name)
    return part if isinstance(part, list) else []


def _nodes(node: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    return [entry for entry in _entries(_part(node, name), "nodes") if isinstance(entry, dict)]


def _moments(events: Iterable[Mapping[str, Any]]) -> list[str]:
    return [at for event in events if (at := iso_utc(event.get("createdAt")))]


def _names(labels: Iterable[Any]) -> list[str]:
    """Return the names of labels, which small servers list as text."""
    told = (
        label.get("name") if isinstance(label, dict) else label for label in labels if isinstance(label, dict | str)
    )
    return [name for name in map(clean_text, told) if name]
