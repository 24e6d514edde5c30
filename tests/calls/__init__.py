"""Tests of the rules of one call."""
