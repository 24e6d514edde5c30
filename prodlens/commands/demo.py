"""``prod-lens demo``: put a simulated team into a database, to see what a report looks like."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from prodlens.commands import day
from prodlens.commands.simulated_team import DEMO_LAST_DAY, DEMO_REPOSITORY, DEMO_WEEKS, fill_store, simulate_team
from prodlens.errors import ConfigurationError
from prodlens.files import DEMO_DATABASE
from prodlens.storage import ProdLensStore

if TYPE_CHECKING:
    import argparse

    from prodlens.commands import Context

_MOST_WEEKS = 520
_FIRST_YEAR, _LAST_YEAR = 1980, 2999


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the flags of the simulation."""
    parser.add_argument("--db", type=Path, default=DEMO_DATABASE, help=f"database to fill (default: {DEMO_DATABASE})")
    parser.add_argument("--seed", type=int, default=1, help="the same seed gives the same team (default: 1)")
    parser.add_argument(
        "--last-day",
        type=day,
        default=DEMO_LAST_DAY,
        metavar="YYYY-MM-DD",
        help=f"last simulated day (default: {DEMO_LAST_DAY})",
    )
    parser.add_argument("--weeks", type=int, default=DEMO_WEEKS, help=f"weeks to simulate (default: {DEMO_WEEKS})")


def run(args: argparse.Namespace, context: Context) -> int:
    """Simulate, store, and say what to do with it."""
    if not (1 <= args.weeks <= _MOST_WEEKS and _FIRST_YEAR <= args.last_day.year <= _LAST_YEAR):
        raise ConfigurationError(
            f"--weeks, --last-day: must be 1 to {_MOST_WEEKS} weeks that end in {_FIRST_YEAR} to {_LAST_YEAR}: "
            f"{args.weeks}, {args.last_day}"
        )
    simulation = simulate_team(seed=args.seed, last_day=args.last_day, weeks=args.weeks)
    with ProdLensStore(args.db) as store:
        fill_store(store, simulation, context.now)
    context.note(
        f"{args.db}: simulated {len(simulation.traces)} calls, {len(simulation.pull_requests)} pull requests "
        f"and {len(simulation.commits)} commits of {DEMO_REPOSITORY}"
    )
    return 0
