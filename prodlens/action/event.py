"""From what started a workflow run to what the run may do: a pure function of event name, payload and ref.

The payload is what GitHub wrote to ``GITHUB_EVENT_PATH``; titles and branch names in it are strangers' words, so
nothing but numbers, ids and shas is taken from it without a check.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

# The only events whose runs may save the cache: code of the default branch, started by somebody with write access.
SAVING_EVENTS = frozenset({"push", "schedule", "workflow_dispatch"})
# Events whose payload describes a pull request while the token is taken from a fork and from Dependabot.
_GUARDED_EVENTS = frozenset({"pull_request", "pull_request_review", "pull_request_review_comment"})
_PULL_REQUEST_EVENTS = _GUARDED_EVENTS | {"pull_request_target"}
DEPENDABOT = "dependabot[bot]"
_PULL_REF = re.compile(r"refs/pull/([1-9]\d{0,9})/(?:merge|head)")
_QUEUE_REF = re.compile(r"(?:refs/heads/)?gh-readonly-queue/.+/pr-([1-9]\d{0,9})-[0-9a-f]{40}")
_SHA = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The head that a finished run was started for: its pull request is the one with this owner, branch and sha."""

    owner: str
    branch: str
    sha: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Mode:
    """What a run may do.

    Attributes:
        event: Name of the event.
        pull_request: Number of the pull request that the run is about; None when there is none, or when it must be
            looked up through ``head``.
        head: For ``workflow_run``: what the pull request must be looked up with; an artifact never names it.
        fork: Whether the run works on a fork's head, or on a head whose repository is gone.
        read_only: Whether GitHub gave a token that cannot write (forks and Dependabot).
        may_save_cache: Whether the cache may be saved: on the default branch, by one of ``SAVING_EVENTS``.
        once_a_day: Whether saving once a day is enough.
        why_not_saved: Reason that ``may_save_cache`` is false; empty when it is true.
    """

    event: str
    pull_request: int | None = None
    head: Head | None = None
    fork: bool = False
    read_only: bool = False
    may_save_cache: bool = False
    once_a_day: bool = False
    why_not_saved: str = ""

    @property
    def about_pull_request(self) -> bool:
        """Whether there is, or may be, a pull request that a comment belongs to."""
        return self.pull_request is not None or self.head is not None


def mode_of(event: str, payload: object, ref: str) -> Mode:
    """Return the mode of a run.

    Args:
        event: Name of the event (``GITHUB_EVENT_NAME``); empty at a desk.
        payload: The event's payload as parsed JSON, whatever it is.
        ref: The ref that the run is for (``GITHUB_REF``).
    """
    data = _mapping(payload)
    number, head, fork = None, None, False
    if event in _PULL_REQUEST_EVENTS:
        pull = _mapping(data.get("pull_request"))
        number, fork = _number(pull.get("number")) or _in_ref(_PULL_REF, ref), _is_fork(pull)
    elif event == "workflow_run":
        head, fork = _triggering_head(data)
    elif event == "merge_group":
        number = _in_ref(_QUEUE_REF, str(_mapping(data.get("merge_group")).get("head_ref") or ref))
    elif event == "issue_comment":
        issue = _mapping(data.get("issue"))
        number = _number(issue.get("number")) if issue.get("pull_request") else None
    by_dependabot = _mapping(data.get("sender")).get("login") == DEPENDABOT
    why_not = _why_not_saved(event, data, ref, by_dependabot)
    return Mode(
        event=event,
        pull_request=number,
        head=head,
        fork=fork,
        read_only=(fork and event in _GUARDED_EVENTS) or (by_dependabot and event != "workflow_run"),
        may_save_cache=not why_not,
        once_a_day=event == "push",
        why_not_saved=why_not,
    )


def workflow_path(text: str) -> str:
    """Return the path of a workflow file from its name, its path, or ``owner/name/path@ref``."""
    path = text.partition("@")[0].strip()
    marker = ".github/workflows/"
    return marker + path.rpartition(marker)[2]


def _why_not_saved(event: str, data: Mapping[str, Any], ref: str, by_dependabot: bool) -> str:
    if event not in SAVING_EVENTS:
        return f"runs by {event or 'hand'} read the cache and never save it"
    if by_dependabot:
        return "runs that Dependabot started read the cache and never save it"
    default = _mapping(data.get("repository")).get("default_branch")
    if event == "schedule" and not default:  # GitHub starts schedules on the default branch only
        return ""
    if not isinstance(default, str) or not default:
        return "the event does not say which branch is the default one"
    if ref != f"refs/heads/{default}":
        return f"only runs of the default branch ({default}) save the cache"
    return ""


def _triggering_head(data: Mapping[str, Any]) -> tuple[Head | None, bool]:
    run = _mapping(data.get("workflow_run"))
    head_repository = _mapping(run.get("head_repository"))
    own = _mapping(data.get("repository")).get("id")
    fork = own is None or head_repository.get("id") != own
    if run.get("event") not in _PULL_REQUEST_EVENTS:
        return None, fork
    owner, branch = _mapping(head_repository.get("owner")).get("login"), run.get("head_branch")
    sha = run.get("head_sha")
    if not (isinstance(owner, str) and owner and isinstance(branch, str) and branch and isinstance(sha, str)):
        return None, fork
    return (Head(owner=owner, branch=branch, sha=sha) if _SHA.fullmatch(sha) else None), fork


def _is_fork(pull: Mapping[str, Any]) -> bool:
    """Tell whether the head is another repository's; a head whose repository was deleted counts as a fork's."""
    head = _mapping(_mapping(pull.get("head")).get("repo")).get("id")
    base = _mapping(_mapping(pull.get("base")).get("repo")).get("id")
    return head is None or head != base


def _in_ref(pattern: re.Pattern[str], ref: str) -> int | None:
    match = pattern.fullmatch(ref)
    return int(match[1]) if match else None


def _number(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
