"""``prod-lens report``: one repository's report as JSON on standard output, or as a file."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prodlens.errors import ConfigurationError, InputNotFoundError
from prodlens.files import DEFAULT_DATABASE
from prodlens.slugs import checked_slug

if TYPE_CHECKING:
    import argparse

    from prodlens.commands import Context


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the flags of the command."""
    parser.add_argument("--repo", required=True, help="repository to report on: owner/name")
    parser.add_argument("--since", required=True, help="first day of the window: YYYY-MM-DD")
    parser.add_argument("--db", type=Path, default=DEFAULT_DATABASE, help="database (default: %(default)s)")
    parser.add_argument("--lag-days", type=int, default=1, help="days from usage to outcome (default: %(default)s)")
    parser.add_argument(
        "--policy-model", action="append", metavar="MODEL", help="approved model, a shell pattern or a name; repeatable"
    )
    parser.add_argument(
        "--attribute-by-person",
        action="store_true",
        help="give calls that nothing joins to a pull request to the only one that their person had open",
    )
    parser.add_argument(
        "--output", type=Path, help="file to write instead of standard output: .csv, .json, .md or .html"
    )


def run(args: argparse.Namespace, context: Context) -> int:
    """Make the report and write it; everything but the report goes to standard error."""
    since = _checked(args)
    from prodlens.metrics import ReportGenerator
    from prodlens.storage import ProdLensStore

    with ProdLensStore(args.db) as store, context.progress("Computing the report"):
        report = ReportGenerator(store).generate_report(
            repo=args.repo,
            since=since,
            lag_days=args.lag_days,
            policy_models=None if args.policy_model is None else set(args.policy_model),
            report_time=context.now,
            attribute_by_person=args.attribute_by_person,
        )
    give_report(report, args.output, context)
    return 0


def give_report(report: dict[str, Any], output: Path | None, context: Context) -> None:
    """Write a report to a file, or as JSON to standard output."""
    from prodlens.rendering import render_json, write_report

    if output is None:
        context.stdout.write(render_json(report))
    else:
        write_report(report, output)
        context.note(f"prod-lens: wrote {output}")


def _checked(args: argparse.Namespace) -> date:
    """Return ``--since`` as a day; every mistake in the arguments is reported at once."""
    from prodlens.rendering import SUFFIXES

    mistakes = []
    try:
        checked_slug(args.repo)
    except ValueError as error:
        mistakes.append(f"--repo: {error}")
    try:
        since = date.fromisoformat(args.since)
    except ValueError:
        since = date.min
        mistakes.append(f"--since: not a day: {args.since!r} (expected YYYY-MM-DD, for example 2026-05-01)")
    if args.lag_days < 0:
        mistakes.append(f"--lag-days: must not be negative: {args.lag_days}")
    if args.output is not None and args.output.suffix.lower() not in SUFFIXES:
        mistakes.append(f"--output: no format known for {args.output.name!r} (expected {', '.join(SUFFIXES)})")
    if mistakes:
        raise ConfigurationError(*mistakes)
    if not args.db.exists():
        raise InputNotFoundError(f"no database at {args.db}; ingest traces first, or name another file with --db")
    return since
