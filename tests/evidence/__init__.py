"""Tests of evidence of AI work."""
