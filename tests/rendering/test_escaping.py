"""What comes from data shows as it is and can do nothing, wherever it lands."""

from __future__ import annotations

import csv
import html
import io
import json
import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prodlens.rendering import escaping

HOSTILE = [
    "@octocat please look at #12 and GH-12 and octo/repo#3",
    "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "a | b \\| c `code` ``` fence",
    "</script><!-- ]]> --> {{ 7*7 }} {% raw %}",
    '=HYPERLINK("http://evil.example")',
    "\x1b[31mred\x1b[0m \x07\x9b",
    "::error title=x::boo ##[error]boo",
    "\u202egnp.exe\u202c \u200bzero",
    "line\nbreak\r\nand\ttab\u2028sep",
    "[link](http://evil.example) ![i](http://evil.example) http://evil.example www.evil.example",
    '"] --> B{"x"} %% ; "',
    "\ud800 lone surrogate",
    "**bold** _it_ ~~gone~~ # title",
    "x" * 5000,
    "",
]
texts = st.one_of(st.sampled_from(HOSTILE), st.text(), st.text(alphabet="`|\\<>&@#[]()!:=+-*_~ \n\"'{}a1"))


@given(texts)
def test_markdown_shows_data_as_literal_code(text: str) -> None:
    """Data in Markdown is one code element on one line, without a pipe, and reads as the visible text."""
    escaped = escaping.markdown(text)
    span = re.fullmatch(r"`([^`|\\<>&\n]+)`", escaped)
    element = re.fullmatch(r"<code>((?:&#\d+;|[^!-/:-@\[-`{-~\n])+)</code>", escaped)
    assert escaped == "(none)" or span or element
    if span or element:
        inner = (span or element)[1]  # type: ignore[index]
        assert html.unescape(inner) == escaping.visible(text)


@given(texts)
def test_markdown_prose_has_no_syntax_left(text: str) -> None:
    """Prose holds no character that opens a tag, cell, mention, reference, emphasis, code or link."""
    escaped = escaping.markdown_text(text)
    bare = re.sub(r"&#\d+;", "", escaped)
    assert not set(bare) & set("<>&|@`*_[]\\~!#$\n")
    assert not re.search(r":/|www\.", bare, re.IGNORECASE)
    assert "@" not in re.sub("@\u2060", "", html.unescape(escaped))
    assert "#" not in re.sub("#\u2060", "", html.unescape(escaped))


@given(texts)
def test_mermaid_labels_hold_only_what_every_diagram_takes(text: str) -> None:
    """A Mermaid label has no quote, bracket, semicolon, percent sign or line end, and is never empty."""
    escaped = escaping.mermaid(text)
    assert escaped
    assert not {c for c in escaped if c.isascii() and not c.isalnum()} - set(" .-_")


@given(texts)
def test_terminal_text_controls_nothing(text: str) -> None:
    """No control character and no command of a GitHub runner reaches a terminal or a log."""
    escaped = escaping.terminal(text)
    assert escaped.isprintable()
    assert "::" not in escaped
    assert "##[" not in escaped


@given(texts)
def test_csv_text_is_never_a_formula(text: str) -> None:
    """A text cell that a spreadsheet would calculate is marked as text; nothing of it is lost."""
    cell = escaping.csv_cell(text)
    assert isinstance(cell, str)
    assert not cell.lstrip(" ").startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
    stream = io.StringIO(newline="")
    csv.writer(stream).writerow([cell, 1])
    assert list(csv.reader(io.StringIO(stream.getvalue(), newline=""))) == [[cell, "1"]]


@pytest.mark.parametrize("number", [-1, 0, -0.5, None, True])
def test_csv_numbers_stay_numbers(number: object) -> None:
    """A negative number is not a formula."""
    assert escaping.csv_cell(number) is number


@given(st.recursive(st.none() | st.booleans() | st.text(alphabet=st.characters(exclude_categories=["Cs"])), st.lists))
def test_script_json_is_the_same_json_and_closes_nothing(value: object) -> None:
    """JSON for a script element parses to the same value and has no character that HTML could read."""
    text = escaping.script_json(value)
    assert json.loads(text) == value
    assert not set(text) & set("<>&\u2028\u2029")


def test_long_text_is_cut_visibly() -> None:
    """A text longer than a line is cut and says so."""
    assert escaping.visible("x" * 500) == "x" * 199 + "…"


def test_each_character_is_shown_or_left_out_by_its_kind() -> None:
    """A line leaves out whatever Unicode calls a control, a format or no character; a CSV cell the controls alone."""
    hidden, controls = {"Cc", "Cf", "Cs", "Co", "Cn"}, {"Cc"}
    for character in map(chr, [*range(0x3000), *range(0xD700, 0x10200), 0xE0001, 0x10FFFF]):
        kind = unicodedata.category(character)
        shown = " " if character.isspace() else character
        assert escaping.visible(f"a{character}b") == ("ab" if kind in hidden and shown != " " else f"a{shown}b")
        kept = "" if kind in controls and character not in "\t\r\n" else character
        assert escaping.csv_cell(f"a{character}b") == ("a?b" if kind == "Cs" else f"a{kept}b")
