"""How long the statistics of one report take, against bare correlations in the same run.

120 days, 3 usage series x 4 outcomes (one with gaps) x 8 lags x 2 methods = 192 tests with placebo lags and both
adjustments, effect sizes over 20,000 calls, merge times of 1,000 pull requests, shares and period changes; against 192
bare ``scipy.stats.spearmanr`` calls on such series. Imports apart. Exits with status 1 above 3 times.

Usage: python benchmarks/report_statistics.py [--rounds 15]
"""

from __future__ import annotations

import argparse
import sys
import time
from datetime import date
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

sys.path.insert(0, str(Path(__file__).parents[1]))

from prodlens.statistics import association, daily_series
from prodlens.statistics.association import lagged_association, lags_for, placebo_lags_for
from prodlens.statistics.daily_series import Calendar, Scale, prepare_series
from prodlens.statistics.effect_sizes import cliffs_delta, hedges_g, hodges_lehmann_ratio
from prodlens.statistics.multiplicity import adjust_family
from prodlens.statistics.periods import compare_weeks, week_over_week
from prodlens.statistics.proportions import clustered_wilson, newcombe_difference, wilson
from prodlens.statistics.survival import kaplan_meier

if TYPE_CHECKING:
    from collections.abc import Callable

    from prodlens.statistics.association import LagTest
    from prodlens.statistics.estimates import FloatArray

DAYS, TESTS, CALLS, PULL_REQUESTS = 120, 192, 20_000, 1_000
CALENDAR = Calendar(date(2026, 1, 5), DAYS)
MOST_TIMES = 3.0
REMEMBERED = (
    daily_series.calendar_basis,
    daily_series.residual_maker,
    association.gapless_df,
    association.residual_covariance,
)


def daily(rng: np.random.Generator) -> tuple[dict[str, FloatArray], dict[str, FloatArray]]:
    """Return three usage series and four outcomes of 120 days, the last with a third of its days missing."""
    week = np.array([1, 1.1, 1.05, 1, 0.85, 0.15, 0.12])[np.arange(DAYS) % 7]
    sessions = rng.negative_binomial(2, 2 / (2 + 12 * week)).astype(float)
    tokens = np.round(sessions * rng.lognormal(8, 0.5, DAYS))
    outcomes = {name: rng.negative_binomial(2, 2 / (2 + mean * week)).astype(float) for name, mean in _MEANS.items()}
    hours = np.where(rng.random(DAYS) < 1 / 3, np.nan, rng.normal(3, 1, DAYS))
    return {"sessions": sessions, "tokens": tokens, "cost": tokens * 3e-6}, outcomes | {"merge_hours": hours}


_MEANS = {"commits": 6.0, "merged": 1.2, "reworked": 0.3}
_SCALES: dict[str, Scale] = {"tokens": "amount", "cost": "amount", "merge_hours": "as_is"}


def associations(usage: dict[str, FloatArray], outcomes: dict[str, FloatArray]) -> int:
    """Compute and adjust every forward test and the placebo beside them; return how many forward tests there are."""
    prepared = {
        name: prepare_series(row, CALENDAR, _SCALES.get(name, "count")) for name, row in (usage | outcomes).items()
    }
    tests: list[LagTest] = []
    for x in usage:
        for y in outcomes:
            tests += lagged_association(prepared[x], prepared[y], lags_for(DAYS)).tests
            lagged_association(prepared[x], prepared[y], placebo_lags_for(DAYS))
    adjust_family([test.p for test in tests])
    return len(tests)


def everything_else(rng: np.random.Generator) -> Callable[[], None]:
    """Return the rest of a report's statistics, on data made beforehand."""
    fast, slow = rng.lognormal(7, 0.6, CALLS // 2), rng.lognormal(7.1, 0.6, CALLS // 2)
    hours, merged = rng.lognormal(3, 1, PULL_REQUESTS), rng.random(PULL_REQUESTS) < 0.85
    decisions = rng.integers(1, 200, DAYS)
    accepted, weeks = rng.binomial(decisions, 0.7), rng.negative_binomial(8, 0.2, 17).astype(float)

    def run() -> None:
        cliffs_delta(fast, slow)
        hedges_g(np.log(fast), np.log(slow))
        kaplan_meier(hours, merged)
        hodges_lehmann_ratio(hours[merged][:400], hours[merged][400:])
        share = clustered_wilson(accepted.tolist(), decisions.tolist())
        newcombe_difference(share, wilson(300, 500))
        week_over_week(weeks)
        compare_weeks(weeks[-4:], weeks[-8:-4])

    return run


def seconds(work: Callable[[], object]) -> float:
    """Return how long one run takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def main() -> int:
    """Print medians and their ratio; 1 above 3 times."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args().rounds
    rng = np.random.default_rng(7)
    usage, outcomes = daily(rng)
    rest = everything_else(rng)
    pairs = [(x, np.nan_to_num(y)) for x in usage.values() for y in outcomes.values()]

    def bare() -> None:
        for number in range(TESTS):
            x, y = pairs[number % len(pairs)]
            lag = number % 8
            stats.spearmanr(x[: DAYS - lag], y[lag:])

    def report() -> None:
        # Every round pays for the calendar anew, as a new process does.
        for cached in REMEMBERED:
            cached.cache_clear()
        if associations(usage, outcomes) != TESTS:
            raise AssertionError("the benchmark no longer measures 192 tests")
        rest()

    bare()
    report()
    times = [(seconds(bare), seconds(report)) for _ in range(rounds)]
    base, mine = (median(column) for column in zip(*times, strict=True))
    ratio = mine / base
    print(f"{TESTS} bare spearmanr calls  {1000 * base:7.1f} ms")
    print(f"statistics of a report    {1000 * mine:7.1f} ms   {ratio:.2f} times (at most {MOST_TIMES:g})")
    return 0 if ratio <= MOST_TIMES else 1


if __name__ == "__main__":
    sys.exit(main())
