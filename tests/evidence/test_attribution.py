"""Evidence of AI work on commits and pull requests."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prodlens.commits.trailers import trailers_in
from prodlens.evidence.attribution import (
    Evidence,
    commit_evidence,
    confidence_of,
    pull_request_evidence,
    signatures,
    stored_evidence,
)
from prodlens.storage import ProdLensStore

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("value", "tool"),
    [
        ("Claude Opus 4.5 <noreply@anthropic.com>", "Claude Code"),
        ("Somebody Else <NoReply@Anthropic.com>", "Claude Code"),
        ("Claude Sonnet 4.6", "Claude Code"),
        ("Copilot <175728472+Copilot@users.noreply.github.com>", "GitHub Copilot"),
        ("Devin AI <158243242+devin-ai-integration[bot]@users.noreply.github.com>", "Devin"),
        ("Cursor <cursoragent@cursor.com>", "Cursor"),
        ("aider (gpt-5) <noreply@aider.chat>", "aider"),
        ("Codex", "Codex"),
    ],
)
def test_co_author_trailers(value: str, tool: str) -> None:
    """A co-author trailer with the tool's address, account or full name is high evidence."""
    assert commit_evidence({"trailers": [["Co-authored-by", value]]}) == {Evidence(tool, "trailer", "high")}


@pytest.mark.parametrize(
    "trailer",
    [
        ["Co-authored-by", "Claude Monet <claude@example.org>"],
        ["Co-authored-by", "Claude <claude@example.org>"],
        ["Co-authored-by", "Claude Shannon"],
        ["Reviewed-by", "Claude Opus 4.5 <noreply@anthropic.com>"],
        ["Co-authored-by", "Ada Lovelace <1+ada@users.noreply.github.com>"],
        ["Co-authored-by", "Precursor"],
    ],
)
def test_people_and_reviewers_are_no_evidence(trailer: list[str]) -> None:
    """A person who has a tool's name is a person, and a reviewer is not an author."""
    assert commit_evidence({"trailers": [trailer]}) == frozenset()


def test_a_first_name_alone_is_low() -> None:
    """A bare first name that people have as well is low evidence."""
    assert commit_evidence({"trailers": [["Co-authored-by", "Claude"]]}) == {Evidence("Claude Code", "trailer", "low")}


@pytest.mark.parametrize(
    ("value", "tool", "confidence"),
    [
        ("Claude:claude-opus-4-5 coccinelle sparse", "Claude Code", "high"),
        ("Codex:gpt-5.2", "Codex", "high"),
        ("GitHub Copilot:gpt-5", "GitHub Copilot", "high"),
        ("Unheard-of:model-7", "", "medium"),
    ],
)
def test_the_kernel_form_names_agent_and_model(value: str, tool: str, confidence: str) -> None:
    """``Assisted-by: AGENT:MODEL [TOOL]`` is a tool's sign whatever the agent; a known agent is named."""
    assert commit_evidence({"trailers": [["Assisted-by", value]]}) == {Evidence(tool, "trailer", confidence)}


@pytest.mark.parametrize("value", ["Jane Doe", "Jane Doe: thanks", "see https://example.org/a:b", "a: b"])
def test_a_person_who_assisted_stays_a_person(value: str) -> None:
    """Without an agent and a model an ``Assisted-by`` names whoever it names."""
    assert commit_evidence({"trailers": [["Assisted-by", value]]}) == frozenset()


def test_a_trailer_that_a_squash_buried_is_medium() -> None:
    """In the middle of a message the same line is weaker evidence, and a weak one stays weak."""
    message = "Title (#7)\n\n* one\n\nCo-authored-by: Cursor <cursoragent@cursor.com>\n\n* two\n\nThe end."
    assert commit_evidence({"trailers": trailers_in(message)}) == {Evidence("Cursor", "trailer", "medium")}
    weak = "Title\n\nCo-authored-by: Claude\n\nThe end."
    assert commit_evidence({"trailers": trailers_in(weak)}) == {Evidence("Claude Code", "trailer", "low")}


def test_made_with_trailer() -> None:
    """Cursor's own trailer counts."""
    assert commit_evidence({"trailers": [["Made-with", "Cursor"]]}) == {Evidence("Cursor", "trailer", "high")}


def test_accounts() -> None:
    """The work of a tool's account is its own: by login, by number, by the name that git shows."""
    expected = {Evidence("GitHub Copilot", "author", "high")}
    assert commit_evidence({"author": "copilot-swe-agent[bot]"}) == expected
    assert commit_evidence({"author": "whatever", "author_id": 198982749}) == expected
    assert pull_request_evidence({"author": "Copilot"}) == expected
    assert commit_evidence({"author": "dependabot[bot]"}) == frozenset()


def test_branches_are_low_and_labels_high() -> None:
    """Anybody may name a branch; a label is somebody's statement."""
    assert pull_request_evidence({"head_ref": "codex/fix-it"}) == {Evidence("Codex", "branch", "low")}
    assert pull_request_evidence({"head_ref": "fix/codex/it"}) == frozenset()
    assert pull_request_evidence({"labels": '["AI-assisted", "bug"]'}) == {Evidence("", "label", "high")}


