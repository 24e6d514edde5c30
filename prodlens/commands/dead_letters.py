"""``prod-lens dead-letters``: what could not be used and why; ``--retry`` reads it again, such as after an upgrade."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from prodlens.commands.ingest_traces import add_store_arguments, summary

if TYPE_CHECKING:
    import argparse

    from prodlens.commands import Context


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the flags of the command."""
    parser.add_argument("--retry", action="store_true", help="try them again; what can be used now leaves the folder")
    parser.add_argument("--repo", metavar="OWNER/NAME", help="with --retry: repository of the records that name none")
    add_store_arguments(parser)


def run(args: argparse.Namespace, context: Context) -> int:
    """List the reasons on standard output, the most frequent first; with ``--retry``, what is left afterwards."""
    from prodlens.trace_ingestion import DeadLetterBox

    box = DeadLetterBox(args.dead_letter_dir)
    status = _retry(args, context) if args.retry else 0
    stems = box.stems()
    if not stems:
        context.note(f"no dead letters in {args.dead_letter_dir}")
    for stem in stems:
        letters = list(box.read(stem))
        context.tell(f"{box.letters_path(stem)}: {len(letters)}")
        for reason, count in Counter(letter.reason for letter in letters).most_common():
            lines = [f"{letter.source}:{letter.line}" for letter in letters if letter.reason == reason]
            more = ", ..." if len(lines) > _PLACES_SHOWN else ""
            context.tell(f"  {count} x {reason} ({', '.join(lines[:_PLACES_SHOWN])}{more})")
    return status


_PLACES_SHOWN = 3


def _retry(args: argparse.Namespace, context: Context) -> int:
    from prodlens.storage import ProdLensStore
    from prodlens.trace_ingestion import TraceIngestor, fault_note

    with ProdLensStore(args.db) as store:
        ingestor = TraceIngestor(store, dead_letter_dir=args.dead_letter_dir, parquet_dir=args.parquet_dir)
        done = ingestor.retry_dead_letters(repo_slug=args.repo)
    for each in done:
        context.note(summary(each))
    if note := fault_note(done, args.dead_letter_dir):
        context.note(note)
        return 1
    return 0
