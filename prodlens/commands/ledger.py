"""``prod-lens ledger``: calls, tokens and cost by model and source, with what has no price beside them."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from prodlens.commands import day, period_mistakes, repository
from prodlens.errors import ConfigurationError, InputNotFoundError
from prodlens.files import DEFAULT_DATABASE

if TYPE_CHECKING:
    import argparse

    from prodlens.commands import Context
    from prodlens.metrics import LedgerLine, VendorUsage


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the flags of the command."""
    parser.add_argument("--db", type=Path, default=DEFAULT_DATABASE, help="database (default: %(default)s)")
    parser.add_argument(
        "--repo", type=repository, metavar="OWNER/NAME", help="only this repository, and calls that name none"
    )
    parser.add_argument("--since", type=day, metavar="YYYY-MM-DD", help="from this day (UTC) on")
    parser.add_argument("--until", type=day, metavar="YYYY-MM-DD", help="before this day (UTC)")


def run(args: argparse.Namespace, context: Context) -> int:
    """Print the ledger as a table on standard output."""
    from tabulate import tabulate

    from prodlens.metrics import ledger, vendor_usage
    from prodlens.rendering import terminal_text
    from prodlens.storage import ProdLensStore

    if mistakes := period_mistakes(args.since, args.until):
        raise ConfigurationError(*mistakes)
    if not args.db.exists():
        raise InputNotFoundError(f"no database at {args.db}; ingest traces first, or name another file with --db")
    with ProdLensStore(args.db) as store:
        first, last = args.since or date.min, date.max if args.until is None else _day_before(args.until)
        reported = vendor_usage(store.conn, first, last, None if args.repo is None else (args.repo, None))
        found = ledger(
            store.conn,
            repo=args.repo,
            since=None if args.since is None else args.since.isoformat(),
            until=None if args.until is None else args.until.isoformat(),
        )
    rows = [
        _cells(terminal_text(model or "(none)"), source or "(none)", line)
        for (model, source), line in found.parts.items()
    ]
    rows.append(_cells("total", "", found.total))
    headers = ("model", "source", "calls", "tokens", "cost USD", "recorded", "computed", "unpriced calls", "tokens")
    context.tell(tabulate(rows, headers, disable_numparse=True, colalign=("left", "left", *("right",) * 7)))
    vendors = [_vendor_cells(tool, usage) for tool, usage in reported.items() if usage is not None]
    if vendors:
        names = ("reported by the vendor", "days", "worth USD", "billed USD", "calls add up to", "billed less calls")
        table = tabulate(vendors, names, disable_numparse=True, colalign=("left", "left", *("right",) * 4))
        context.tell(f"\n{table}")
    return 0


def _day_before(day: date) -> date:
    return max(day, date.min + timedelta(days=1)) - timedelta(days=1)


def _vendor_cells(tool: str, usage: VendorUsage) -> tuple[str, ...]:
    amounts = (usage.gross_usd, usage.net_usd, usage.calls_cost_usd, usage.difference_usd)
    days = f"{usage.first_day} to {usage.last_day}"
    return (tool, days, *("unknown" if amount is None else f"{amount:,.2f}" for amount in amounts))


def _cells(model: str, source: str, line: LedgerLine) -> tuple[str, ...]:
    return (
        model,
        source,
        f"{line.calls:,}",
        f"{line.tokens:,}",
        "unknown" if line.cost_usd is None else f"{line.cost_usd:,.2f}",
        f"{line.recorded_usd:,.2f}",
        f"{line.computed_usd:,.2f}",
        f"{line.unpriced_calls:,}",
        f"{line.unpriced_tokens:,}",
    )
