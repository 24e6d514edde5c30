"""From GitHub or a clone to the store: pull requests, their details, and commits, each resumed where it stopped.

The class that asks GitHub loads requests, and so with its first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from prodlens.github_etl.clone_commits import CloneReading, take_commits_from_clone
from prodlens.github_etl.state import COMMITS, PULL_REQUESTS, sync_state, synced_repositories
from prodlens.lazy_names import loader

if TYPE_CHECKING:
    from prodlens.github_etl.etl import GithubETL
    from prodlens.github_etl.outcome import SyncOutcome

__all__ = [
    "COMMITS",
    "PULL_REQUESTS",
    "CloneReading",
    "GithubETL",
    "SyncOutcome",
    "sync_state",
    "synced_repositories",
    "take_commits_from_clone",
]

__getattr__ = loader(
    "prodlens.github_etl", {"GithubETL": "prodlens.github_etl.etl", "SyncOutcome": "prodlens.github_etl.outcome"}
)
