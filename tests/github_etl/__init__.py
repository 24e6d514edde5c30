"""Tests of the sync with GitHub."""
