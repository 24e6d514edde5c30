"""CSV files of known sources as records, in every dialect; other first lines stay what they are."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prodlens.trace_ingestion import read_entries
from tests.trace_project import call, lines


def entries(data: bytes) -> list[tuple[int, Any, str | None]]:
    """Return line, value and reason of each entry of a stream."""
    return [(entry.line, entry.value, entry.reason) for entry in read_entries(io.BytesIO(data))]


HEADER = "Date,User,Model,Input (w/o Cache Write),Cost"


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_csv_in_every_dialect(ending: str, delimiter: str, mark: str) -> None:
    """Line ends, delimiters and a byte order mark make no difference; an empty cell is empty text."""
    rows = [HEADER, "2026-11-02,dev,gpt-5.2,10,", "2026-11-03,dev,gpt-5.2,11,1"]
    text = mark + ending.join(row.replace(",", delimiter) for row in rows) + ending
    first, second = entries(text.encode())
    names = HEADER.split(",")
    assert first == (2, dict(zip(names, ["2026-11-02", "dev", "gpt-5.2", "10", ""], strict=True)), None)
    assert second[1]["Cost"] == "1"


def test_csv_cells_with_line_breaks_and_quotes() -> None:
    """A quoted cell can hold delimiters, quotes and line breaks."""
    stream = io.StringIO(newline="")
    writer = csv.writer(stream)
    writer.writerows(
        [HEADER.split(","), ["2026-11-02", 'a, "b"\nc', "m", "1", "2"], ["2026-11-03", "d", "m", "1", "2"]]
    )
    first, second = entries(stream.getvalue().encode())
    assert first[1]["User"] == 'a, "b"\nc'
    assert (second[0], second[1]["User"]) == (4, "d")


def test_csv_bytes_that_are_no_text() -> None:
    """A row that is not UTF-8 is unusable; the rows around it are read."""
    first, second = entries(HEADER.encode() + b"\n2026-11-02,\xff,m,1,2\n2026-11-03,d,m,1,2\n")
    assert first[2] == "invalid UTF-8 in a row"
    assert second[1]["User"] == "d"


@pytest.mark.parametrize("first", ["hello, world, again", "a,b,c", "", "timestamp,usage,model"])
def test_lines_after_an_unknown_header_are_read_as_ever(first: str) -> None:
    """A first line that no source knows as its header spoils no record after it."""
    found = entries(first.encode() + b"\n" + lines(call()))
    assert [value["id"] for _, value, reason in found if reason is None] == ["msg_1"]


def test_a_table_of_an_unknown_source_is_called_so() -> None:
    """Each line of a CSV file with unknown columns is a dead letter that says what it looks like."""
    found = entries(b"Date,Service,Region,Amount,Currency\n2026-11-02,EC2,eu,1.50,USD\n2026-11-03,S3,eu,0.20,USD\n")
    reason = (
        "looks like CSV with columns of no known source (Date, Service, Region, Amount ...); give the export as JSON"
    )
    assert found == [(1, None, reason), (2, None, reason), (3, None, reason)]


@given(st.binary(max_size=200) | st.text(alphabet='",\n\r\t;x\0\ufeff', max_size=200).map(str.encode))
def test_any_bytes_after_a_header(data: bytes) -> None:
    """Whatever follows a header, every entry is a record or has a reason, and nothing raises."""
    for entry in read_entries(io.BytesIO(HEADER.encode() + b"\n" + data)):
        assert isinstance(entry.value, dict) != (entry.reason is not None)
        assert b"\n" not in entry.raw
