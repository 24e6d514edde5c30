"""``prod-lens ingest-traces``: traces of any known format into the database, the lake and the dead letters."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from prodlens.files import DEFAULT_DATABASE, DEFAULT_DEAD_LETTERS, DEFAULT_LAKE

if TYPE_CHECKING:
    import argparse

    from prodlens.commands import Context
    from prodlens.trace_ingestion import Ingestion


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the inputs and flags of the command."""
    parser.add_argument("input", nargs="+", help="file, folder, glob, .gz or .zip; '-' is standard input")
    parser.add_argument("--repo", metavar="OWNER/NAME", help="repository of the records that name none")
    parser.add_argument("--people", type=Path, help="TOML file that joins names in traces to logins")
    parser.add_argument("--prices", type=Path, help="TOML file of your own prices, or LiteLLM's model map as JSON")
    add_store_arguments(parser)


def add_store_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare where calls, the lake and the dead letters are."""
    parser.add_argument("--db", type=Path, default=DEFAULT_DATABASE, help="database (default: %(default)s)")
    parser.add_argument(
        "--dead-letter-dir",
        type=Path,
        default=DEFAULT_DEAD_LETTERS,
        help="folder of the lines that cannot be used (default: %(default)s)",
    )
    parser.add_argument(
        "--parquet-dir", type=Path, default=DEFAULT_LAKE, help="folder of the lake (default: %(default)s)"
    )


def run(args: argparse.Namespace, context: Context) -> int:
    """Ingest, and say on standard error what became of each source."""
    from prodlens.calls import Prices, read_prices
    from prodlens.storage import ProdLensStore
    from prodlens.trace_ingestion import TraceIngestor, fault_note, read_people

    people = {} if args.people is None else read_people(args.people)
    prices = None if args.prices is None else Prices(read_prices(args.prices))
    with ProdLensStore(args.db) as store:
        ingestor = TraceIngestor(
            store,
            dead_letter_dir=args.dead_letter_dir,
            parquet_dir=args.parquet_dir,
            people=people,
            prices=prices,
        )
        stdin = getattr(context.stdin, "buffer", None)
        with context.progress("Reading traces"):
            done = ingestor.ingest(args.input, repo_slug=args.repo, stdin=stdin, now=context.now)
        (calls,) = store.conn.execute("SELECT count(*) FROM sessions").fetchone()
    shown = done if len(done) <= _MOST_SHOWN else [each for each in done if each.dead]
    for each in shown:
        context.note(summary(each))
        for line in reasons(each):
            context.note(line)
    if len(done) > 1:
        context.note(summary(total(done)))
    context.note(f"calls in {args.db}: {calls} (a call that several records tell of is counted once)")
    if any(each.dead for each in done):
        context.note(
            f"see what could not be used, and why: prod-lens dead-letters --dead-letter-dir {args.dead_letter_dir}"
        )
    if note := fault_note(done, args.dead_letter_dir):
        context.note(note)
        return 1
    return 0


_MOST_SHOWN = 50  # sources that are named one by one; of more, only those with dead letters are


def total(done: list[Ingestion]) -> Ingestion:
    """Return the sums over several sources."""
    from prodlens.trace_ingestion import Ingestion

    together = Ingestion(f"{len(done)} sources")
    for each in done:
        together.entries += each.entries
        together.stored += each.stored
        together.dead += each.dead
        together.skipped += Counter(each.skipped)
        together.latency_withheld += each.latency_withheld
        together.usage_days += each.usage_days
        together.reasons += Counter(each.reasons)
    return together


def summary(done: Ingestion) -> str:
    """Return what became of a source, in a line."""
    parts = [f"{done.entries} records", f"{done.stored} calls stored"]
    if done.usage_days:
        parts.append(f"{done.usage_days} usage days stored")
    if done.skipped:
        kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(done.skipped.items()))
        parts.append(f"{done.skipped.total()} skipped ({kinds})")
    if done.dead:
        parts.append(f"{done.dead} dead letters")
    if done.latency_withheld:
        parts.append(f"{done.latency_withheld} latencies withheld, since the source records them wrongly")
    return f"{done.source}: {', '.join(parts)}"


_REASONS_SHOWN = 3


def reasons(done: Ingestion) -> list[str]:
    """Return why entries of a source are dead letters: one line for each of the most frequent reasons."""
    lines = [f"  {count:,} times: {reason}" for reason, count in done.reasons.most_common(_REASONS_SHOWN)]
    more = sum(done.reasons.values()) - sum(count for _, count in done.reasons.most_common(_REASONS_SHOWN))
    return [*lines, f"  {more:,} for other reasons"] if more else lines
