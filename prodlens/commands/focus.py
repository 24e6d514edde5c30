"""``prod-lens focus``: the ledger as a FOCUS 1.2 dataset, CSV or Parquet."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from prodlens.commands import day, period_mistakes
from prodlens.errors import ConfigurationError, InputNotFoundError, StorageError
from prodlens.files import DEFAULT_DATABASE, Folder
from prodlens.slugs import checked_slug

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Iterator, Mapping
    from typing import Any

    from prodlens.commands import Context

_SUFFIXES = (".csv", ".parquet")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the flags of the command."""
    parser.add_argument(
        "--repo", required=True, metavar="OWNER/NAME", help="repository to write; calls that name none are included"
    )
    parser.add_argument("--output", required=True, type=Path, metavar="FILE", help="file to write: .csv or .parquet")
    parser.add_argument("--db", type=Path, default=DEFAULT_DATABASE, help="database (default: %(default)s)")
    parser.add_argument("--since", type=day, metavar="YYYY-MM-DD", help="from this day (UTC) on")
    parser.add_argument("--until", type=day, metavar="YYYY-MM-DD", help="before this day (UTC)")
    parser.add_argument(
        "--billing-account", metavar="ID", help="account that is billed (default: the owner of the repository)"
    )


def run(args: argparse.Namespace, context: Context) -> int:
    """Write the dataset; what was left out is said on standard error."""
    _check(args)
    from prodlens.metrics import focus_ledger, focus_parquet, focus_rows
    from prodlens.storage import ProdLensStore

    with ProdLensStore(args.db) as store:
        found = focus_ledger(
            store.conn,
            args.repo,
            since=None if args.since is None else args.since.isoformat(),
            until=None if args.until is None else args.until.isoformat(),
        )
    rows = focus_rows(found, args.repo, args.billing_account)
    content = focus_parquet(rows) if args.output.suffix.lower() == ".parquet" else _csv(rows)
    try:
        Folder.of(args.output).replace(args.output.name, content)
    except OSError as error:
        raise StorageError(f"cannot write {args.output}: {error.strerror}") from error
    if found.left_out:
        context.note(f"prod-lens: {found.left_out} calls have a cost that cannot be true; they are written without it")
    context.note(f"prod-lens: wrote {len(found.charges)} rows to {args.output}")
    return 0


def _csv(rows: Iterable[Mapping[str, Any]]) -> Iterator[bytes]:
    from prodlens.metrics import FOCUS_COLUMNS
    from prodlens.rendering import csv_lines

    yield from csv_lines([list(FOCUS_COLUMNS)])
    yield from csv_lines(row.values() for row in rows)


def _check(args: argparse.Namespace) -> None:
    mistakes = period_mistakes(args.since, args.until)
    try:
        checked_slug(args.repo)
    except ValueError as error:
        mistakes.append(f"--repo: {error}")
    if args.output.suffix.lower() not in _SUFFIXES:
        mistakes.append(f"--output: no format known for {args.output.name!r} (expected {' or '.join(_SUFFIXES)})")
    if mistakes:
        raise ConfigurationError(*mistakes)
    if not args.db.exists():
        raise InputNotFoundError(f"no database at {args.db}; ingest traces first, or name another file with --db")
