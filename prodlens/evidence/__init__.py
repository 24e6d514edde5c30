"""What AI did: the signs of it on commits and pull requests, and which call belongs to which pull request."""

from prodlens.evidence.attribution import (
    CONFIDENCES,
    HIGH,
    Evidence,
    commit_evidence,
    pull_request_evidence,
    stored_evidence,
)
from prodlens.evidence.call_attribution import BranchClaim, BranchUse, branch_claims

__all__ = [
    "CONFIDENCES",
    "HIGH",
    "BranchClaim",
    "BranchUse",
    "Evidence",
    "branch_claims",
    "commit_evidence",
    "pull_request_evidence",
    "stored_evidence",
]
