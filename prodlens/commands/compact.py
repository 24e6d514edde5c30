"""``prod-lens compact``: one file for each closed month of a published table, beside those of the repositories."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse

    from prodlens.commands import Context


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the flags of the command."""
    parser.add_argument(
        "--in", required=True, dest="place", metavar="PLACE", help="folder, or s3://, gs:// or abfs:// address"
    )


def run(args: argparse.Namespace, context: Context) -> int:
    """Compact, and say what was done; a month that has to wait is a note."""
    from prodlens.lake import Place, compact

    done = compact(Place(args.place), context.now)
    for sentence in done.skipped:
        context.note(f"prod-lens: {sentence}")
    if done.waiting:
        context.note(f"prod-lens: {done.waiting} months have just changed; compact again in a minute or later")
    removed = f", {len(done.removed)} old files removed" if done.removed else ""
    context.stdout.write(f"{len(done.written)} files written, {done.unchanged} unchanged{removed}\n")
    return 0
