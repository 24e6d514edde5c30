"""Artifacts: listed and fetched through the REST API, uploaded from inside a run."""
