"""What the streams show: the line that tells what is being done, the width of a terminal, and any text."""

from __future__ import annotations

import fcntl
import io
import logging
import os
import pty
import re
import struct
import termios
import time
from typing import TYPE_CHECKING
from unittest.mock import patch

import pytest

from prodlens import streams as module
from prodlens.streams import PlainFormatter, end_output, plain_text, progress, terminal_width, usable

if TYPE_CHECKING:
    from collections.abc import Iterator


class Terminal(io.StringIO):
    """A terminal that keeps what was written and does not know how wide it is."""

    def isatty(self) -> bool:
        """Say that this is a terminal."""
        return True


@pytest.fixture(autouse=True)
def impatient() -> Iterator[None]:
    """Let two seconds be a hundredth of one."""
    with patch.object(module, "_QUIET_SECONDS", 0.01), patch.object(module, "_REFRESH_SECONDS", 0.01):
        yield


def shown(stream: Terminal, environ: dict[str, str], doing: str) -> str:
    """Return what is written while something takes long."""
    with progress(stream, environ, doing):
        deadline = time.monotonic() + 10
        while not stream.getvalue() and time.monotonic() < deadline:
            time.sleep(0.005)
    return stream.getvalue()


def test_what_takes_long_is_told_and_cleared() -> None:
    """The line says what is done, has no colour, and is gone at the end."""
    text = shown(Terminal(), {}, "Reading traces")
    assert re.match(r"\r\x1b\[KReading traces \.\.\. \d+ s", text)  # a busy machine can take a second more
    assert text.endswith("\r\x1b[K")
    assert "m" not in text.replace("Reading traces", "")


def test_a_line_never_wraps() -> None:
    """In 20 columns the end of the line is shown, with the seconds, in 19 of them."""
    line = shown(Terminal(), {"COLUMNS": "20"}, "Syncing the pull requests of octocat/hello").split("\x1b[K")[1]
    seconds = line.removesuffix("\r").rpartition(" ... ")[2]
    assert seconds.removesuffix(" s").isdigit()
    assert line.removesuffix("\r") == f"octocat/hello ... {seconds}"[-19:]


@pytest.mark.parametrize(("stream", "environ"), [(io.StringIO(), {}), (Terminal(), {"TERM": "dumb"})])
def test_nothing_is_written_where_a_line_cannot_be_cleared(stream: io.StringIO, environ: dict[str, str]) -> None:
    """A file, a pipe and a terminal without control sequences get nothing."""
    with progress(stream, environ, "Reading traces"):
        time.sleep(0.05)
    assert stream.getvalue() == ""


def test_what_is_quick_is_not_told() -> None:
    """Below the two seconds nothing is written."""
    stream = Terminal()
    with patch.object(module, "_QUIET_SECONDS", 60), progress(stream, {}, "Reading traces"):
        pass
    assert stream.getvalue() == ""


def test_an_error_ends_the_line() -> None:
    """An error leaves the block as it was raised, and the line is cleared."""
    stream = Terminal()

    def fail() -> None:
        while not stream.getvalue():
            time.sleep(0.005)
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"), progress(stream, {}, "Reading"):
        fail()
    assert stream.getvalue().endswith("\r\x1b[K")


@pytest.mark.parametrize(
    ("environ", "columns", "expected"),
    [
        ({}, 72, 72),
        ({"COLUMNS": "132"}, 72, 132),
        ({"COLUMNS": "wide"}, 72, 72),
        ({"COLUMNS": "0"}, 72, 72),
        ({}, 5, 20),
        ({}, 0, None),
    ],
)
def test_the_width_is_the_terminals(environ: dict[str, str], columns: int, expected: int | None) -> None:
    """``COLUMNS`` goes before what the terminal says; a terminal that says 0 does not know; 20 is the least."""
    main, secondary = pty.openpty()
    fcntl.ioctl(secondary, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    with os.fdopen(main, "wb"), os.fdopen(secondary, "w") as stream:
        assert terminal_width(stream, environ) == expected


def test_what_is_not_a_terminal_has_no_width() -> None:
    """A file has none, whatever ``COLUMNS`` says; nor has a terminal without a descriptor."""
    assert terminal_width(io.StringIO(), {"COLUMNS": "80"}) is None
    assert terminal_width(Terminal(), {}) is None


def test_text_that_a_terminal_would_obey_is_escaped() -> None:
    """Control characters, bidirectional marks and half characters are shown as escapes; line ends stay."""
    assert plain_text("a\x1b[31m\u202eb\udcff\u2212\nc\t") == "a\\x1b[31m\\u202eb\\udcff\u2212\nc\\t"
    record = logging.LogRecord("x", logging.WARNING, "", 0, "%s", ("\x07",), None)
    assert PlainFormatter("%(levelname)s: %(message)s").format(record) == "WARNING: \\x07"


def test_a_stream_takes_any_text_and_a_closed_one_too() -> None:
    """What an encoding lacks becomes a question mark; text for a stream that is not there goes nowhere."""
    raw = io.BytesIO()
    stream = usable(io.TextIOWrapper(raw, encoding="ascii"))
    stream.write("a\u2212\udcff")
    end_output(stream)
    assert raw.getvalue() == b"a??"
    assert usable(None).write("x") == 1
    memory = io.StringIO()
    assert usable(memory) is memory


def test_output_that_cannot_be_written_is_dropped() -> None:
    """The exit of the process says nothing more about a pipe whose reader has gone."""
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as stream:
        stream.write("x")
        end_output(stream)
        stream.write("y")
