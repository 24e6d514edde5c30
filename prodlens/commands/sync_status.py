"""``prod-lens sync-status``: how far each repository is synced."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from prodlens.errors import InputNotFoundError
from prodlens.files import DEFAULT_DATABASE
from prodlens.slugs import checked_slug

if TYPE_CHECKING:
    import argparse

    from prodlens.commands import Context

_COLUMNS = ("repository", "stream", "rows", "since", "cursor", "last run", "requests", "all requests", "to backfill")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the flags of the command."""
    parser.add_argument("--repo", help="only this repository: owner/name (default: every one that was synced)")
    parser.add_argument("--db", type=Path, default=DEFAULT_DATABASE, help="database (default: %(default)s)")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")


def run(args: argparse.Namespace, context: Context) -> int:
    """Print the state of every stream; why a run stopped early goes below the table."""
    import orjson

    from prodlens.github_etl import sync_state, synced_repositories
    from prodlens.storage import ProdLensStore

    if not args.db.exists():
        raise InputNotFoundError(f"no database at {args.db}; run ingest-github first, or name another file with --db")
    with ProdLensStore(args.db) as store:
        states = [
            sync_state(store, repo) for repo in ([checked_slug(args.repo)] if args.repo else synced_repositories(store))
        ]
    if args.json:
        context.stdout.write(orjson.dumps(states, option=orjson.OPT_INDENT_2).decode() + "\n")
    else:
        context.tell(_table(states).rstrip())
    return 0


def _table(states: list[dict[str, Any]]) -> str:
    from tabulate import tabulate

    streams = [(state["repo"], stream) for state in states for stream in state["streams"]]
    if not streams:
        return "Nothing was synced yet; run ingest-github.\n"
    rows = [
        (
            repo,
            stream["stream"].replace("_", " "),
            stream["rows"],
            _day(stream["since"]) or "the beginning",
            _second(stream["cursor"]) or "-",
            _second(stream["last_run_at"]),
            stream["last_requests"],
            stream["requests"],
            _backfill(stream["to_backfill"]),
        )
        for repo, stream in streams
    ]
    notes = [
        f"{repo}, {stream['stream'].replace('_', ' ')}: {stream['stopped']}\n"
        for repo, stream in streams
        if stream["stopped"]
    ]
    return tabulate(rows, headers=_COLUMNS) + "\n" + "".join(notes)


def _backfill(left: dict[str, Any] | None) -> str:
    if left is None:
        return "nothing"
    parts = [f"pages down to {_day(left['from']) or 'the beginning'}"] if left["pages"] else []
    if left["details"]:
        parts.append(f"details of {left['details']}")
    return ", ".join(parts)


def _day(moment: str | None) -> str | None:
    return moment and moment[:10]


def _second(moment: str | None) -> str | None:
    return moment and moment[:19].replace("T", " ")
