"""What messages, titles and bodies say that they revert."""

from __future__ import annotations

import pytest

from prodlens.commits import reverted_commits, reverted_pull_request, reverted_title

A, B = "a" * 40, "b" * 40


@pytest.mark.parametrize(
    ("message", "shas"),
    [
        (f'Revert "Add it"\n\nThis reverts commit {A}.', [A]),
        (f"Revert the merge\n\nThis reverts commit {A}, reversing\nchanges made to {B}.", [A]),
        (f"Two\n\nThis reverts commit {B}.\nThis reverts commit {A}.\nThis reverts commit {B}.", [B, A]),
        (f"Of SHA-256\n\nThis reverts commit {'c' * 64}.", ["c" * 64]),
        ("Abbreviated\n\nThis reverts commit aaaaaaa.", []),
        (f"Quoted\n\n> This reverts commit {A}.", []),
        (f"This reverts commit {A}0.", []),
        ("Add it", []),
        (None, []),
    ],
)
def test_reverted_commits(message: str | None, shas: list[str]) -> None:
    """The line that git writes names a whole sha; other mentions of commits are not reverts."""
    assert reverted_commits(message) == shas


def test_a_message_of_many_reverts_is_cut() -> None:
    """At most fifty are kept, however many a hostile message names."""
    lines = [f"This reverts commit {number:040x}." for number in range(200)]
    assert len(reverted_commits("\n".join(["Many", "", *lines]))) == 50


@pytest.mark.parametrize(
    ("title", "reverted"),
    [
        ('Revert "Add it"', "Add it"),
        ('Revert "Revert "Add it""', 'Revert "Add it"'),
        ("Revert to the old way", None),
        ('Fix after Revert "Add it"', None),
        (None, None),
    ],
)
def test_reverted_title(title: str | None, reverted: str | None) -> None:
    """Only the whole title that GitHub and git write is one."""
    assert reverted_title(title) == reverted


@pytest.mark.parametrize(
    ("body", "number"),
    [
        ("Reverts acme/web#12", 12),
        ("Reverts ACME/web#12.\r\n\r\nIt broke the build.", 12),
        ("It broke.\n\nReverts #12", 12),
        ("Reverts other/web#12", None),
        ("Reverts #12 in part", None),
        ("This reverts #12", None),
        ("", None),
        (None, None),
    ],
)
def test_reverted_pull_request(body: str | None, number: int | None) -> None:
    """A line of its own names one of this repository, as GitHub's button writes it."""
    assert reverted_pull_request(body, "acme/web") == number
