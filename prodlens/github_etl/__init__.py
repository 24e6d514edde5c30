"""From GitHub to the store: pull requests, their details, and commits, each stream resumed where it stopped.

The class that asks GitHub loads requests, and so with its first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from prodlens.github_etl.state import COMMITS, PULL_REQUESTS, sync_state, synced_repositories
from prodlens.lazy_names import loader

if TYPE_CHECKING:
    from prodlens.github_etl.etl import GithubETL
    from prodlens.github_etl.outcome import SyncOutcome

__all__ = ["COMMITS", "PULL_REQUESTS", "GithubETL", "SyncOutcome", "sync_state", "synced_repositories"]

__getattr__ = loader(
    "prodlens.github_etl", {"GithubETL": "prodlens.github_etl.etl", "SyncOutcome": "prodlens.github_etl.outcome"}
)
