"""Does the association section find what is there, and only that?

Simulates teams: negative-binomial days with a weekday pattern and a memory of the day before (AR(1) Gaussian copula),
usage independent of output or, for the power, with a true effect one day later. Prints the share of reports with any
finding at q <= 0.05, for the primary family (sessions, Spearman, three outcomes, every lag) and for the exploratory
whole (three usage series, both methods), and exits with status 1 when a share is out of its bounds.

Usage: python benchmarks/simulation.py [--reports 1000] [--seed 20260105]
"""

from __future__ import annotations

import argparse
import sys
import time
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from scipy import special, stats

sys.path.insert(0, str(Path(__file__).parents[1]))

from prodlens.statistics.association import METHODS, lagged_association, lags_for
from prodlens.statistics.daily_series import Calendar, prepare_series
from prodlens.statistics.multiplicity import adjust_family

if TYPE_CHECKING:
    from prodlens.statistics.estimates import FloatArray

MONDAY = date(2026, 1, 5)
WEEKDAYS = np.array([1, 1.1, 1.05, 1, 0.85, 0.15, 0.12])
SIZE = 2
MEANS = {"sessions": 12.0, "commits": 6.0, "merged": 1.2, "reworked": 0.25}
OUTCOMES = ("commits", "merged", "reworked")
FEWEST_ACTIVE_DAYS = 5
FALSE_FINDINGS = (0.02, 0.07)
LEAST_POWER = 0.9


def latent(rng: np.random.Generator, reports: int, days: int, phi: float) -> FloatArray:
    """Return standard normal rows with lag-1 autocorrelation phi (reports x days)."""
    rows = rng.standard_normal((reports, days))
    for day in range(1, days):
        rows[:, day] = phi * rows[:, day - 1] + np.sqrt(1 - phi * phi) * rows[:, day]
    return rows


def counts(rows: FloatArray, mean: float) -> FloatArray:
    """Return negative-binomial counts of this mean on an average weekday, in the order of the latent rows."""
    means = mean * WEEKDAYS[np.arange(rows.shape[1]) % 7]
    return np.asarray(stats.nbinom.ppf(special.ndtr(rows), SIZE, SIZE / (SIZE + means)), dtype=np.float64)


def teams(rng: np.random.Generator, reports: int, days: int, phi: float, effect: float) -> dict[str, FloatArray]:
    """Return the daily series of many teams; commits follow the sessions of the day before with this correlation."""
    use = latent(rng, reports, days, phi)
    own = {name: latent(rng, reports, days, phi) for name in OUTCOMES}
    own["commits"][:, 1:] = effect * use[:, :-1] + np.sqrt(1 - effect**2) * own["commits"][:, 1:]
    made = {"sessions": counts(use, MEANS["sessions"])} | {name: counts(own[name], MEANS[name]) for name in OUTCOMES}
    made["tokens"] = np.round(made["sessions"] * rng.lognormal(8, 0.5, made["sessions"].shape))
    made["cost"] = made["tokens"] * 3e-6 * rng.lognormal(0, 0.2, made["sessions"].shape)
    return made


def q_values(team: dict[str, FloatArray], days: int, *, whole: bool) -> dict[tuple[str, str, int, str], float | None]:
    """Return every q-value of one family of one report, as a report adjusts it."""
    calendar = Calendar(MONDAY, days)
    usage = {"sessions": "count", "tokens": "amount", "cost": "amount"} if whole else {"sessions": "count"}
    methods = METHODS if whole else METHODS[1:]
    prepared = {name: prepare_series(team[name], calendar) for name in OUTCOMES}
    found: dict[tuple[str, str, int, str], float | None] = {}
    for name, scale in usage.items():
        x = prepare_series(team[name], calendar, "amount" if scale == "amount" else "count")
        for outcome in OUTCOMES:
            enough = min(np.count_nonzero(team[name]), np.count_nonzero(team[outcome])) >= FEWEST_ACTIVE_DAYS
            for test in lagged_association(x, prepared[outcome], lags_for(days), methods).tests:
                found[name, outcome, test.lag, test.method] = test.p if enough else None
    return dict(zip(found, adjust_family(list(found.values())).q, strict=True))


def simulate(
    rng: np.random.Generator, reports: int, days: int, *, effect: float, whole: bool
) -> tuple[float, float, float]:
    """Return the shares of reports with any finding, with the true lag found, and with another lag claimed."""
    made = teams(rng, reports, days, 0.5, effect)
    any_found = true_found = wrong = 0
    for report in range(reports):
        adjusted = q_values({name: rows[report] for name, rows in made.items()}, days, whole=whole)
        found = {key for key, q in adjusted.items() if q is not None and q <= 0.05}
        true = {key for key in found if key[1] == "commits" and key[2] == 1}
        any_found += bool(found)
        true_found += bool(true)
        wrong += bool(found - true)
    return any_found / reports, true_found / reports, wrong / reports


def main() -> int:
    """Print both tables; 1 when a share of the primary family is out of bounds."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--reports", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=20260105)
    arguments = parser.parse_args()
    rng = np.random.default_rng(arguments.seed)
    started = time.perf_counter()
    missed = []
    print(f"{arguments.reports} reports a row, autocorrelation 0.5; share of reports with q <= 0.05")
    print(f"{'family':<12}{'days':>5}{'effect':>8}{'any':>8}{'lag 1':>8}{'others':>8}")
    for whole in (False, True):
        for days, effect in ((28, 0.0), (60, 0.0), (90, 0.0), (28, 0.7), (60, 0.7), (90, 0.7)):
            shares = simulate(rng, arguments.reports, days, effect=effect, whole=whole)
            name = "whole" if whole else "primary"
            print(f"{name:<12}{days:>5}{effect:>8}" + "".join(f"{share:>8.1%}" for share in shares), flush=True)
            if not whole and not effect and not FALSE_FINDINGS[0] <= shares[0] <= FALSE_FINDINGS[1]:
                missed.append(f"{shares[0]:.1%} of null reports at {days} days")
            if not whole and effect and days == 60 and shares[1] < LEAST_POWER:
                missed.append(f"a true effect found in {shares[1]:.1%}")
    print(f"{time.perf_counter() - started:.0f} s")
    for text in missed:
        print(f"out of bounds: {text}", file=sys.stderr)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
