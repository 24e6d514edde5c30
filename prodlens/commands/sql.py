"""``prod-lens sql``: one query over the published tables of a place, answered by DuckDB."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from prodlens.commands.organisation import add_place, require_extra

if TYPE_CHECKING:
    import argparse

    from prodlens.commands import Context

_FORMATS = ("table", "csv", "json")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the flags of the command."""
    parser.add_argument("query", help="a query in DuckDB's SQL; docs/tables.md names the tables and their columns")
    add_place(parser)
    parser.add_argument("--format", choices=_FORMATS, default="table", help="how to print (default: %(default)s)")


def run(args: argparse.Namespace, context: Context) -> int:
    """Print the result of the query on standard output."""
    require_extra()
    from prodlens.organisation import answer

    columns, rows = answer(args.query, args.place)
    if args.format == "csv":
        from prodlens.rendering import csv_lines

        for line in csv_lines([columns, *rows]):
            context.stdout.write(line.decode())
    elif args.format == "json":
        import orjson

        listed = [dict(zip(columns, row, strict=True)) for row in rows]
        context.stdout.write(orjson.dumps(listed, _as_json, orjson.OPT_INDENT_2).decode() + "\n")
    else:
        from tabulate import tabulate

        from prodlens.rendering import terminal_text

        shown = [["" if value is None else terminal_text(value) for value in row] for row in rows]
        context.stdout.write(tabulate(shown, [terminal_text(name) for name in columns], disable_numparse=True) + "\n")
    return 0


def _as_json(value: object) -> float | str:
    return float(value) if isinstance(value, Decimal) else str(value)
