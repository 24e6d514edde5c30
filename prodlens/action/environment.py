"""The run's environment: variables, streams, clock and progress display; and the options of a local run."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, TextIO

from prodlens.files import DEFAULT_DATABASE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime
    from pathlib import Path

_QUIET_SECONDS = 1.0
_REFRESH_SECONDS = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class RunEnvironment:
    """Environment, streams and clock of a run."""

    environ: Mapping[str, str]
    stdout: TextIO
    stderr: TextIO
    now: datetime

    @property
    def in_actions(self) -> bool:
        """Whether the GitHub Actions runner started this program."""
        return self.environ.get("GITHUB_ACTIONS") == "true"

    @contextmanager
    def progress(self, doing: str) -> Iterator[None]:
        """Show on a terminal what is being done once it has taken a second; clear the line at the end."""
        if not self.stderr.isatty():
            yield
            return
        done = threading.Event()
        ticker = threading.Thread(target=_tick, args=(self.stderr, doing, done), daemon=True)
        ticker.start()
        try:
            yield
        finally:
            done.set()
            ticker.join()


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalOptions:
    """Options that only a local run has.

    Attributes:
        offline: Ask nothing of the network.
        database: File of the store.
        clone: Git clone to take commits from; None: the current folder, if it is a clone of the repository.
    """

    offline: bool = False
    database: Path = DEFAULT_DATABASE
    clone: Path | None = None


def _tick(stream: TextIO, doing: str, done: threading.Event) -> None:
    seconds = _QUIET_SECONDS
    shown = False
    while not done.wait(_QUIET_SECONDS if not shown else _REFRESH_SECONDS):
        stream.write(f"\r\x1b[K{doing} ... {seconds:.0f} s")
        stream.flush()
        shown = True
        seconds += _REFRESH_SECONDS
    if shown:
        stream.write("\r\x1b[K")
        stream.flush()
