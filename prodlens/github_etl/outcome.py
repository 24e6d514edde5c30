"""What came of one sync of a repository, stream by stream."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from prodlens.errors import GithubError


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncOutcome:
    """What a sync of one repository wrote, what failed for good, and how far the store is.

    Attributes:
        repo: The repository, in the spelling that it is stored in.
        written: Rows inserted or updated, by stream.
        failures: Why a stream failed, for those that did. A stream that stopped at a budget or a rate limit did not
            fail; its reason is in ``state``.
        state: What ``sync_state`` returned after it.
    """

    repo: str
    written: Mapping[str, int]
    failures: Mapping[str, GithubError]
    state: Mapping[str, Any]

    @property
    def partial(self) -> bool:
        """Whether something of what was asked for is still to be read."""
        return bool(self.state["partial"]) or bool(self.failures)

    @property
    def reason(self) -> str | None:
        """Why the sync is partial, one sentence a stream; None when it is not, or is for no reason but its length."""
        reasons = {stream["stream"]: stream["stopped"] for stream in self.state["streams"] if stream["stopped"]}
        reasons |= {stream: str(error) for stream, error in self.failures.items()}
        return "; ".join(f"{stream.replace('_', ' ')}: {text}" for stream, text in reasons.items()) or None

    @property
    def exit_status(self) -> int:
        """What a program that did only this ends with: that of the gravest failure, 0 without one."""
        return max((error.exit_status for error in self.failures.values()), default=0)
