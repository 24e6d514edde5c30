"""Tests of the action."""
