"""Tests of artifacts, listed and uploaded."""
