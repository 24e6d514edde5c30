"""Tests of the client of GitHub."""
