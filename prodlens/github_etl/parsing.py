"""From what GitHub answers (REST objects, GraphQL nodes) to the mappings that the store takes. Pure functions.

Objects may lack anything: deleted forks have no ``head.repo``, deleted users are null, small servers leave keys out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prodlens.commits import is_bot, message_trailers, reverted_commits, reverted_pull_request
from prodlens.evidence import body_signs
from prodlens.json_values import clean_text, count, mapping, sequence, whole_number
from prodlens.timestamps import iso_utc

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_VERDICTS = {"APPROVED", "CHANGES_REQUESTED", "DISMISSED"}
GHOST = "ghost"  # the login under which GitHub shows whoever has deleted the account


def listed_pull_request(item: Mapping[str, Any], slug: str) -> dict[str, Any] | None:
    """Return the row of a pull request in the REST list; None without what a row needs.

    The list does not tell whether it was reopened, nor anything else of the details: those keys are absent.
    """
    number, created = whole_number(item.get("number")), iso_utc(item.get("created_at"))
    if number is None or created is None:
        return None
    user, head, base = item.get("user"), mapping(item.get("head")), mapping(item.get("base"))
    merged, closed = iso_utc(item.get("merged_at")), iso_utc(item.get("closed_at"))
    state = clean_text(item.get("state")) or ("closed" if merged or closed else "open")
    identity = whole_number(item.get("id"))
    return {
        "id": number if identity is None else identity,
        "repo_slug": slug,
        "number": number,
        "title": clean_text(item.get("title")),
        "author": _login(user) or (GHOST if "user" in item else None),
        "author_type": clean_text(mapping(user).get("type")),
        "state": state,
        "draft": item.get("draft") if isinstance(item.get("draft"), bool) else None,
        "created_at": created,
        "merged_at": merged,
        "closed_at": None if state == "open" else closed,
        "updated_at": iso_utc(item.get("updated_at")) or closed or merged or created,
        "labels": _names(item["labels"]) if "labels" in item else None,
        "head_ref": clean_text(head.get("ref")),
        "head_sha": clean_text(head.get("sha")),
        "head_repo": clean_text(mapping(head.get("repo")).get("full_name")),
        "base_ref": clean_text(base.get("ref")),
        "merge_commit_sha": clean_text(item.get("merge_commit_sha")),
        "node_id": clean_text(item.get("node_id")),
        "reverts": reverted_pull_request(item.get("body"), slug),
        "body_signs": body_signs(item.get("body")) or None,
    }


def listed_repository(items: list[dict[str, Any]]) -> tuple[int | None, str | None]:
    """Return GitHub's number and the default branch of the repository that pull requests are listed of."""
    described = [mapping(mapping(item.get("base")).get("repo")) for item in items]
    numbers = (whole_number(repository.get("id")) for repository in described)
    branches = (clean_text(repository.get("default_branch")) for repository in described)
    return next((number for number in numbers if number), None), next((branch for branch in branches if branch), None)


def listed_commit(item: Mapping[str, Any], slug: str, branch: str | None) -> dict[str, Any] | None:
    """Return the row of a commit in a REST list; None without a sha and a readable time."""
    sha, detail = clean_text(item.get("sha")), mapping(item.get("commit"))
    committer, author = mapping(detail.get("committer")), mapping(detail.get("author"))
    at = iso_utc(committer.get("date")) or iso_utc(author.get("date"))
    if sha is None or at is None:
        return None
    login = _login(item.get("author"))
    return {
        "sha": sha,
        "repo_slug": slug,
        "author": login or clean_text(author.get("name")),
        "author_is_login": login is not None,
        "timestamp": at,
        "branch": branch,
        "parents": len(sequence(item["parents"])) if "parents" in item else None,
        "trailers": message_trailers(detail.get("message")),
        "reverts": reverted_commits(detail.get("message")) or None,
        "from_github": True,
    }


