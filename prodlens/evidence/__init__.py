"""What AI did: the signs of it on commits and pull requests."""

from prodlens.evidence.attribution import HIGH, Evidence, commit_evidence, pull_request_evidence

__all__ = ["HIGH", "Evidence", "commit_evidence", "pull_request_evidence"]
