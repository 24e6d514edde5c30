"""Bytes to JSON values, whatever the bytes."""

from __future__ import annotations

import io
import json
from collections import Counter

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from prodlens.trace_ingestion import json_stream
from prodlens.trace_ingestion.json_stream import Entry, read_entries

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
OBJECTS = st.dictionaries(st.text(max_size=5), JSON, max_size=3)


def entries(data: bytes) -> list[Entry]:
    """Read the bytes as a stream."""
    return list(read_entries(io.BytesIO(data)))


def values(data: bytes) -> list[object]:
    """Return what could be read, arrays opened."""
    found = [entry.value for entry in entries(data) if entry.reason is None]
    return [each for value in found for each in (value if isinstance(value, list) else [value])]


@given(st.lists(OBJECTS, max_size=6), st.sampled_from([None, 1, 4]), st.booleans())
def test_one_meaning_in_every_container(records: list[dict[str, object]], indent: int | None, array: bool) -> None:
    """JSON lines, pretty-printed and concatenated objects and one array a file give the same records."""
    assume(array or not indent or all(records))  # an empty first object is a complete line, and so are the others then
    text = json.dumps(records, indent=indent) if array else "\n".join(json.dumps(r, indent=indent) for r in records)
    assert values(text.encode()) == records


@given(st.lists(OBJECTS, min_size=1, max_size=4), st.sampled_from(["", " ", "\n\n", "\r\n"]))
def test_objects_may_follow_each_other_directly(records: list[dict[str, object]], between: str) -> None:
    """Concatenated objects need nothing between them."""
    assert values(between.join(json.dumps(record) for record in records).encode()) == records


@given(st.binary(max_size=200))
def test_no_bytes_raise_or_get_lost(data: bytes) -> None:
    """Whatever the bytes, every line that is not blank is a value or is given back with a reason."""
    got = b"".join(entry.raw for entry in entries(data) if entry.reason is not None)
    for line in data.split(b"\n"):
        if line.strip() and b"\xff" in line:  # never JSON, so never a value
            assert line[line.index(b"\xff") :].rstrip() in got


@given(st.lists(st.tuples(OBJECTS, st.sampled_from([b"", b"{oops", b"\xff\xfe", b'{"a": 1} tail'])), max_size=8))
def test_a_bad_line_costs_no_good_line_its_place(lines: list[tuple[dict[str, object], bytes]]) -> None:
    """Good lines are read and bad ones come back byte for byte, wherever the bad ones stand."""
    data = [part for record, bad in lines for part in ([bad] if bad else []) + [json.dumps(record).encode()]]
    found = entries(b"\n".join(data))
    assert [entry.value for entry in found if entry.reason is None] == [record for record, _ in lines]
    assert [entry.raw for entry in found if entry.reason is not None] == [bad for _, bad in lines if bad]
    assert [entry.line for entry in found] == list(range(1, len(data) + 1))


@pytest.mark.parametrize(
    ("line", "value"),
    [
        (b'{"a": NaN, "b": -Infinity, "c": 1e999}', {"a": None, "b": None, "c": None}),
        (b'{"a": "\\ud800"}', {"a": "?"}),
        (b'\xef\xbb\xbf{"a": 1}', {"a": 1}),
        (b'{"a": [1, {"b": NaN}], "big": 123456789012345678901234567890, "n": NaN}', None),
    ],
)
def test_what_programs_write_beyond_the_standard_is_read(line: bytes, value: object) -> None:
    """NaN, lone surrogates and a byte order mark cost no line; what is not finite is null."""
    (entry,) = entries(line)
    expected = {"a": [1, {"b": None}], "big": None, "n": None} if value is None else value
    assert (entry.value, entry.reason) == (expected, None)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b'{"a": "\xff"}', "invalid UTF-8 at byte 7"),
        (b'{\n"a": "\xff"\n}', "invalid UTF-8 at byte 8"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"a": ' + b"9" * 5000 + b"}", "invalid JSON"),
        (b'{"a": 1', "invalid JSON: Expecting ',' delimiter in line 1"),
    ],
)
def test_reasons_say_what_is_wrong(data: bytes, reason: str) -> None:
    """What cannot be read has a reason that names the fault."""
    found = entries(data)
    assert found[0].reason is not None
    assert found[0].reason.startswith(reason)


def test_a_cut_array_keeps_its_elements() -> None:
    """Of an array that ends too early every whole element is read, and the rest is given back."""
    found = entries(b'[\n  {"a": 1},\n  {"a": 2},\n  {"a":')
    assert [(entry.line, entry.value) for entry in found] == [(2, {"a": 1}), (3, {"a": 2}), (4, None)]
    assert found[2].raw == b'{"a":'


def test_a_line_beyond_the_cap_is_read_as_a_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of one endless line is read element by element; within later lines the cap holds."""
    monkeypatch.setattr("prodlens.trace_ingestion.json_stream._FIRST_LINE_BYTES", 50)
    records = [{"number": number, "text": "x" * (number % 60)} for number in range(50)]
    assert values(json.dumps(records).encode()) == records
    monkeypatch.setattr("prodlens.trace_ingestion.json_stream.MAX_VALUE_BYTES", 100)
    long = json.dumps({"text": "y" * 250}).encode()
    found = entries(b'{"a": 1}\n' + long + b'\n{"b": 2}')
    assert b"".join(entry.raw for entry in found if entry.reason) == long
    assert [entry.value for entry in found if entry.reason is None] == [{"a": 1}, {"b": 2}]


@pytest.mark.parametrize("line", [b"[\n", b'{"a":\n', b'[{"a": 1},\n'])
def test_values_that_break_off_inside_each_other_are_given_up(line: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Such a file is read in a bounded time; each of its lines is kept, and whole lines after it are still read."""
    monkeypatch.setattr(json_stream, "_MOST_IN_VAIN", 3 * json_stream._DEPTH_IN_VAIN)
    found = entries(line * 30_000 + b"x\n" + b'{"b": 2}\n')
    assert found[-1].value == {"b": 2}
    reasons = Counter(entry.reason for entry in found)
    assert reasons[json_stream.TOO_DEEP] == 4
    assert reasons[json_stream.GIVEN_UP] > 1_900


def test_a_value_that_is_nested_too_deeply_says_so() -> None:
    """On one line as over many it is one dead letter, and the values beside it are read."""
    deep = b'{"x": ' + b"[" * 3_000 + b"]" * 3_000 + b"}"
    assert [(entry.value, entry.reason) for entry in entries(b'{"a": 1}\n' + deep + b'\n{"b": 2}\n')] == [
        ({"a": 1}, None),
        (None, "nested too deeply"),
        ({"b": 2}, None),
    ]
    assert entries(b"{\n" + deep[1:] + b"\n")[0].reason == "nested too deeply"


@pytest.mark.parametrize("order", ["le", "be"])
def test_utf_16_is_named(order: str) -> None:
    """What PowerShell redirects into a file is kept, and the reason says how to save it."""
    data = b"\xff\xfe" if order == "le" else b"\xfe\xff"
    found = entries(data + '{"a": 1}\n{"b": 2}\n'.encode(f"utf-16-{order}"))
    assert {entry.reason for entry in found} == {"UTF-16, as PowerShell writes it, is not read; save the file as UTF-8"}
    assert b"".join(entry.raw for entry in found).startswith(data)
