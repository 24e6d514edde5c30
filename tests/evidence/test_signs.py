"""Evidence of AI work on commits and pull requests."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prodlens.commits.trailers import trailers_in
from prodlens.evidence.signatures import model_in, signatures
from prodlens.evidence.signs import (
    Evidence,
    body_signs,
    commit_evidence,
    commit_signs,
    confidence_of,
    pull_request_evidence,
    pull_request_signs,
)


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


def test_the_address_of_a_commit_settles_whose_it_is() -> None:
    """A tool's own address makes the commit its work under any name, a person's address makes it a person's."""
    expected = {Evidence("Claude Code", "author", "high")}
    assert commit_evidence({"author": "Build Machine", "author_email": "NoReply@Anthropic.com"}) == expected
    assert commit_evidence({"author": "Claude", "author_email": "claude@example.org"}) == frozenset()
    assert commit_evidence({"author": "Claude"}) == {Evidence("Claude Code", "author", "low")}


@pytest.mark.parametrize(
    ("author", "email", "tool", "basis"),
    [
        ("Build Machine", "noreply@anthropic.com", "Claude Code", "the tool's address"),
        ("x", "209825114+claude[bot]@users.noreply.github.com", "Claude Code", "the tool's address"),
        ("CursorAgent", "", "Cursor", "account or name CursorAgent"),
        ("Claude Opus 4.5", "", "Claude Code", "account or name Claude Opus 4.5"),
    ],
)
def test_what_the_sign_of_a_person_rests_on(author: str, email: str, tool: str, basis: str) -> None:
    """Address, number in an address, login in any case of letters, or name; the address itself is never told."""
    (sign,) = commit_signs({"author": author, "author_email": email})
    assert (sign.tool, sign.confidence, sign.basis) == (tool, "high", basis)


def test_a_pull_request_without_a_sign_has_none() -> None:
    """Calls are a sign where their number is given, from the first one on."""
    assert list(pull_request_signs({})) == []
    assert [sign.basis for sign in pull_request_signs({}, 1)] == ["traced calls: 1"]


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


@pytest.mark.parametrize(
    ("line", "sign"),
    [
        ("\U0001f916 Generated with [Claude Code](https://claude.com/claude-code)", ("Claude Code", "high")),
        ("> \U0001f916 Generated with [Claude Code](https://claude.com/claude-code)", None),
        ("This drops the line 'Generated with [Claude Code]'.", None),
        (
            "*PR created automatically by Jules for task [6](https://jules.google.com/task/6) started by @a*",
            ("Jules", "high"),
        ),
        ("<!-- START COPILOT CODING AGENT TIPS -->", ("GitHub Copilot", "high")),
        ("<!-- CURSOR_AGENT_PR_BODY_BEGIN -->", ("Cursor", "high")),
        ("<!-- CURSOR_SUMMARY -->", None),
        ("<!-- Generated with Claude Code? Then say so. -->", None),
        ("START COPILOT CODING AGENT", None),
        ("- [ ] Generated with Claude Code", None),
        ("- [x] Generated with Claude Code", ("Claude Code", "high")),
        ("<!-- This is an auto-generated comment: release notes by coderabbit.ai -->", None),
        ("copilot:summary", None),
        ('<div><a href="https://cursor.com/agents/bc-1"><img alt="Open in Web"></a></div>', ("Cursor", "medium")),
        ("------\nhttps://chatgpt.com/codex/tasks/task_e_1", ("Codex", "medium")),
        ("Link to Devin run: https://app.devin.ai/sessions/1", ("Devin", "high")),
        ("Made-with: Cursor", ("Cursor", "medium")),
        ("Co-Authored-By: Claude Opus 4.5 <noreply@anthropic.com>", ("Claude Code", "medium")),
        ("Co-Authored-By: Claude", ("Claude Code", "low")),
        ("Co-Authored-By: Claude Monet <claude@example.org>", None),
        ("  > Made-with: Cursor", None),
        ("* [ ] Generated with Claude Code", None),
        ("+ [ ] Generated with Claude Code", None),
        ("  <!-- START COPILOT CODING AGENT TIPS -->", ("GitHub Copilot", "high")),
        ("  <!-- Generated with Claude Code -->", None),
        ("*Made-with: Cursor*", ("Cursor", "medium")),
        ("__Made-with: Cursor__ \t", ("Cursor", "medium")),
        ("Made-with: CursorX", None),
        ("Assisted-by: Unheard-of:model-7", None),
        ("Reviewed-by: Copilot <175728472+Copilot@users.noreply.github.com>", None),
    ],
)
def test_signs_in_a_description(line: str, sign: tuple[str, str] | None) -> None:
    """A tool's own phrase is high, a link or a trailer medium; reviewers, quotations and people are not evidence."""
    text = f"Fixes it.\r\n\r\n{line}\r\n"
    found = {Evidence(tool, "description", confidence) for tool, confidence, _, _ in body_signs(text)}
    assert pull_request_evidence({"body": text}) == found
    best = min(found, key=lambda e: ("high", "medium", "low").index(e.confidence), default=None)
    assert best == (Evidence(sign[0], "description", sign[1]) if sign else None)


