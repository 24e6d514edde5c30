"""What tells the report of one job from another's: workflow file, job, and the input ``comment-key``."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, NamedTuple

from prodlens.action.event import workflow_path
from prodlens.schemas import content_hash

if TYPE_CHECKING:
    from collections.abc import Mapping

_DIGEST_DIGITS = 12
_LONGEST_NAME = 100
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9._-]+")


class Identity(NamedTuple):
    """Workflow file, job and key of a report; each may be empty where the runner does not say it."""

    workflow: str
    job: str
    key: str

    def digest(self, repository: str, number: int) -> str:
        """Return 12 hex digits for the comment of this report on one pull request or issue."""
        return content_hash((*self, repository.lower(), number))[:_DIGEST_DIGITS]

    @property
    def name(self) -> str:
        """The identity as a part of an artifact's name."""
        parts = (PurePosixPath(self.workflow).stem, self.job, self.key)
        cleaned = (_NOT_IN_NAMES.sub("-", part).strip("-") for part in parts)
        return "-".join(filter(None, cleaned))[:_LONGEST_NAME]


def report_identity(environ: Mapping[str, str], key: str) -> Identity:
    """Return the identity of this run's report.

    Args:
        environ: The runner's environment.
        key: The input ``comment-key``.
    """
    workflow = environ.get("GITHUB_WORKFLOW_REF", "")
    return Identity(workflow_path(workflow) if workflow else "", environ.get("GITHUB_JOB", ""), key)
