"""``prod-lens formats``: what format files are, and where in their first records each field was found."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import argparse

    from prodlens.commands import Context
    from prodlens.trace_ingestion import Source


# Sessions begin with lines that are not calls, so more than the first record of a format is looked at.
_EXPLAINED = 100
_KINDS_SHOWN = 5


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the inputs of the command."""
    parser.add_argument("input", nargs="*", help="file, folder, glob, .gz or .zip; without any, the known formats")


def run(args: argparse.Namespace, context: Context) -> int:
    """Print the formats on standard output."""
    from prodlens.trace_ingestion import find_sources
    from prodlens.trace_normalizer import FORMATS

    if not args.input:
        for known in FORMATS:
            context.stdout.write(f"{known.name}: {known.title}\n")
    for source in find_sources(args.input, getattr(context.stdin, "buffer", None)):
        for line in _described(source):
            context.tell(line)
    return 0


def _described(source: Source) -> list[str]:
    from prodlens.trace_ingestion import ArchiveError, general_reason, read_entries
    from prodlens.trace_normalizer import looks_like, recognise

    counts: Counter[str] = Counter()
    unknown: Counter[str] = Counter()
    found: dict[str, dict[str, str]] = {}
    try:
        with source.open() as stream:
            for entry in read_entries(stream):
                for record in _records(entry.value):
                    known = recognise(record)
                    counts[known.name if known else "unknown"] += 1
                    if known is None:
                        unknown[looks_like(record)] += 1
                    elif counts[known.name] <= _EXPLAINED:
                        found[known.name] = known.explain(record) | found.get(known.name, {})
                if entry.reason is not None:
                    counts[general_reason(entry.reason)] += 1
    except ArchiveError as error:
        return [str(error)]
    lines = [f"{source.name}: " + (", ".join(f"{count} {name}" for name, count in counts.most_common()) or "empty")]
    lines += [f"  {count} unknown: {text}" for text, count in unknown.most_common(_KINDS_SHOWN)]
    if (more := len(unknown) - _KINDS_SHOWN) > 0:
        lines.append(f"  and {more} more kinds of unknown records")
    for name, fields in found.items():
        lines += [f"  {name} {field}: {where}" for field, where in fields.items()]
    return lines


def _records(value: Any) -> list[dict[str, Any]]:
    return [record for record in (value if isinstance(value, list) else [value]) if isinstance(record, dict)]
