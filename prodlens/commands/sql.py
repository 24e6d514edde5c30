"""``prod-lens sql``: one query over the published tables of a place, answered by DuckDB."""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from prodlens.commands.organisation import add_place, require_extra

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

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

    columns, rows = answer(args.query, args.place, lambda text: context.note(f"prod-lens: {text}"))
    if args.format == "csv":
        from prodlens.rendering import csv_lines

        for line in csv_lines([columns, *rows]):
            context.stdout.write(line.decode())
    elif args.format == "json":
        names = _distinct(columns)
        listed = [dict(zip(names, map(_plain, row), strict=True)) for row in rows]
        context.stdout.write(f"{json.dumps(listed, indent=2, ensure_ascii=False, allow_nan=False)}\n")
    else:
        from tabulate import tabulate

        from prodlens.rendering import terminal_text

        shown = [["" if value is None else terminal_text(value) for value in row] for row in rows]
        context.stdout.write(tabulate(shown, [terminal_text(name) for name in columns], disable_numparse=True) + "\n")
    return 0


def _distinct(names: Sequence[str]) -> list[str]:
    """Return a name for each column of a result, which may have several of one name: ``n``, ``n_2``, ``n_3``."""
    distinct: dict[str, None] = {}
    for name in names:
        tries = (name if count == 1 else f"{name}_{count}" for count in itertools.count(1))
        distinct[next(each for each in tries if each not in distinct)] = None
    return list(distinct)


def _plain(value: Any) -> Any:
    """Return a value of DuckDB as strict JSON has it: decimals are numbers, days text, what is not a number is null."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float | Decimal):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items()}
    return [_plain(inner) for inner in value] if isinstance(value, list | tuple) else str(value)
