"""Commits: read from a git clone, the trailers of their messages, what they revert, and which accounts are bots."""

from prodlens.commits.accounts import is_bot
from prodlens.commits.git_history import (
    USUAL_BRANCHES,
    GitHistory,
    GitHistoryError,
    committer_here,
    origin_slug,
    read_history,
)
from prodlens.commits.git_notes import NOTES_REF, NoteBlob, added_lines, note_texts, noted_commits
from prodlens.commits.merged_pull_requests import MergedPullRequest
from prodlens.commits.reverts import reverted_commits, reverted_pull_request, reverted_title
from prodlens.commits.trailers import message_trailers, trailers_in

__all__ = [
    "NOTES_REF",
    "USUAL_BRANCHES",
    "GitHistory",
    "GitHistoryError",
    "MergedPullRequest",
    "NoteBlob",
    "added_lines",
    "committer_here",
    "is_bot",
    "message_trailers",
    "note_texts",
    "noted_commits",
    "origin_slug",
    "read_history",
    "reverted_commits",
    "reverted_pull_request",
    "reverted_title",
    "trailers_in",
]
