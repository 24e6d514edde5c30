"""Commits: read from a git clone, and the trailers of their messages."""
