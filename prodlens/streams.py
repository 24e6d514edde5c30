"""The program's streams: what a terminal shows, how wide it is, and what becomes of text that it cannot show."""

from __future__ import annotations

import io
import logging
import os
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_QUIET_SECONDS = 2.0
_REFRESH_SECONDS = 0.5
_CLEAR = "\r\x1b[K"
_NARROWEST = 20


@contextmanager
def progress(stream: TextIO, environ: Mapping[str, str], doing: str) -> Iterator[None]:
    """Show a line with what is being done once it has taken two seconds, and clear it at the end.

    Nothing is written where the stream is not a terminal, or where the terminal cannot clear a line (``TERM=dumb``).
    There is no colour in it, so that ``NO_COLOR`` changes nothing.
    """
    if not stream.isatty() or environ.get("TERM") == "dumb":
        yield
        return
    done = threading.Event()
    width = terminal_width(stream, environ)
    ticker = threading.Thread(target=_tick, args=(stream, doing, width, done), daemon=True)
    ticker.start()
    try:
        yield
    finally:
        done.set()
        ticker.join()


def terminal_width(stream: TextIO, environ: Mapping[str, str]) -> int | None:
    """Return the columns of the terminal that a stream is; ``COLUMNS`` goes before; None where it is not a terminal."""
    if not stream.isatty():
        return None
    given = environ.get("COLUMNS", "")
    if given.isdecimal() and int(given) > 0:
        return max(int(given), _NARROWEST)
    try:
        columns = os.get_terminal_size(stream.fileno()).columns
    except (OSError, ValueError):  # a terminal that does not say
        return None
    return max(columns, _NARROWEST) if columns else None


def usable(stream: TextIO | None) -> TextIO:
    """Return a stream that takes any text: what its encoding lacks becomes ``?``; one that is closed keeps nothing."""
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors="replace")
    return io.StringIO() if stream is None else stream


def plain_text(text: str) -> str:
    """Return text with an escape for each character that a terminal would obey or cannot show; line ends stay."""
    return "".join(c if c.isprintable() or c == "\n" else repr(c)[1:-1] for c in text)


class PlainFormatter(logging.Formatter):
    """Formats a record of the log as ``plain_text``: names of files and values of traces are somebody else's."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as lines."""
        return plain_text(super().format(record))


def end_output(stream: TextIO) -> None:
    """Write out what a stream still holds; where it takes nothing any more, drop it, so that the exit is quiet."""
    try:
        stream.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _tick(stream: TextIO, doing: str, width: int | None, done: threading.Event) -> None:
    seconds = _QUIET_SECONDS
    shown = False
    while not done.wait(_REFRESH_SECONDS if shown else _QUIET_SECONDS):
        # A line that wraps could not be cleared.
        line = f"{doing} ... {seconds:.0f} s"
        stream.write(f"{_CLEAR}{line if width is None else line[-(width - 1) :]}")
        stream.flush()
        shown = True
        seconds += _REFRESH_SECONDS
    if shown:
        stream.write(_CLEAR)
        stream.flush()
