"""What started a workflow run, and what the run may therefore do.

GitHub writes the payload to ``GITHUB_EVENT_PATH``. Strangers choose the titles and branch names in it, so only numbers,
ids and shas are taken from it unchecked.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prodlens.json_values import identifier, mapping

if TYPE_CHECKING:
    from collections.abc import Mapping

# The only events whose runs may save the cache: code of the default branch, started by somebody with write access.
SAVING_EVENTS = frozenset({"push", "schedule", "workflow_dispatch"})
# Events whose payload describes a pull request while the token is taken from a fork and from Dependabot.
_GUARDED_EVENTS = frozenset({"pull_request", "pull_request_review", "pull_request_review_comment"})
_PULL_REQUEST_EVENTS = _GUARDED_EVENTS | {"pull_request_target"}
_DEPENDABOT = "dependabot[bot]"
_PULL_REF = re.compile(r"refs/pull/([1-9]\d{0,9})/(?:merge|head)")
_QUEUE_REF = re.compile(r"(?:refs/heads/)?gh-readonly-queue/.+/pr-([1-9]\d{0,9})-[0-9a-f]{40}")
_SHA = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The head commit of the run that triggered this one; its pull request has this owner, branch and sha."""

    owner: str
    branch: str
    sha: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Mode:
    """What a run may do.

    Attributes:
        event: Name of the event.
        pull_request: Number of the run's pull request; None without one, or when ``head`` must be looked up first.
        head: For ``workflow_run``: the head commit to find the pull request by. The number is never taken from an
            artifact, which a stranger can forge.
        fork: Whether the run works on the head of a fork, or of a repository that is gone.
        read_only: Whether GitHub gave a token that cannot write (forks and Dependabot).
        may_save_cache: Whether the cache may be saved: on the default branch, by one of ``SAVING_EVENTS``.
        once_a_day: Whether saving once a day is enough.
        why_not_saved: The reason when ``may_save_cache`` is false; else empty.
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """The event that started the run: what it allows, and its payload as GitHub wrote it."""

    mode: Mode
    payload: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @property
    def repository(self) -> Mapping[str, Any]:
        """The repository as the payload describes it; empty when it does not."""
        return mapping(self.payload.get("repository"))


def read_event(environ: Mapping[str, str]) -> Event:
    """Read the event that started this run. A payload that is missing or cannot be read counts as empty."""
    path = environ.get("GITHUB_EVENT_PATH", "")
    try:
        parsed = json.loads(Path(path).read_bytes()) if path else None
    except (OSError, ValueError, RecursionError):
        parsed = None
    payload = parsed if isinstance(parsed, dict) else {}
    mode = mode_of(environ.get("GITHUB_EVENT_NAME", ""), payload, environ.get("GITHUB_REF", ""))
    return Event(mode=mode, payload=payload)


def mode_of(event: str, payload: object, ref: str) -> Mode:
    """Return the mode of a run.

    Args:
        event: Name of the event (``GITHUB_EVENT_NAME``); empty in a local run.
        payload: The event's payload as parsed JSON, whatever it is.
        ref: The ref that the run is for (``GITHUB_REF``).
    """
    data = mapping(payload)
    number, head, fork = None, None, False
    if event in _PULL_REQUEST_EVENTS:
        pull = mapping(data.get("pull_request"))
        number, fork = identifier(pull.get("number")) or _in_ref(_PULL_REF, ref), _is_fork(pull)
    elif event == "workflow_run":
        head, fork = _triggering_head(data)
    elif event == "merge_group":
        number = _in_ref(_QUEUE_REF, str(mapping(data.get("merge_group")).get("head_ref") or ref))
    elif event == "issue_comment":
        issue = mapping(data.get("issue"))
        number = identifier(issue.get("number")) if issue.get("pull_request") else None
    by_dependabot = mapping(data.get("sender")).get("login") == _DEPENDABOT
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
        return f"runs started by {event or 'hand'} read the cache and never save it"
    if by_dependabot:
        return "runs started by Dependabot read the cache and never save it"
    default = mapping(data.get("repository")).get("default_branch")
    if event == "schedule" and not default:  # GitHub starts schedules on the default branch only
        return ""
    if not isinstance(default, str) or not default:
        return "the event does not name the default branch"
    if ref != f"refs/heads/{default}":
        return f"only runs of the default branch ({default}) save the cache"
    return ""


def _triggering_head(data: Mapping[str, Any]) -> tuple[Head | None, bool]:
    run = mapping(data.get("workflow_run"))
    head_repository = mapping(run.get("head_repository"))
    own = mapping(data.get("repository")).get("id")
    fork = own is None or head_repository.get("id") != own
    if run.get("event") not in _PULL_REQUEST_EVENTS:
        return None, fork
    owner, branch = mapping(head_repository.get("owner")).get("login"), run.get("head_branch")
    sha = run.get("head_sha")
    if not (isinstance(owner, str) and owner and isinstance(branch, str) and branch and isinstance(sha, str)):
        return None, fork
    return (Head(owner=owner, branch=branch, sha=sha) if _SHA.fullmatch(sha) else None), fork


def _is_fork(pull: Mapping[str, Any]) -> bool:
    """Return whether the head is in another repository. A head whose repository was deleted counts as a fork."""
    head = mapping(mapping(pull.get("head")).get("repo")).get("id")
    base = mapping(mapping(pull.get("base")).get("repo")).get("id")
    return head is None or head != base


def _in_ref(pattern: re.Pattern[str], ref: str) -> int | None:
    match = pattern.fullmatch(ref)
    return int(match[1]) if match else None
