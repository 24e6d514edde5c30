"""The program ``prodlens``, which is also called ``prod-lens``.

One command is a module of ``prodlens.commands``, loaded only when it is called. Without a command it is the local run.
"""

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

# Name of the command, its module in prodlens.commands, what it does in a line; in the order in which they are needed.
COMMANDS: dict[str, tuple[str, str]] = {
    "demo": ("demo", "Fill a database with a simulated team."),
    "ingest-traces": ("ingest_traces", "Read traces of any known format into the database and the lake."),
    "ingest-github": ("ingest_github", "Sync a repository's pull requests and commits from GitHub."),
    "sync-status": ("sync_status", "Show how far each repository is synced."),
    "formats": ("formats", "Show the format of files and where each field was found."),
    "ledger": ("ledger", "Show calls, tokens and cost by model and source."),
    "focus": ("focus", "Write the ledger as a FOCUS 1.2 dataset, with the pull request of each cost."),
    "dead-letters": ("dead_letters", "List lines that could not be used and why, or try them again."),
    "evidence": ("evidence", "Show the signs of AI on pull requests and commits, and what each rests on."),
    "report": ("report", "Report on one repository."),
    "publish": ("publish", "Write the tables that engines read to a folder or a bucket."),
    "compact": ("compact", "Merge the published files of each closed month into one."),
    "assign": ("assign", "Draw at random which issues or weeks use an assistant, and compare the arms."),
    "organisation": ("organisation", "Report on all repositories that publish to one place."),
    "sql": ("sql", "Run one query on the published tables."),
    "doctor": ("doctor", "Check a set-up and say what to change."),
}


PROGRAM = "prod-lens"
STOPPED = 130
_OWN_FLAGS = {"-h", "--help", "--version"}


def build_parser(only: str | None = None) -> argparse.ArgumentParser:
    """Return the parser; with ``only`` the arguments of that one command alone are loaded."""
    from prodlens.action import build_parser as local_parser

    parser = argparse.ArgumentParser(
        prog=PROGRAM,
        usage=f"{PROGRAM} [FLAGS]\n       {PROGRAM} COMMAND ...",
        description="What AI coding assistants cost, and what goes with their use. Without a command: a report on the "
        "git clone in this folder, with the sessions that coding tools keep of it on this machine.",
        epilog=f"Without a command:\n\n{local_parser(PROGRAM).format_help()}",
        formatter_class=_HelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"{PROGRAM} {__version__}")
    subparsers = parser.add_subparsers(prog=PROGRAM, dest="command", metavar="COMMAND", required=True)
    for name, (module, summary) in COMMANDS.items():
        subparser = subparsers.add_parser(name, help=summary, description=summary)
        if only in {None, name}:
            _load(module).add_arguments(subparser)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command, or without any the local run; returns the exit status."""
    try:
        return _run(list(sys.argv[1:] if argv is None else argv))
    except KeyboardInterrupt:  # before there was anything to keep
        return STOPPED


def _run(arguments: list[str]) -> int:
    if not arguments or (arguments[0].startswith("-") and arguments[0] not in _OWN_FLAGS):
        from prodlens.action import main as report_on_this_clone

        return report_on_this_clone(arguments, program=PROGRAM)
    from prodlens.commands import run_command

    called = next((word for word in arguments if not word.startswith("-")), "")
    parsed = build_parser(only=called).parse_args(arguments)
    return run_command(_load(COMMANDS[parsed.command][0]), parsed, os.environ)


class _HelpFormatter(argparse.HelpFormatter):
    """Leaves an epilog of several lines as it is."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        return text if "\n" in text else super()._fill_text(text, width, indent)


def _load(module: str) -> Command:
    command: Command = import_module(f"prodlens.commands.{module}")
    return command


if __name__ == "__main__":
    sys.exit(main())
