"""What a run says: no text of a stranger becomes a command of the runner."""

from __future__ import annotations

import logging
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prodlens.action.notices import HarmlessFormatter, harmless

HOSTILE = [
    "::add-mask::x",
    "  ::stop-commands::x",
    "a\n::set-env name=X::y",
    "##[group]x",
    "a ##[error]b",
    "a\r::error::b",
]


@given(text=st.text(alphabet="a:#[] \n\r\x85\u2028") | st.sampled_from(HOSTILE))
def test_no_line_is_a_command(text: str) -> None:
    """The runner carries out a line that begins with two colons, and anything after two hashes and a bracket."""
    for line in re.split(r"[\r\n]", harmless(text)):
        assert not line.strip().startswith("::")
        assert "##[" not in line


def test_ordinary_text_is_untouched() -> None:
    """Text that holds no command is said as it is."""
    assert harmless("std::vector is fine\nand # here") == "std::vector is fine\nand # here"


@pytest.mark.parametrize("text", HOSTILE)
def test_the_log_is_harmless(text: str) -> None:
    """A file's name in a log record is not a command either."""
    record = logging.LogRecord("n", logging.WARNING, "f", 1, "%s", (text,), None)
    for line in re.split(r"[\r\n]", HarmlessFormatter("%(message)s").format(record)):
        assert not line.strip().startswith("::")
        assert "##[" not in line
