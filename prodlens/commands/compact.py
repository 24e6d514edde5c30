"""``prod-lens compact``: one file for each closed month of a published table, beside those of the repositories."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prodlens.errors import ConfigurationError, StorageError

if TYPE_CHECKING:
    import argparse

    from prodlens.commands import Context
    from prodlens.lake import Place


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the flags of the command."""
    parser.add_argument(
        "--in", required=True, dest="place", metavar="PLACE", help="folder, or s3://, gs:// or abfs:// address"
    )
    parser.add_argument(
        "--iceberg",
        metavar="CATALOG",
        help="commit the result to Iceberg tables: name of a catalog that pyiceberg is configured for, or its address",
    )
    parser.add_argument(
        "--iceberg-namespace",
        default="prodlens",
        metavar="NAME",
        help="where the tables are in the catalog (default: %(default)s)",
    )


def run(args: argparse.Namespace, context: Context) -> int:
    """Compact, commit where that is asked for, and say what was done; a month that has to wait is a note."""
    from prodlens.lake import Place, check_iceberg, compact

    if args.iceberg is not None:
        check_iceberg(args.iceberg, args.iceberg_namespace)
    place = Place(args.place)
    done = compact(place, context.now)
    for sentence in done.skipped:
        context.note(f"prod-lens: {sentence}")
    if done.waiting:
        context.note(f"prod-lens: {done.waiting} months have just changed; compact again in a minute or later")
    removed = f", {len(done.removed)} old files removed" if done.removed else ""
    context.stdout.write(f"{len(done.written)} files written, {done.unchanged} unchanged{removed}\n")
    if args.iceberg is not None:
        _commit(place, args.iceberg, args.iceberg_namespace, context)
    return 0


def _commit(place: Place, catalog: str, namespace: str, context: Context) -> None:
    """Commit to Iceberg tables, and say what was done before what failed."""
    from prodlens.lake import commit_to_iceberg

    done = commit_to_iceberg(place, catalog, namespace)
    for sentence in done.skipped:
        context.note(f"prod-lens: {sentence}")
    changed = ", ".join(done.tables) or "none"
    context.stdout.write(f"Iceberg tables with a new snapshot: {changed}; {done.unchanged} unchanged\n")
    if done.failures:
        sentences = [str(failure) for failure in done.failures]
        if all(isinstance(failure, ConfigurationError) for failure in done.failures):
            raise ConfigurationError(*sentences)
        raise StorageError("\n".join(sentences))
