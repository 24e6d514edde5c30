"""Tests of what the action publishes."""