def test_every_word_of_the_list_is_found_in_a_long_description() -> None:
    """Each phrase, comment, link and trailer key counts in capitals and amid other lines, wherever it stands."""
    known = signatures()
    lines = [
        *(phrase for phrase, _ in known.phrases),
        *(f"<!-- {comment} -->" for comment, _ in known.comments),
        *(f"see {link}7" for link, _ in known.links),
        *(f"{key}: claude <noreply@anthropic.com>" for key in known.trailer_keys),
    ]
    for line in lines:
        assert body_signs(f"Fixes it.\n\n{line.upper()}\n\nThanks!"), line
    assert body_signs("Fixes it.\n\nThanks!") == []


def test_what_signs_of_a_pull_request_rest_on() -> None:
    """Each says in a few words of ours where it stands: name, branch, label, phrase, link, stored sign and calls."""
    pull = {
        "author": "Claude",
        "head_ref": "codex/" + "x" * 300,
        "labels": ["AI", "bug"],
        "body": "Generated with Claude Code\nhttps://claude.ai/code/session_1",
        "body_signs": [["Cursor", "medium", "gpt-5", "the description has a line made-with"]],
    }
    signs = [(s.tool, s.kind, s.confidence, s.model, s.basis) for s in pull_request_signs(pull, 2)]
    assert signs == [
        ("Claude Code", "author", "low", "", "account or name Claude"),
        ("Codex", "branch", "low", "", "branch codex/" + "x" * 194),
        ("", "label", "high", "", "label AI"),
        ("Claude Code", "description", "high", "", 'the description says "generated with claude code"'),
        ("Claude Code", "description", "medium", "", "the description links https://claude.ai/code/session_"),
        ("Cursor", "description", "medium", "gpt-5", "the description has a line made-with"),
        ("", "trace", "high", "", "traced calls: 2"),
    ]


def test_blocks_of_code_are_not_what_a_description_says() -> None:
    """What stands between fences, indented or not, is shown and not said; a line after them counts again."""
    shown = "  ```\nMade-with: Cursor\n```\n~~~\nMade-with: Cursor\n~~~"
    assert body_signs(shown) == []
    assert body_signs(f"{shown}\nMade-with: Cursor") == [
        ["Cursor", "medium", "", "the description has a line made-with"]
    ]


def test_what_is_kept_of_a_description() -> None:
    """The store's form gives the same evidence, names the model, and holds nothing of the text."""
    text = "Secret plan.\nCo-Authored-By: Claude Opus 4.5 (secret) <noreply@anthropic.com>"
    kept = body_signs(text)
    assert kept == [["Claude Code", "medium", "Claude Opus 4.5", "the description has a line co-authored-by"]]
    assert pull_request_evidence({"body_signs": json.dumps(kept)}) == pull_request_evidence({"body": text})
    for strange in (None, 7, "x", "[[1]]", '[["a","certain","",""]]', '[["a",["high"],"",""]]', [["a"]]):
        assert pull_request_evidence({"body_signs": strange}) == frozenset()


