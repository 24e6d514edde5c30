"""The run's environment: variables, streams, clock and progress display; and the options of a local run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TextIO

from prodlens.files import DEFAULT_DATABASE
from prodlens.streams import end_output, progress, terminal_width

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import AbstractContextManager
    from datetime import datetime
    from pathlib import Path


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

    @property
    def width(self) -> int | None:
        """Columns of the terminal that the report is printed on; None where it is not one."""
        return terminal_width(self.stdout, self.environ)

    def show(self, text: str) -> None:
        """Print text on standard output; that the reader of a pipe has gone is not an error."""
        try:
            self.stdout.write(text)
            self.stdout.flush()
        except BrokenPipeError:
            end_output(self.stdout)

    def progress(self, doing: str) -> AbstractContextManager[None]:
        """Show on a terminal what is being done once it has taken two seconds; clear the line at the end."""
        return progress(self.stderr, self.environ, doing)


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalOptions:
    """Options that only a local run has.

    Attributes:
        offline: Ask nothing of the network.
        database: File of the store.
        clone: Git clone to take commits from; None: the current folder, if it is a clone of the repository.
        pull_request: Number of the pull request to print instead of the report; None: the report.
    """

    offline: bool = False
    database: Path = DEFAULT_DATABASE
    clone: Path | None = None
    pull_request: int | None = None