def parent_shas(item: Mapping[str, Any]) -> list[str]:
    """Return the shas of a listed commit's parents."""
    shas = (clean_text(mapping(parent).get("sha")) for parent in sequence(item.get("parents")))
    return [sha for sha in shas if sha]


def events_details(events: list[dict[str, Any]]) -> dict[str, Any]:
    """Return what a pull request's REST events tell: whether it was ever reopened, and when first."""
    reopened = sorted(iso_utc(e.get("created_at")) or "" for e in events if e.get("event") == "reopened")
    return {"reopened": bool(reopened), "reopened_at": next((at for at in reopened if at), None), "details": "events"}


def node_details(node: Mapping[str, Any]) -> dict[str, Any]:
    """Return the details in a GraphQL pull request node.

    ``truncated`` maps the nested lists that hold less than they should to where they go on. ``migrations`` say what
    the counts of reviews are.
    """
    reopenings = [at for event in _nodes(node.get("timelineItems")) if (at := iso_utc(event.get("createdAt")))]
    ready = [at for event in _nodes(node.get("ready")) if (at := iso_utc(event.get("createdAt")))]
    author = clean_text(mapping(node.get("author")).get("login"))
    reviews = reviews_by_others(_nodes(node.get("reviews")), author)
    verdicts = [review for review in reviews if review.get("state") in _VERDICTS]
    commits = {oid for review in verdicts if (oid := clean_text(mapping(review.get("commit")).get("oid")))}
    cut = {name: end_cursor(node.get(name)) for name in ("commits", "reviews") if has_next(node.get(name))}
    return {
        "reopened": bool(_nodes(node.get("timelineItems"))),
        "reopened_at": min(reopenings, default=None),
        "ready_at": max(ready, default=None),
        "first_review_at": min(filter(None, (iso_utc(review["submittedAt"]) for review in reviews)), default=None),
        "review_count": len(reviews),
        "changes_requested": sum(review.get("state") == "CHANGES_REQUESTED" for review in verdicts),
        "review_rounds": len(commits) or int(bool(verdicts)),
        "additions": count(node.get("additions")),
        "deletions": count(node.get("deletions")),
        "changed_files": count(node.get("changedFiles")),
        "commit_count": count(mapping(node.get("commits")).get("totalCount")),
        "details": "graphql",
        "truncated": cut or None,
    }


def reviews_by_others(reviews: Iterable[Mapping[str, Any]], author: str | None) -> list[Mapping[str, Any]]:
    """Return the submitted reviews by people other than the author; a deleted account counts as another person."""
    found = []
    for review in reviews:
        reviewer = mapping(review.get("author"))
        login = clean_text(reviewer.get("login"))
        by_bot = is_bot(login, clean_text(reviewer.get("__typename")))
        if not by_bot and (login is None or login != author) and iso_utc(review.get("submittedAt")):
            found.append(review)
    return found


def node_commits(node: Mapping[str, Any], pull_request_id: int) -> list[dict[str, Any]]:
    """Return the rows of ``pull_request_commits`` in a GraphQL pull request node."""
    rows = []
    for entry in _nodes(node.get("commits")):
        commit = mapping(entry.get("commit"))
        author = mapping(commit.get("author"))
        login = clean_text(mapping(author.get("user")).get("login"))
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
    return mapping(mapping(connection).get("pageInfo")).get("hasNextPage") is True


def end_cursor(connection: object) -> str | None:
    """Return where a GraphQL list goes on."""
    return clean_text(mapping(mapping(connection).get("pageInfo")).get("endCursor"))


def _nodes(connection: object) -> list[Mapping[str, Any]]:
    return [node for node in sequence(mapping(connection).get("nodes")) if isinstance(node, dict)]


def _login(user: object) -> str | None:
    return clean_text(mapping(user).get("login"))


def _names(labels: object) -> list[str]:
    names = (clean_text(label if isinstance(label, str) else mapping(label).get("name")) for label in sequence(labels))
    return [name for name in names if name]
