"""``prod-lens organisation``: the report on everything that repositories published to one place."""

from __future__ import annotations

import re
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from prodlens.commands.report import give_report
from prodlens.errors import ConfigurationError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from prodlens.commands import Context
    from prodlens.organisation import Period

_BACK = re.compile(r"(?P<number>[1-9]\d{0,3})(?P<unit>[dw])")
FEWEST = 5
LEFT_OUT = ("damaged", "stray")
_FIRST_YEAR, _LAST_YEAR = 1970, 2999


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the flags of the command."""
    add_place(parser)
    parser.add_argument(
        "--engine",
        default="duckdb",
        help="duckdb, spark, or an address: bigquery://project/dataset (%(default)s)",
    )
    parser.add_argument(
        "--since", default="", help="first day: YYYY-MM-DD, Nd or Nw (default: two whole months and the present one)"
    )
    parser.add_argument("--until", default="", help="day after the last, in UTC: YYYY-MM-DD (default: today)")
    parser.add_argument("--teams", type=Path, metavar="FILE", help="TOML file of the teams' repositories")
    parser.add_argument(
        "--people-at-least",
        type=int,
        default=FEWEST,
        metavar="N",
        help="fewest people behind a figure (%(default)s)",
    )
    parser.add_argument(
        "--output", type=Path, help="file to write instead of standard output: .csv, .json, .md or .html"
    )


def add_place(parser: argparse.ArgumentParser) -> None:
    """Declare where the published tables are."""
    parser.add_argument(
        "--from",
        dest="place",
        required=True,
        metavar="PLACE",
        help="where the tables are: a folder or s3://bucket/path",
    )


def run(args: argparse.Namespace, context: Context) -> int:
    """Make the report and write it; everything but the report goes to standard error."""
    period = _checked(args, context.now.date())
    from prodlens.organisation import connected, organisation_report, read_teams

    teams = {} if args.teams is None else read_teams(args.teams)
    engine = connected(args.engine)
    report = organisation_report(
        engine, args.place, period, now=context.now, teams=teams, fewest_people=args.people_at_least
    )
    if not report["repositories"]["count"]:
        context.note(f"prod-lens: nothing is published at {args.place}: the report is empty")
    if left_out := sum(one["problem"] in LEFT_OUT for one in report["repositories"]["attention"]):
        context.note(f"prod-lens: files that could not be used: {left_out}; the report names them first")
    give_report(report, args.output, context)
    return 0


def require_extra(find: Callable[[str], object] | None = None) -> None:
    """Say what to install where Ibis or DuckDB is missing.

    Raises:
        ConfigurationError: One of them is missing.
    """
    from prodlens.organisation import has_extra

    if not (has_extra(find) if find else has_extra()):
        raise ConfigurationError("this command needs Ibis and DuckDB: pip install 'prodlens[organisation]'")


def _checked(args: argparse.Namespace, today: date) -> Period:
    """Return the period; every mistake in the arguments is reported at once."""
    from prodlens.organisation import Period, usual_start
    from prodlens.rendering import SUFFIXES

    mistakes: list[str] = []
    until = _day("--until", args.until, today, mistakes) if args.until else today
    since = _day("--since", args.since, until, mistakes) if args.since else usual_start(until)
    if not mistakes and (since.year < _FIRST_YEAR or until.year > _LAST_YEAR):
        mistakes.append(f"--since, --until: must be {_FIRST_YEAR} to {_LAST_YEAR}: {since}, {until}")
    if not mistakes and since >= until:
        mistakes.append(f"--since: {since} is not before the end of the report, {until}")
    if args.people_at_least < FEWEST:
        mistakes.append(f"--people-at-least: must be {FEWEST} or more: {args.people_at_least}")
    if args.output is not None and args.output.suffix.lower() not in SUFFIXES:
        mistakes.append(f"--output: no format known for {args.output.name!r} (expected {', '.join(SUFFIXES)})")
    if mistakes:
        raise ConfigurationError(*mistakes)
    require_extra()
    return Period(since, until)


def _day(flag: str, text: str, end: date, mistakes: list[str]) -> date:
    back = _BACK.fullmatch(text)
    try:
        if back is None:
            return date.fromisoformat(text)
        return end - timedelta(days=int(back["number"]) * (7 if back["unit"] == "w" else 1))
    except (ValueError, OverflowError):
        mistakes.append(f"{flag}: not a day: {text!r} (expected YYYY-MM-DD, 28d or 12w)")
        return end
