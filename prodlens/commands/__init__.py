"""The commands: each module has ``add_arguments(parser)`` and ``run(args, context)``, which returns the exit status."""

from __future__ import annotations

import logging
import os
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol, TextIO

from prodlens.errors import ProdLensError
from prodlens.progress import progress

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping
    from contextlib import AbstractContextManager


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What a command may touch of the world outside its arguments."""

    environ: Mapping[str, str]
    stdin: TextIO
    stdout: TextIO
    stderr: TextIO
    now: datetime

    def note(self, text: str) -> None:
        """Tell the user something beside the result, on standard error."""
        print(text, file=self.stderr)

    def progress(self, doing: str) -> AbstractContextManager[None]:
        """Show on a terminal what is being done once it takes long, on standard error."""
        return progress(self.stderr, self.environ, doing)


class Command(Protocol):
    """What a module of this package offers."""

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare flags and positional arguments."""
        ...

    def run(self, args: argparse.Namespace, context: Context) -> int:
        """Do the work and return the exit status; errors of ``prodlens.errors`` may leave it."""
        ...


def run_command(command: Command, args: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Run a command on the process's streams; an error of ours is a line on standard error and its exit status."""
    context = Context(environ=environ, stdin=sys.stdin, stdout=sys.stdout, stderr=sys.stderr, now=datetime.now(UTC))
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="prod-lens: %(levelname)s: %(message)s")
    try:
        status = command.run(args, context)
        sys.stdout.flush()
    except ProdLensError as error:
        for line in str(error).splitlines():
            context.note(f"prod-lens: error: {line}")
        return error.exit_status
    except KeyboardInterrupt:
        context.note("prod-lens: stopped; what was committed is kept")
        return 130
    except BrokenPipeError:  # the reader of a pipe has gone: nothing is wrong, and nothing more can be said
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return status
