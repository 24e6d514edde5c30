"""The commands: each module has ``add_arguments(parser)`` and ``run(args, context)``, which returns the exit status."""

from __future__ import annotations

import logging
import sqlite3
import sys
from argparse import ArgumentTypeError
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Protocol, TextIO

from prodlens.errors import InvalidSlugError, ProdLensError
from prodlens.slugs import checked_slug
from prodlens.streams import PlainFormatter, end_output, plain_text, progress, usable

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping
    from contextlib import AbstractContextManager


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """The environment of a command: variables, streams and the present moment (UTC)."""

    environ: Mapping[str, str]
    stdin: TextIO
    stdout: TextIO
    stderr: TextIO
    now: datetime

    def note(self, text: str) -> None:
        """Tell the user something beside the result, on standard error."""
        print(plain_text(text), file=self.stderr)

    def tell(self, text: str) -> None:
        """Write lines of the result on standard output, without characters that would control a terminal."""
        self.stdout.write(f"{plain_text(text)}\n")

    def progress(self, doing: str) -> AbstractContextManager[None]:
        """Show on standard error what is being done, if that is a terminal and it takes long."""
        return progress(self.stderr, self.environ, doing)


def day(text: str) -> date:
    """Read the value of a flag as a day.

    Raises:
        ArgumentTypeError: It is not one.
    """
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError(f"not a day: {text!r} (expected YYYY-MM-DD, for example 2026-05-01)") from None


def period_mistakes(since: date | None, until: date | None) -> list[str]:
    """Return the mistake in ``--since`` and ``--until``, a period without a day, or nothing."""
    is_empty = since is not None and until is not None and until <= since
    return [f"--until: must be after --since: {until}"] if is_empty else []


def repository(text: str) -> str:
    """Read the value of a flag as a repository, in its one spelling.

    Raises:
        ArgumentTypeError: It is not ``owner/name``.
    """
    try:
        return checked_slug(text)
    except InvalidSlugError as error:
        raise ArgumentTypeError(str(error)) from None


class Command(Protocol):
    """What a module of this package offers."""

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare flags and positional arguments."""
        ...

    def run(self, args: argparse.Namespace, context: Context) -> int:
        """Do the work and return the exit status; errors of ``prodlens.errors`` may leave it."""
        ...


def run_command(command: Command, args: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Run a command on the process's streams and return its exit status; our errors become lines on standard error."""
    out, err = usable(sys.stdout), usable(sys.stderr)
    context = Context(environ=environ, stdin=sys.stdin, stdout=out, stderr=err, now=datetime.now(UTC))
    handler = logging.StreamHandler(err)
    handler.setFormatter(PlainFormatter("prod-lens: %(levelname)s: %(message)s"))
    logging.basicConfig(handlers=[handler], level=logging.WARNING)
    try:
        status = command.run(args, context)
        out.flush()
    except ProdLensError as error:
        for line in str(error).splitlines():
            context.note(f"prod-lens: error: {line}")
        return error.exit_status
    except KeyboardInterrupt:
        context.note("prod-lens: stopped; what was committed is kept")
        return 130
    except BrokenPipeError:  # the reader of a pipe has gone: nothing is wrong, and nothing more can be said
        return 0
    except (OSError, sqlite3.Error) as error:  # fallback for errors of the disk that nothing further down translates
        context.note(f"prod-lens: error: stopped, since something could not be read or written: {error}")
        return 1
    finally:
        end_output(out)
    return status
