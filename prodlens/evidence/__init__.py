"""What AI did: the signs of it on commits and pull requests, and which call belongs to which pull request."""

from prodlens.evidence.ai_notes import AiNote, read_note
from prodlens.evidence.call_attribution import BranchUse
from prodlens.evidence.claimed_calls import CLOSED_AT, ClaimedCalls, claimed_calls
from prodlens.evidence.signs import (
    CONFIDENCES,
    HIGH,
    LOW,
    MEDIUM,
    Evidence,
    body_signs,
    commit_evidence,
    pull_request_evidence,
)
from prodlens.evidence.stored import explained_commits, explained_evidence, noted_evidence, stored_evidence

__all__ = [
    "CLOSED_AT",
    "CONFIDENCES",
    "HIGH",
    "LOW",
    "MEDIUM",
    "AiNote",
    "BranchUse",
    "ClaimedCalls",
    "Evidence",
    "body_signs",
    "claimed_calls",
    "commit_evidence",
    "explained_commits",
    "explained_evidence",
    "noted_evidence",
    "pull_request_evidence",
    "read_note",
    "stored_evidence",
]