@pytest.mark.parametrize(
    ("name", "model"),
    [
        ("Claude Opus 4.5", "Claude Opus 4.5"),
        ("Claude Sonnet 4 (1M context)", "Claude Sonnet 4"),
        ("Claude Code", ""),
        ("aider (openai/gpt-5)", "openai/gpt-5"),
        ("Cursor", ""),
    ],
)
def test_models_in_names(name: str, model: str) -> None:
    """Where a name tells the model it is kept as it is written."""
    assert model_in(name) == model


def test_what_a_sign_rests_on() -> None:
    """The line of a message with its place, the account, the address; signs that differ in this alone are equal."""
    commit = {
        "author": "claude[bot]",
        "author_id": 209825114,
        "trailers": [
            ["Assisted-by", "Claude:claude-opus-4-5"],
            ["Co-authored-by", "Claude Haiku 4.5 <noreply@anthropic.com>", "inside"],
            ["Co-authored-by", "Claude", "inside"],
        ],
    }
    assert [(sign.kind, sign.model, sign.confidence, sign.basis) for sign in commit_signs(commit)] == [
        ("author", "", "high", "account or name claude[bot]"),
        ("author", "", "high", "the account's number"),
        ("trailer", "claude-opus-4-5", "high", "Assisted-by: Claude:claude-opus-4-5"),
        (
            "trailer",
            "Claude Haiku 4.5",
            "medium",
            "Co-authored-by: Claude Haiku 4.5 <noreply@anthropic.com> (in the middle of a message)",
        ),
        ("trailer", "", "low", "Co-authored-by: Claude (in the middle of a message)"),
    ]
    assert commit_evidence(commit) == {
        Evidence("Claude Code", "author", "high"),
        Evidence("Claude Code", "trailer", "high"),
        Evidence("Claude Code", "trailer", "medium"),
        Evidence("Claude Code", "trailer", "low"),
    }


def test_amp_signs_with_a_thread() -> None:
    """Its trailer names a thread and no author; another address there is nothing."""
    thread = ["Amp-Thread-ID", "https://ampcode.com/threads/T-1a2b"]
    assert commit_evidence({"trailers": [thread]}) == {Evidence("Amp", "trailer", "high")}
    assert commit_evidence({"trailers": [["Amp-Thread-ID", "https://example.org/T-1a2b"]]}) == frozenset()


def test_signatures_are_consistent() -> None:
    """No sign belongs to two tools, names are lower case where they are looked up so, the version is a day."""
    known = signatures()
    assert re.fullmatch(r"\d{4}-\d{2}-\d{2}", known.version)
    assert all(prefix == prefix.lower() and prefix.endswith("/") for prefix, _ in known.branches)
    written = (*known.phrases, *known.comments)
    assert all(phrase == phrase.lower() and re.match(r"\w", phrase) for phrase, _ in written)
    assert all(link == link.lower() and link.startswith("https://") for link, _ in known.links)
    assert all(pattern.groups == 1 for pattern in known.models)
    for first in known.first_names:
        assert not any(pattern.fullmatch(first) for pattern, _ in known.names)
    patterns = [pattern.pattern for pattern, _ in known.names]
    assert len(patterns) == len(set(patterns))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(), lambda s: st.lists(s, max_size=3), max_leaves=6
)


@given(
    commit=st.fixed_dictionaries({"author": JSON, "author_id": JSON, "author_email": JSON, "trailers": JSON}),
    pull=st.fixed_dictionaries({"author": JSON, "head_ref": JSON, "labels": JSON, "body": JSON, "body_signs": JSON}),
)
def test_any_record_is_survived(commit: dict[str, object], pull: dict[str, object]) -> None:
    """No record raises."""
    assert pull_request_evidence(pull, [commit]) >= commit_evidence(commit)


@given(message=st.text())
def test_any_message_is_survived(message: str) -> None:
    """No message raises, and what is found stands in it."""
    assert all(key in message and value in message for key, value, *_ in trailers_in(message))
