"""Tests of the organisation's report."""
