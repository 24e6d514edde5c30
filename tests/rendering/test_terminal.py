"""The terminal text in the width of a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from prodlens.rendering import render_terminal
from prodlens.rendering.document import Data, Document, Section, Table
from prodlens.rendering.terminal import to_terminal

if TYPE_CHECKING:
    from collections.abc import Mapping

    Reports = Mapping[str, list[dict[str, Any]]]

TABLE = Table(
    ("Model", "Calls", "What it did"), (("gpt-5", "1,602", "wrote the tests of the parser"), ("o", "", "")), "lrl"
)


def text(table: Table, width: int | None) -> list[str]:
    """Return the lines of a table in a document of nothing else."""
    document = Document(Data("o/r"), "May", (), (Section("s", "Section", table=table),))
    return to_terminal([document], details=True, width=width).split("-\n", 1)[1].strip("\n").splitlines()


@pytest.mark.parametrize("width", [40, 60, 80, 100, 200])
@pytest.mark.parametrize("situation", ["rich", "empty", "several-repositories"])
def test_no_line_is_wider_than_the_terminal(situation: str, width: int, reports: Reports) -> None:
    """Whatever the width, every line fits, and nothing in it is a control character or a colour."""
    printed = render_terminal(reports[situation], details=True, width=width)
    titles = {f"ProdLens report: {report['metadata']['repo']}" for report in reports[situation]}
    lines = [line for line in printed.splitlines() if line not in titles and set(line) != {"="}]
    assert max(map(len, lines)) <= width
    assert "\x1b" not in printed


def test_without_a_width_tables_are_as_wide_as_they_are(reports: Reports) -> None:
    """A file or pipe gets the same text whatever the terminal is; a wide terminal gets it too."""
    assert render_terminal(reports["rich"]) == render_terminal(reports["rich"], width=1000)


def test_columns_of_words_are_wrapped_first() -> None:
    """The widest column of words gives way; numbers stay whole."""
    assert text(TABLE, 40) == [
        "Model      Calls  What it did",
        "-------  -------  ----------------------",
        "gpt-5      1,602  wrote the tests of the",
        "                  parser",
        "o",
    ]


def test_where_nothing_gives_way_rows_are_paragraphs() -> None:
    """In a width that no wrapping fits, a row is its first cell and a line for each of the others that has anything."""
    assert text(TABLE, 24) == ["gpt-5", "  Calls: 1,602", "  What it did: wrote the", "    tests of the parser", "o"]


def test_a_table_without_rows_is_its_header() -> None:
    """A table of nothing has its header, in any width that holds it."""
    assert text(Table(("Model", "Calls"), (), "lr"), 40)[0].split() == ["Model", "Calls"]