def test_description_and_traces() -> None:
    """What a tool writes into a description, and a call that names the pull request, are high evidence."""
    body = "Fixes it.\n\n\U0001f916 Generated with [Claude Code](https://claude.com/claude-code)"
    assert pull_request_evidence({"body": body}, traced_calls=3) == {
        Evidence("Claude Code", "description", "high"),
        Evidence("", "trace", "high"),
    }


def test_confidence_of_several_signs() -> None:
    """One high sign makes the whole high; no sign says nothing."""
    low, high = Evidence("x", "branch", "low"), Evidence("x", "trailer", "high")
    assert confidence_of([low, Evidence("x", "trailer", "medium")]) == "medium"
    assert (confidence_of([low, high]), confidence_of([low]), confidence_of([])) == ("high", "low", None)


def test_trailers_are_the_last_paragraph() -> None:
    """Only the last paragraph holds trailers, and a subject never does."""
    message = "Fix: it\n\nNote: this is text.\n\nCo-authored-by: A <a@b.c>\r\nnot one\nMade-with: Cursor\n"
    assert trailers_in(message) == [("Co-authored-by", "A <a@b.c>"), ("Made-with", "Cursor")]
    assert trailers_in("Fix: it") == []


def test_stored_evidence(tmp_path: Path) -> None:
    """Merge commits, calls by number and calls on a branch of the repository's own lead to their pull requests."""
    day = "2026-05-01T10:00:00Z"
    common = {"title": "", "state": "closed", "created_at": day, "repo_slug": "o/r", "base_ref": "main"}
    with ProdLensStore(tmp_path / "s.db") as store:
        store.insert_pull_requests(
            [
                {"id": 1, "number": 1, "author": "ada", "head_ref": "a", "merge_commit_sha": "m1", **common},
                {"id": 2, "number": 2, "author": "ada", "head_ref": "b", "head_repo": "o/r", **common},
                {"id": 3, "number": 3, "author": "eve", "head_ref": "b", "head_repo": "eve/r", **common},
                {"id": 4, "number": 4, "author": "ada", "head_ref": "main", "head_repo": "o/r", **common},
                {"id": 5, "number": 5, "author": "ada", "head_ref": "e", **common},
                {"id": 6, "number": 6, "author": "devin-ai-integration[bot]", "head_sha": "h6", **common},
                {"id": 7, "number": 1, "author": "ada", "head_ref": "a", **common, "repo_slug": "other/r"},
            ]
        )
        store.insert_commits(
            [
                {"sha": "m1", "author": "ada", "timestamp": day, "trailers": [["Co-authored-by", "Cursor"]]},
                {"sha": "h6", "author": "devin-ai-integration[bot]", "timestamp": day, "repo_slug": "o/r"},
            ]
        )
        call = {"session_id": "s", "timestamp": day, "model": "m", "tokens_in": 1, "tokens_out": 1}
        store.insert_sessions(
            [
                {**call, "branch": "b", "trace_hash": "1"},
                {**call, "branch": "main", "trace_hash": "2"},
                {**call, "pull_request": 5, "branch": "e", "trace_hash": "3"},
                {**call, "pull_request": 1, "repo_slug": "other/r", "trace_hash": "4"},
            ]
        )
        found = stored_evidence(store.conn, "o/r")
    trace = Evidence("", "trace", "high")
    assert found == {
        1: {Evidence("Cursor", "trailer", "high")},
        2: {trace},
        3: frozenset(),
        4: frozenset(),
        5: {trace},
        6: {Evidence("Devin", "author", "high")},
    }


def test_signatures_are_consistent() -> None:
    """No sign belongs to two tools, names are lower case where they are looked up so, the version is a day."""
    known = signatures()
    assert re.fullmatch(r"\d{4}-\d{2}-\d{2}", known.version)
    assert all(prefix == prefix.lower() and prefix.endswith("/") for prefix, _ in known.branches)
    assert all(phrase == phrase.lower() for phrase, _ in known.phrases)
    for first in known.first_names:
        assert not any(pattern.fullmatch(first) for pattern, _ in known.names)
    patterns = [pattern.pattern for pattern, _ in known.names]
    assert len(patterns) == len(set(patterns))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(), lambda s: st.lists(s, max_size=3), max_leaves=6
)


@given(
    commit=st.fixed_dictionaries({"author": JSON, "author_id": JSON, "author_email": JSON, "trailers": JSON}),
    pull=st.fixed_dictionaries({"author": JSON, "head_ref": JSON, "labels": JSON, "body": JSON}),
)
def test_any_record_is_survived(commit: dict[str, object], pull: dict[str, object]) -> None:
    """No record raises."""
    assert pull_request_evidence(pull, [commit]) >= commit_evidence(commit)


@given(message=st.text())
def test_any_message_is_survived(message: str) -> None:
    """No message raises, and what is found stands in it."""
    assert all(key in message and value in message for key, value, *_ in trailers_in(message))
