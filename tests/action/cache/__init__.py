"""Tests of the cache of the action."""
