"""Tests of what the action gathers."""
