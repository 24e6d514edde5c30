"""``prod-lens assign``: draw with or without an assistant for issues or author-weeks, and compare the arms."""

from __future__ import annotations

import csv
import json
import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prodlens.errors import ConfigurationError, InputNotFoundError
from prodlens.files import DEFAULT_DATABASE
from prodlens.slugs import checked_slug
from prodlens.statistics.sample_sizes import needed_in_each_arm

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from prodlens.commands import Context

_RATIOS = (0.5, 0.67, 0.8, 0.9)
_SPREAD = 1.2
_MOST_UNITS = 10_000
_MOST_WEEKS = 520
_LAST_YEAR = 2999
_RANGE = re.compile(r"(\d{1,9})(?:-(\d{1,9}))?")
_LOGIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.\[\]-]{0,99}")
_UNITS = ("author-week", "issue")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the flags of the command."""
    parser.add_argument(
        "--seed", required=True, help="any text, agreed on beforehand; the same seed draws the same arms"
    )
    parser.add_argument("--repo", metavar="OWNER/NAME", help="repository of the issues, or to analyse")
    parser.add_argument("--issues", nargs="+", default=[], metavar="N", help="issues: numbers, or ranges such as 12-40")
    parser.add_argument(
        "--authors",
        nargs="+",
        default=[],
        metavar="LOGIN",
        help="authors; an arm is drawn for each week of each author",
    )
    parser.add_argument(
        "--from", dest="first", metavar="YYYY-MM-DD", help="a day of the first week that is drawn for authors"
    )
    parser.add_argument("--weeks", type=int, default=1, help="how many weeks (default: %(default)s)")
    parser.add_argument("--ratio", type=float, help="print how many are needed for this ratio of times only")
    parser.add_argument(
        "--spread", type=float, default=_SPREAD, help="standard deviation of log hours to merge (default: %(default)s)"
    )
    parser.add_argument("--format", choices=("table", "json", "csv"), default="table", help="default: %(default)s")
    parser.add_argument("--analyse", choices=_UNITS, help="compare stored pull requests by the arms of these units")
    parser.add_argument("--since", metavar="YYYY-MM-DD", help="analyse: pull requests opened from this day (UTC) on")
    parser.add_argument(
        "--until", metavar="YYYY-MM-DD", help="analyse: pull requests opened before this day (default: now)"
    )
    parser.add_argument("--db", type=Path, default=DEFAULT_DATABASE, help="analyse: database (default: %(default)s)")


def run(args: argparse.Namespace, context: Context) -> int:
    """Print the arms and how many are needed, or the comparison; notes go to standard error."""
    _check(args)
    if args.analyse:
        found = _analysis(args, context)
        context.stdout.write(f"{json.dumps(found, indent=2)}\n" if args.format == "json" else _words(found))
        return 0
    rows = list(_drawn(args))
    needed = _needed(args)
    if args.format == "json":
        document = {"seed": args.seed, "units": rows, "spread": args.spread, "needed": needed}
        context.stdout.write(f"{json.dumps(document, indent=2)}\n")
    elif args.format == "csv":
        writer = csv.writer(context.stdout, lineterminator="\n")
        writer.writerows([("unit", "arm"), *((row["unit"], row["arm"]) for row in rows)])
    else:
        context.stdout.write(_table(rows, needed, args.spread))
    return 0


def _check(args: argparse.Namespace) -> None:
    """Refuse arguments that do not fit together; every mistake is reported at once."""
    mistakes = [*_wrong_repository(args), *_wrong_units(args)]
    for name in ("first", "since", "until"):
        text = getattr(args, name)
        if text is not None and _day(text) is None:
            flag = "from" if name == "first" else name
            mistakes.append(f"--{flag}: not a day: {text!r} (expected YYYY-MM-DD, for example 2026-05-01)")
    try:
        needed_in_each_arm(2.0 if args.ratio is None else args.ratio, args.spread)
    except ValueError as error:
        mistakes.append(f"--ratio, --spread: {error}")
    first = _day(args.first or "")
    if first is not None and first.year > _LAST_YEAR:
        mistakes.append(f"--from: must be a day before {_LAST_YEAR + 1}: {first}")
    if mistakes:
        raise ConfigurationError(*mistakes)
    if args.analyse and not args.db.exists():
        raise InputNotFoundError(f"no database at {args.db}; ingest traces first, or name another file with --db")


def _wrong_repository(args: argparse.Namespace) -> Iterator[str]:
    if args.repo is None:
        if args.issues or args.analyse:
            yield "--repo: needed for issues and to analyse (owner/name)"
        return
    try:
        checked_slug(args.repo)
    except ValueError as error:
        yield f"--repo: {error}"


def _wrong_units(args: argparse.Namespace) -> Iterator[str]:
    if args.analyse and args.since is None:
        yield "--since: needed to analyse (YYYY-MM-DD)"
    if args.authors and args.first is None:
        yield "--from: needed for authors (YYYY-MM-DD)"
    if not 1 <= args.weeks <= _MOST_WEEKS:
        yield f"--weeks: must be 1 to {_MOST_WEEKS}: {args.weeks}"
    for author in args.authors:
        if not _LOGIN.fullmatch(author):
            yield f"--authors: not a login: {author!r}"
    for text in args.issues:
        numbers = _numbers(text)
        if numbers is None:
            yield f"--issues: not a number or a range: {text!r} (expected 12 or 12-40)"
        elif len(numbers) > _MOST_UNITS:
            yield f"--issues: more than {_MOST_UNITS:,} in {text!r}"


def _numbers(text: str) -> range | None:
    """Return the numbers of ``12`` or ``12-40``, None for anything else."""
    found = _RANGE.fullmatch(text)
    if found is None:
        return None
    first, last = int(found[1]), int(found[2] or found[1])
    return range(first, last + 1) if 0 < first <= last else None


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _drawn(args: argparse.Namespace) -> Iterator[dict[str, str]]:
    """Yield each unit once with its arm, in the order in which it was asked for."""
    from prodlens.metrics import arm_of, author_week, issue_unit

    units = [issue_unit(args.repo, number) for text in args.issues for number in _numbers(text) or ()]
    first = _day(args.first or "")
    if first is not None:
        weeks = [first + timedelta(weeks=week) for week in range(args.weeks)]
        units += [author_week(author, week) for week in weeks for author in args.authors]
    for unit in dict.fromkeys(units):
        yield {"unit": unit, "arm": arm_of(args.seed, unit)}


def _needed(args: argparse.Namespace) -> list[dict[str, float]]:
    ratios = _RATIOS if args.ratio is None else (args.ratio,)
    return [{"ratio": ratio, "in_each_arm": needed_in_each_arm(ratio, args.spread)} for ratio in ratios]


def _table(rows: list[dict[str, str]], needed: list[dict[str, float]], spread: float) -> str:
    from tabulate import tabulate

    parts = []
    if rows:
        arms = [row["arm"] for row in rows]
        parts.append(
            tabulate([(row["unit"], row["arm"]) for row in rows], ("unit", "assistant"), disable_numparse=True)
        )
        parts.append(f"{arms.count('with')} with, {arms.count('without')} without.")
    cells = [(f"{row['ratio']:g} times", f"{row['in_each_arm']:,.0f}") for row in needed]
    parts.append(tabulate(cells, ("to see", "merged in each arm"), disable_numparse=True, colalign=("left", "right")))
    parts.append(
        f"With a standard deviation of {spread:g} of log hours, a power of 80 % and a test at 5 %. Arms that are drawn "
        "for weeks of authors need more, since pull requests of the same week resemble each other."
    )
    return "\n\n".join(parts) + "\n"


def _analysis(args: argparse.Namespace, context: Context) -> dict[str, Any]:
    from prodlens.metrics import assigned_comparison
    from prodlens.storage import ProdLensStore

    start = datetime.combine(date.fromisoformat(args.since), datetime.min.time(), UTC)
    end = context.now if args.until is None else datetime.combine(date.fromisoformat(args.until), start.timetz())
    if end <= start:
        raise ConfigurationError(f"--until: must be after --since: {end.date()}")
    with ProdLensStore(args.db) as store:
        return assigned_comparison(store.conn, args.repo, start, end, args.seed, args.analyse)


def _words(found: dict[str, Any]) -> str:
    """Return what the comparison comes to, in a few lines."""
    lines = []
    for arm, use in found["arms"].items():
        share = f", {use['assisted']} of {use['known']} known ones assisted" if use["known"] else ""
        lines.append(f"{arm}: {use['pull_requests']} pull requests, {found['merged'][arm]} merged{share}")
    bounds, least = found["interval"], found["minimum_detectable"]
    if bounds is None:
        lines.append(f"No comparison: {found['reason'] or 'nothing to compare'}.")
    else:
        ratio = "" if found["ratio"] is None else f"{found['ratio']:.2f} times, "
        lines.append(
            f"Time to merge, with against without: {ratio}95% CI {bounds['low']:.2f} to {bounds['high']:.2f}, "
            f"{found['authors']} authors with both arms."
        )
        lines.append(f"A difference of {least:.2f} times would usually have been seen." if least is not None else "")
        lines.append("By the arm that was drawn, whether or not the assistant was used.")
    return "\n".join(filter(None, lines)) + "\n"
