"""Trailers of commit messages."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prodlens.commits.trailers import message_trailers


@pytest.mark.parametrize(
    ("message", "trailers"),
    [
        (
            "Fix it\n\nCo-Authored-By: Claude <noreply@anthropic.com>\n",
            [["Co-Authored-By", "Claude <noreply@anthropic.com>"]],
        ),
        ("Fix it\n\nCo-authored-by: Ann <1+ann@users.noreply.github.com>", [["Co-authored-by", "Ann"]]),
        ("Fix it\n\nCo-authored-by: Ann <noreply@users.noreply.github.com>", [["Co-authored-by", "Ann"]]),
        (
            "Fix (#7)\n\n* one\n\nCo-authored-by: Bo <bo@b.c>\nNote: text\n\n* two\n\nRefs: #7",
            [["Refs", "#7"], ["Co-authored-by", "Bo", "inside"]],
        ),
        (
            "Fix it\r\n\r\nWhy.\r\n\r\nSigned-off-by: A B <a@b.c>\r\nChange-Id: I12",
            [["Signed-off-by", "A B"], ["Change-Id", "I12"]],
        ),
        ("Fix it\n\nReviewed-by: bob@example.org", []),
        ("fix: a subject is not a trailer", []),
        ("Fix it\n\nNote: in the middle\n\nThe end.", []),
        (None, []),
    ],
)
def test_the_last_paragraph_holds_the_trailers(message: object, trailers: list[list[str]]) -> None:
    """Trailers are the ``Key: value`` lines of the last paragraph, without the addresses of people.

    Of the paragraphs before it only the lines that name who took part are kept, and marked.
    """
    assert message_trailers(message) == trailers


@given(st.text(), st.emails())
def test_no_address_is_kept(text: str, address: str) -> None:
    """No person's address written the usual way survives, whatever stands around it."""
    kept = message_trailers(f"Subject\n\nCo-authored-by: Somebody <{address}>\nOther: {text}")
    assert kept[0] == ["Co-authored-by", "Somebody"]
    assert not [value for _, value, *_ in kept if address in value and "@" in text.replace(address, "@")]
