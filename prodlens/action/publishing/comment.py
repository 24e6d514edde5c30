"""One comment on a pull request or issue: found by marker and author over all pages, updated in place.

Anybody can write a comment that holds the marker, so the author decides. The marker also says whose report it is, so
that other workflows and jobs keep comments of their own, and whether the figures have changed since.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from prodlens.action.inputs import COMMENT_ALWAYS, COMMENT_CHANGES
from prodlens.errors import GithubError
from prodlens.github import NotFoundError
from prodlens.rendering import COMMENT_LIMIT_BYTES, fitted
from prodlens.schemas import content_hash

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from prodlens.github import GithubClient

WORKFLOW_LOGIN = "github-actions[bot]"
_MARKER = re.compile(r"<!-- prodlens:report figures=(?P<figures>[0-9a-f]{12}) key=(?P<key>[0-9a-f]{12}) -->")
_FINGERPRINT_DIGITS = 12
NO_KEY = "0" * 12
_FOLD = "<details>\n<summary>{title}</summary>\n\n"
_END_OF_FOLD = "\n</details>\n"
VIEWER_QUERY = "query { viewer { login } }"


@dataclass(frozen=True, slots=True)
class Posted:
    """What became of a comment: ``created``, ``updated`` or ``unchanged``, and its address."""

    done: str
    url: str


def assemble(head: str, figures: Sequence[str], tail: str, fingerprint: str, key: str = NO_KEY) -> str:
    """Return the body of a comment: marker, what matters first, the figures folded, links; at most the allowed bytes.

    Args:
        head: What stands open at the top, as Markdown.
        figures: The blocks of the report, as Markdown; the last ones are left out, with a notice, when all do not fit.
        tail: What stands below the fold.
        fingerprint: What ``figures_fingerprint`` returned.
        key: 12 hex digits that tell this report's comment from others on the same pull request.
    """
    begin = f"<!-- prodlens:report figures={fingerprint} key={key} -->\n{head.strip()}\n\n"
    end = f"\n{tail.strip()}\n" if tail.strip() else ""
    if figures:
        begin, end = begin + _FOLD.format(title="The repository's figures"), _END_OF_FOLD + end
    room = COMMENT_LIMIT_BYTES - len((begin + end).encode())
    return begin + (fitted(figures, room) if figures else "") + end


def figures_fingerprint(*figures: object) -> str:
    """Return 12 hex digits that change when one of the figures does; for ``comment: changes``."""
    return content_hash(figures)[:_FINGERPRINT_DIGITS]


def post_comment(client: GithubClient, repository: str, number: int, body: str, *, setting: str) -> Posted:
    """Update our comment on a pull request or issue, or create it.

    ``auto`` leaves a comment alone that says the same already, ``changes`` one whose figures are the same, ``always``
    writes in any case.

    Raises:
        GithubError: GitHub could not be asked or refused; nothing was written.
    """
    own = _own_comment(client, repository, number, _key(body))
    if own is not None:
        if not _differs(str(own.get("body") or ""), body, setting):
            return Posted("unchanged", str(own.get("html_url") or ""))
        try:
            answer = client.write("patch", f"repos/{repository}/issues/comments/{int(own['id'])}", {"body": body})
            return Posted("updated", _address(answer.json()))
        except NotFoundError:  # deleted since it was listed
            pass
    answer = client.write("post", f"repos/{repository}/issues/{number}/comments", {"body": body})
    return Posted("created", _address(answer.json()))


def _differs(old: str, new: str, setting: str) -> bool:
    if setting == COMMENT_CHANGES:
        before, after = _MARKER.match(old), _MARKER.match(new)
        return before is None or after is None or before["figures"] != after["figures"]
    return setting == COMMENT_ALWAYS or old.replace("\r\n", "\n").strip() != new.strip()


def _key(body: str) -> str | None:
    marker = _MARKER.match(body)
    return marker["key"] if marker else None


def _own_comment(client: GithubClient, repository: str, number: int, key: str | None) -> Mapping[str, Any] | None:
    """Return the oldest comment of ours that begins with the marker of this key."""
    marked = [c for c in _comments(client, repository, number) if key and _key(str(c.get("body") or "")) == key]
    if not marked:
        return None
    login = _own_login(client)
    return next((comment for comment in marked if _is_by(comment.get("user"), login)), None)


def _comments(client: GithubClient, repository: str, number: int) -> Iterator[Mapping[str, Any]]:
    for page in client.pages(f"repos/{repository}/issues/{number}/comments", params={"per_page": "100"}):
        yield from page.rows()


def _own_login(client: GithubClient) -> str:
    """Return whose token it is. A workflow's own token cannot ask everywhere; it belongs to the Actions bot."""
    try:
        viewer = client.graphql(VIEWER_QUERY, {}).get("viewer")
    except GithubError:
        return WORKFLOW_LOGIN
    login = viewer.get("login") if isinstance(viewer, dict) else None
    return login if isinstance(login, str) and login else WORKFLOW_LOGIN


def _is_by(user: object, login: str) -> bool:
    """Return whether an account has the login. GraphQL and REST write ``[bot]`` differently, and only for bots."""
    if not isinstance(user, dict):
        return False
    if user.get("type") == "Bot":
        return str(user.get("login")).removesuffix("[bot]") == login.removesuffix("[bot]")
    return user.get("login") == login


def _address(comment: object) -> str:
    url = comment.get("html_url") if isinstance(comment, dict) else None
    return url if isinstance(url, str) else ""
