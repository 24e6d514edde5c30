"""Counting suggested and applied lines."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from prodlens.trace_normalizer.formats.patches import additions, kept_share, suggested_additions, unified_diff_additions
from prodlens.trace_normalizer.formats.tokens import with_parts

LINES = st.lists(st.sampled_from("abcd"), max_size=12)
COUNTS = st.none() | st.integers(0, 10**9)


def test_unified_diffs() -> None:
    """Added lines are counted, headers and removed lines are not."""
    diff = "--- a/x\n+++ b/x\n@@ -1,2 +1,3 @@\n-a = 1\n+a = 2\n+b = 3\n z = 9\n"
    assert unified_diff_additions(diff) == ["a = 2", "b = 3"]
    assert unified_diff_additions(None) == []


def test_suggestions_of_each_tool() -> None:
    """An edit suggests the lines it adds, a write its content, several edits all of theirs, other tools nothing."""
    edit = {"old_string": "a\nb\n", "new_string": "a\nc\nd\n"}
    assert suggested_additions(edit) == ["c", "d"]
    assert suggested_additions({"content": "x\ny\n"}) == ["x", "y"]
    assert suggested_additions({"edits": [edit, edit]}) == ["c", "d", "c", "d"]
    assert suggested_additions({"command": "ls"}) is None


def test_long_texts_are_not_compared() -> None:
    """A text too long to compare counts as new altogether."""
    old, new = ["a"] * 3000, ["a"] * 3001
    assert additions(old, new) == new


@given(LINES, LINES)
def test_shares(suggested: list[str], applied: list[str]) -> None:
    """The share is between 0 and 1, and 1 when everything suggested was applied."""
    share = kept_share(suggested, applied)
    assert (share is None) == (not suggested)
    assert 0 <= (share or 0) <= 1
    assert kept_share(suggested, suggested + applied) in {None, 1.0}


@given(LINES, LINES)
def test_additions_are_lines_of_the_new_text(old: list[str], new: list[str]) -> None:
    """What is added stands in the new text, and without an old text everything is added."""
    assert set(additions(old, new)) <= set(new)
    assert additions([], new) == new
    assert additions(old, old) == []


@given(st.integers(0, 10**9), st.integers(0, 10**9), COUNTS, COUNTS, COUNTS, COUNTS)
def test_token_parts_never_exceed_their_whole(
    tokens_in: int, tokens_out: int, read: int | None, write: int | None, kept: int | None, reasoning: int | None
) -> None:
    """Input holds its cache, output its reasoning, cache writes those kept for an hour, whatever the source says."""
    tokens = with_parts(
        tokens_in, tokens_out, cache_read=read, cache_write=write, cache_write_1h=kept, reasoning=reasoning
    )
    assert tokens.tokens_in >= (tokens.cache_read or 0) + (tokens.cache_write or 0)
    assert tokens.tokens_out >= (tokens.reasoning or 0)
    assert (tokens.cache_write or 0) >= (tokens.cache_write_1h or 0)
    assert (tokens.tokens_in, tokens.tokens_out) >= (tokens_in, tokens_out)
