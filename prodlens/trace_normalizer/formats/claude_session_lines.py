"""The lines of a Claude Code transcript that say what its session worked on: pull requests and worktrees.

A ``pr-link`` line is written when the session has opened a pull request, and again each time that the transcript is
closed. A ``worktree-state`` line says that the session went into a git worktree or left it; the lines that follow keep
on naming the branch of the main clone. It has no time, so it takes that of the line before it.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from prodlens.json_values import clean_text, identifier, mapping
from prodlens.schemas import SessionBranch, SessionLink
from prodlens.timestamps import parse_timestamp
from prodlens.trace_normalizer.formats.recorded_values import slug

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

_LINK, _WORKTREE = "pr-link", "worktree-state"
_JUST_BEFORE = timedelta(microseconds=1)


class SessionLines:
    """Reads the lines of one transcript in their order."""

    def __init__(self) -> None:
        self._latest: dict[str, datetime] = {}
        self._waiting: dict[str, str | None] = {}

    def read(self, record: Mapping[str, Any]) -> list[SessionBranch | SessionLink]:
        """Return what a line says of its session."""
        session, at = clean_text(record.get("sessionId")), parse_timestamp(record.get("timestamp"))
        if session is None:
            return []
        kind = record.get("type")
        if kind == _WORKTREE:
            return self._worktree(session, at, record.get("worktreeSession"))
        found: list[SessionBranch | SessionLink] = []
        if at is not None:
            if session in self._waiting:
                found.append(SessionBranch(session, at - _JUST_BEFORE, self._waiting.pop(session)))
            self._latest[session] = at
        if kind == _LINK:
            found += _link(session, at, record)
        return found

    def _worktree(self, session: str, at: datetime | None, state: object) -> list[SessionBranch | SessionLink]:
        branch = clean_text(mapping(state).get("worktreeBranch"))
        if state is not None and branch is None:  # a worktree that somebody's own program made
            return []
        since = at or self._latest.get(session)
        if since is None:
            self._waiting[session] = branch
            return []
        return [SessionBranch(session, since, branch)]


def _link(session: str, at: datetime | None, record: Mapping[str, Any]) -> list[SessionBranch | SessionLink]:
    repository, number = slug(record.get("prRepository")), identifier(record.get("prNumber"))
    return [SessionLink(session, at, repository, number)] if at and repository and number else []
