"""What AI did: the signs of it on commits and pull requests, and which call belongs to which pull request."""

from prodlens.evidence.attribution import (
    CONFIDENCES,
    HIGH,
    Evidence,
    commit_evidence,
    pull_request_evidence,
    stored_evidence,
)
from prodlens.evidence.call_attribution import BranchUse
from prodlens.evidence.claimed_calls import CLOSED_AT, ClaimedCalls, claimed_calls

__all__ = [
    "CLOSED_AT",
    "CONFIDENCES",
    "HIGH",
    "BranchUse",
    "ClaimedCalls",
    "Evidence",
    "claimed_calls",
    "commit_evidence",
    "pull_request_evidence",
    "stored_evidence",
]
