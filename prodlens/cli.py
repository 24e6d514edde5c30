"""The ``prod-lens`` program: one command a module of ``prodlens.commands``, loaded only when it is called."""

from __future__ import annotations

import argparse
import os
import sys
from importlib import import_module
from typing import TYPE_CHECKING

from prodlens.version import __version__

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prodlens.commands import Command

# Name of the command, its module in prodlens.commands, what it does in a line. In the order of the road.
COMMANDS: dict[str, tuple[str, str]] = {
    "demo": ("demo", "Fill a database with a simulated team."),
    "ingest-traces": ("ingest_traces", "Read traces of any known format into the database and the lake."),
    "ingest-github": ("ingest_github", "Sync a repository's pull requests and commits from GitHub."),
    "sync-status": ("sync_status", "Show how far each repository is synced."),
    "formats": ("formats", "Say what format files are and where each field was found."),
    "ledger": ("ledger", "Show calls, tokens and cost by model and source."),
    "focus": ("focus", "Write the ledger as a FOCUS 1.2 dataset, with the pull request of each cost."),
    "dead-letters": ("dead_letters", "List lines that could not be used and why, or try them again."),
    "evidence": ("evidence", "Show the signs of AI on pull requests and commits, and what each rests on."),
    "report": ("report", "Report on one repository."),
    "doctor": ("doctor", "Check a set-up and say what to change."),
}


def build_parser(only: str | None = None) -> argparse.ArgumentParser:
    """Return the parser; with ``only`` the arguments of that one command alone are loaded."""
    parser = argparse.ArgumentParser(
        prog="prod-lens", description="What AI coding assistants cost and what goes with it."
    )
    parser.add_argument("--version", action="version", version=f"prod-lens {__version__}")
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, (module, summary) in COMMANDS.items():
        subparser = subparsers.add_parser(name, help=summary, description=summary)
        if only in {None, name}:
            _load(module).add_arguments(subparser)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command with the process's environment, streams and clock; returns the exit status."""
    from prodlens.commands import run_command

    arguments = list(sys.argv[1:] if argv is None else argv)
    called = next((word for word in arguments if not word.startswith("-")), "")
    parsed = build_parser(only=called).parse_args(arguments)
    return run_command(_load(COMMANDS[parsed.command][0]), parsed, os.environ)


def _load(module: str) -> Command:
    command: Command = import_module(f"prodlens.commands.{module}")
    return command


if __name__ == "__main__":
    sys.exit(main())
