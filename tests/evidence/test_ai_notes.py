"""What git notes say of lines: git-ai's format 3, what came before it, and everything else."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prodlens.evidence import AiNote, read_note

SESSION = {
    "agent_id": {"tool": "claude", "id": "x", "model": "claude-opus-4-6"},
    "human_author": "Ada <ada@example.org>",
}
PROMPT = {"agent_id": {"tool": "cursor", "id": "y", "model": "default"}, "accepted_lines": 3, "messages": []}


def note(attestation: str, **metadata: Any) -> str:
    """Return the text of a note of format 3."""
    head = {"schema_version": "authorship/3.0.0", "base_commit_sha": "a" * 40, "prompts": {}}
    return f"{attestation}---\n{json.dumps({**head, **metadata}, indent=2)}"


def test_sessions_prompts_and_people() -> None:
    """Three kinds of keys in one note: each line counts once, agents by their lines, a person apart."""
    text = note(
        "src/main.rs\n"
        "  s_c9883b05a2487d::t_9f8e7d6c5b4a32 1-10,15-20\n"
        "  s_c9883b05a2487d::t_a1b2c3d4e5f678 18-22,30\n"
        "  h_31dce776f88375 40-42\n"
        '"my file.rs"\n'
        "  d9978a8723e02b52 1,3\n"
        "  human 5\n",
        sessions={"s_c9883b05a2487d": SESSION},
        prompts={"d9978a8723e02b52": PROMPT},
    )
    assert read_note(text) == AiNote(21, 4, (("claude", "claude-opus-4-6", 19), ("cursor", "", 2)))


def test_the_oldest_keys_have_seven_digits() -> None:
    """The hashes of the first notes of format 3 are read like the later ones."""
    assert read_note(note("a.rs\n  e61c0a4 43-48,52\n", prompts={"e61c0a4": PROMPT})).ai_lines == 7


def test_one_line_that_two_agents_claim_counts_once() -> None:
    """Each agent has its lines, and the sum has no line twice."""
    sessions = {"s_1": SESSION, "s_2": PROMPT}
    text = note("a.rs\n  s_1::t_1 1-10\n  s_2::t_2 5-14\n", sessions=sessions)
    assert read_note(text) == AiNote(14, 0, (("claude", "claude-opus-4-6", 10), ("cursor", "", 10)))


def test_a_key_without_a_record_is_nobodys() -> None:
    """Whole metadata that do not have a key leave open whose its lines are; they count for no agent."""
    assert read_note(note("a.rs\n  760c5cdc0bd01352 90,92\n")) == AiNote(0, 0, ())


def test_a_text_that_was_cut_keeps_its_lines() -> None:
    """Without whole metadata nobody knows the agent's name, but the lines are marked; a person's stay a person's."""
    whole = note("a.rs\n  s_1::t_1 1-4\n  h_2 7\n", sessions={"s_1": SESSION})
    for length in (len("a.rs\n  s_1::t_1 1-4\n  h_2 7\n"), len(whole) - 1):
        assert read_note(whole[:length]) == AiNote(4, 1, (("", "", 4),))


def test_the_agent_with_most_lines_stands_first() -> None:
    """Whatever their names; a line of the list that is not ranges marks nothing."""
    text = note("a.rs\n  s_1::t_1 9\n  s_2::t_2 1-5\n", sessions={"s_1": SESSION, "s_2": PROMPT})
    assert read_note(text) == AiNote(6, 0, (("cursor", "", 5), ("claude", "claude-opus-4-6", 1)))
    assert read_note(note("a.rs\n  s_1::t_1 1-3 4\n", sessions={"s_1": SESSION})) == AiNote(0, 0, ())


def test_lines_of_format_0_are_numbers_of_each_file() -> None:
    """The same numbers in two files are other lines; line 0 and the ten millionth are not lines."""
    entry = {"authors": [{"author": "Claude", "lines": [0, 7, 9_999_999, 10_000_000], "agent_metadata": None}]}
    text = json.dumps({"files": {"a.rs": entry, "b.rs": entry}})
    assert read_note(f" \n{text}").ai_lines == 4


def test_format_0_names_authors() -> None:
    """The authors of each file are agents where they have a record of one, or the name of a tool, else people."""
    files = {
        "a.yml": {"file": "a.yml", "authors": [{"author": "Claude", "lines": [22, [30, 34]], "agent_metadata": None}]},
        "b.rs": {
            "authors": [
                {"author": "Ada Lovelace", "lines": [[1, 3]], "agent_metadata": None},
                {"author": "Ada Lovelace", "lines": [[4, 9]], "agent_metadata": {"model": "gpt-5"}},
                {"author": "Cursor", "lines": [[9, "x"], None, [], True, [-1, 3]]},
                7,
            ]
        },
        "c.rs": None,
    }
    text = json.dumps({"files": files, "schema_version": "authorship/0.0.1"})
    assert read_note(text) == AiNote(12, 3, (("Ada Lovelace", "gpt-5", 6), ("Claude", "", 6)))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "---",
        "{",
        "[]",
        "Reviewed by Ada.\nLooks good.",
        "a.rs\n  s_1::t_1\n",
        "a.rs\n  s_1::t_1 0x1,a-b,5-,-5\n",
        "a.rs\n  s_1::t_1 9-5\n",
        note("a.rs\n  s_1::t_1 1-4\n", sessions=[], prompts=None),
        '{"files": {"a": {"authors": {}}}}',
    ],
)
def test_what_marks_no_line(text: str) -> None:
    """Other people's notes, and broken ones, mark nothing."""
    assert read_note(text) == AiNote(0, 0, ())


def test_a_hostile_note_stays_small() -> None:
    """A million marks of a million agents are counted in one pass, and twenty agents are kept."""
    lines = "".join(f"  s_{n}::t_1 {n + 1}\n" for n in range(20_000))
    sessions = {f"s_{n}": {"agent_id": {"tool": f"t{n}" * 100, "model": "m" * 1000}} for n in range(20_000)}
    read = read_note(note(f"a.rs\n{lines}", sessions=sessions))
    assert (read.ai_lines, len(read.agents)) == (20_000, 20)
    assert max(len(name) for tool, model, _ in read.agents for name in (tool, model)) == 100


@given(st.text(alphabet=' \n-,:{}[]"0123456789abhs_tx', max_size=200))
def test_any_text_is_survived(text: str) -> None:
    """No text raises, and no more lines are an agent's than all agents have together."""
    read = read_note(text)
    assert 0 <= read.ai_lines <= sum(lines for _, _, lines in read.agents)
