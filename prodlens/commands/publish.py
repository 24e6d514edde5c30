"""``prod-lens publish``: the rows of repositories as published tables, to a folder or a bucket that engines read."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from prodlens.commands import repository
from prodlens.errors import ConfigurationError, InputNotFoundError, StorageError
from prodlens.files import DEFAULT_DATABASE

if TYPE_CHECKING:
    import argparse

    from prodlens.commands import Context
    from prodlens.metrics import PublishedRepository


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the flags of the command."""
    parser.add_argument("--to", required=True, metavar="PLACE", help="folder, or s3://, gs:// or abfs:// address")
    parser.add_argument("--db", type=Path, default=DEFAULT_DATABASE, help="database (default: %(default)s)")
    parser.add_argument(
        "--repo",
        action="append",
        type=repository,
        metavar="OWNER/NAME",
        help="repository to publish; repeatable (default: every one in the database)",
    )
    parser.add_argument("--team", help="team that the repositories belong to")
    parser.add_argument("--people", type=Path, metavar="FILE", help="TOML file that joins trace identities to logins")
    parser.add_argument(
        "--again", action="store_true", help="write every file, also unchanged ones and months with fewer rows"
    )


def run(args: argparse.Namespace, context: Context) -> int:
    """Publish, and say of each repository what was written."""
    if not args.db.exists():
        raise InputNotFoundError(f"no database at {args.db}; ingest traces first, or name another file with --db")
    from prodlens.lake import Place
    from prodlens.metrics import Publishing, publish_repositories, stored_repositories
    from prodlens.storage import ProdLensStore
    from prodlens.trace_ingestion import read_people

    people = read_people(args.people) if args.people else {}
    place = Place(args.to)
    failures = []
    with ProdLensStore(args.db) as store:
        stored, unnamable = stored_repositories(store)
        if unnamable:
            context.note(f"prod-lens: {unnamable} names of repositories are not owner/name; their rows are left out")
        if not (repositories := args.repo or stored):
            raise ConfigurationError(f"{args.db} has no rows of any repository; name one with --repo")
        publishing = Publishing(now=context.now, team=args.team, people=people, again=args.again)
        for outcome in publish_repositories(store, place, repositories, publishing):
            _say(outcome, context)
            if outcome.failure:
                failures.append(outcome.failure)
    if failures:
        raise StorageError("\n".join(dict.fromkeys(failures)))
    return 0


def _say(outcome: PublishedRepository, context: Context) -> None:
    for note in outcome.notes:
        context.note(f"prod-lens: {note}")
    if (done := outcome.published) is not None:
        counts = f"{len(done.written)} files written, {done.unchanged} unchanged"
        removed = f", {len(done.removed)} removed" if done.removed else ""
        context.tell(f"{outcome.repository}: {counts}{removed}, {done.rows:,} rows")
