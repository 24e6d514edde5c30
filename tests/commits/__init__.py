"""Tests of commits: git history and trailers."""
