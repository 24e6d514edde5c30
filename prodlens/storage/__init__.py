"""The SQLite file: every INSERT, UPDATE and DELETE on calls, pull requests, commits and checkpoints."""

from prodlens.storage.call_rows import RepositoryDay, put_decisions, put_sessions, session_values
from prodlens.storage.call_upsert import put_calls
from prodlens.storage.delivery_rows import (
    delete_commits_but,
    delete_pull_requests,
    put_listed_commits,
    put_listed_pull_requests,
    upsert_pull_requests,
)
from prodlens.storage.in_queries import marks, portions
from prodlens.storage.migrations import migrations
from prodlens.storage.notes import CALLS_CHANGED, PRUNED_BEFORE, read_note, write_note
from prodlens.storage.reverts import mark_reverted, revert_times
from prodlens.storage.row_conversion import SESSION_COLUMNS
from prodlens.storage.session_marks import put_session_marks
from prodlens.storage.store import APPLICATION_ID, SCHEMA_VERSION, SIMULATED_MARK, ProdLensStore
from prodlens.storage.usage_days import put_usage_days

__all__ = [
    "APPLICATION_ID",
    "CALLS_CHANGED",
    "PRUNED_BEFORE",
    "SCHEMA_VERSION",
    "SESSION_COLUMNS",
    "SIMULATED_MARK",
    "ProdLensStore",
    "RepositoryDay",
    "delete_commits_but",
    "delete_pull_requests",
    "mark_reverted",
    "marks",
    "migrations",
    "portions",
    "put_calls",
    "put_decisions",
    "put_listed_commits",
    "put_listed_pull_requests",
    "put_session_marks",
    "put_sessions",
    "put_usage_days",
    "read_note",
    "revert_times",
    "session_values",
    "upsert_pull_requests",
    "write_note",
]
