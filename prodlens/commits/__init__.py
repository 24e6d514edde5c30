"""Commits: read from a git clone, and the trailers of their messages."""

from prodlens.commits.git_history import GitHistory, GitHistoryError, origin_slug, read_history
from prodlens.commits.trailers import message_trailers, trailers_in

__all__ = ["GitHistory", "GitHistoryError", "message_trailers", "origin_slug", "read_history", "trailers_in"]
