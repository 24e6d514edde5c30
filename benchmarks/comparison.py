"""What the comparison of assisted pull requests finds in teams of known truth: comparison.py [--repetitions N].

Every cell of the tables in docs/statistics.md: teams with no effect and with effects of several sizes, teams that
choose assistants for small work, and teams some of whom begin in the middle. Each repetition is one team. The first of
each cell also go through a store and ``generate_report`` (--reports), which must give the same intervals and p-values.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.metrics.assistance import Starters, Team
from tests.metrics.known_truth import Outcome, adoption_of, contrast_of, differs_from_the_report

if TYPE_CHECKING:
    from collections.abc import Callable

SIZES = (5, 15, 50)
RATIOS = (1.0, 0.8, 0.67, 0.5)
RATES = (1.0, 1.26, 1.5, 2.0)


def share(values: list[bool | None]) -> str:
    """Return the share of those that are known, and how many are not."""
    known = [value for value in values if value is not None]
    if not known:
        return ""
    text = f"{sum(known) / len(known):.0%}"
    return text if len(known) == len(values) else f"{text} ({len(values) - len(known)} without)"


def main() -> int:
    """Print a row for each cell; 1 where a report gave another figure than the statistic."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--repetitions", type=int, default=300)
    parser.add_argument("--reports", type=int, default=2, help="repetitions of each cell that also make a report")
    arguments = parser.parse_args()
    teams: list[Team | Starters] = [Team(authors=size, ratio=ratio) for size in SIZES for ratio in RATIOS]
    teams += [Team(authors=size, chooses=0.7) for size in SIZES]
    teams += [Starters(authors=size, ratio=rate) for size in SIZES for rate in RATES]
    teams += [Starters(authors=size, weeks=26, ratio=rate) for size in SIZES[1:] for rate in RATES[:3]]
    started, wrong = time.perf_counter(), []
    print("| model | authors | weeks | truth | found | interval holds the truth | found without size |")
    print("|---|--:|--:|--:|--:|--:|--:|")
    for team in teams:
        measure: Callable[[Any, int], tuple[Outcome, Any]] = contrast_of if isinstance(team, Team) else adoption_of
        results = [measure(team, seed)[0] for seed in range(arguments.repetitions)]
        wrong += [(team, seed) for seed in range(arguments.reports) if differs_from_the_report(team, seed)]
        kind = "beginning" if isinstance(team, Starters) else "chosen by size" if team.chooses else "contrast"
        columns = [share([getattr(one, name) for one in results]) for name in Outcome._fields]
        cells = [kind, str(team.authors), str(team.weeks), f"{team.ratio:g}", *columns]
        print(f"| {' | '.join(cells)} |", flush=True)
    seconds = time.perf_counter() - started
    print(f"{arguments.repetitions} repetitions, {arguments.reports} reports a cell, {seconds:.0f} s")
    for team, seed in wrong:
        print(f"another figure in the report: {team}, seed {seed}", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
