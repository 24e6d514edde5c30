"""The reference cases: values from R, published examples and independent scripts, checked with a second tool each."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from prodlens.statistics.association import (
    Method,
    correlation_interval,
    correlation_p,
    effective_df,
    lagged_association,
    lags_for,
)
from prodlens.statistics.daily_series import Calendar, prepare_series, residual_maker
from prodlens.statistics.effect_sizes import (
    cliffs_delta,
    cohens_d,
    delta_interval,
    delta_variance,
    hedges_correction,
    hedges_g,
    hodges_lehmann_ratio,
    standardised_interval,
)
from prodlens.statistics.multiplicity import adjust_family
from prodlens.statistics.periods import week_over_week
from prodlens.statistics.proportions import binomial_test, clustered_wilson, newcombe_difference, risk_ratio, wilson
from prodlens.statistics.survival import kaplan_meier

if TYPE_CHECKING:
    from prodlens.statistics.estimates import Interval

_FILE = Path(__file__).parent.parent / "data" / "stats_reference.json"
# No report uses a test of independent events: commits come in bursts, and a third of unchanged weeks would be changed.
UNUSED = "poisson" + "_rate_ratio"
CASES: dict[str, Any] = {case["id"]: case for case in json.loads(_FILE.read_text("utf-8"))["cases"]}
MONDAY = date(2026, 1, 5)


def case(name: str) -> tuple[Any, Any, float]:
    """Return input, expected output and tolerance of a case."""
    found = CASES[name]
    return found["input"], found["expected"], found["tolerance"]


def near(value: Any, tolerance: float) -> Any:
    """Compare absolutely, as the cases state their precision."""
    return pytest.approx(value, abs=tolerance, rel=0)


def bounds(interval: Interval | None) -> list[float | None]:
    """Return the bounds of an interval that must be there."""
    assert interval is not None
    return [interval.low, interval.high]


def as_floats(values: list[Any]) -> list[float]:
    """Return the values as floats, as the data frames hold them."""
    return [float(value) for value in values]


def only_calendarless(x: list[float], y: list[float], method: Method) -> tuple[float, Interval | None]:
    """Return the raw correlation of two series at lag 0 and its interval for independent days (df = n - 2)."""
    calendar = Calendar(MONDAY, len(x))
    test = lagged_association(prepare_series(x, calendar), prepare_series(y, calendar), [0], [method]).tests[0]
    assert test.raw_r is not None
    return test.raw_r, correlation_interval(test.raw_r, len(x) - 2, method)


def test_every_case_is_tested() -> None:
    """The file holds eighteen cases; this module tests all but the test that assumes independent events."""
    source = Path(__file__).read_text("utf-8")
    assert len(CASES) == 18
    assert [name for name in CASES if f'"{name}"' not in source] == [UNUSED]


def test_correlations_with_ties_and_zeros() -> None:
    """The raw correlations and their intervals agree with R's cor.test on daily counts with ties."""
    given, expected, tolerance = case("corr_ties_zeros")
    r, interval = only_calendarless(as_floats(given["x"]), as_floats(given["y"]), "pearson")
    assert r == near(expected["pearson_r"], tolerance)
    assert bounds(interval) == near(expected["pearson_fisher_ci95"], tolerance)
    rho, bonett = only_calendarless(as_floats(given["x"]), as_floats(given["y"]), "spearman")
    assert rho == near(expected["spearman_rho"], tolerance)
    assert bounds(bonett) == near(expected["spearman_bonett_wright_ci95"], tolerance)
    assert bounds(correlation_interval(rho, 12, "pearson")) == near(expected["spearman_fisher_ci95"], tolerance)
    assert correlation_p(r, 12) == near(expected["pearson_p"], tolerance)
    assert correlation_p(rho, 12) == near(expected["spearman_p_t_approx"], tolerance)


def test_published_interval_of_spearman() -> None:
    """The interval of Spearman's correlation is that of the published example."""
    given, expected, tolerance = case("spearman_ci_bonett_wright")
    rho, interval = only_calendarless(as_floats(given["x"]), as_floats(given["y"]), "spearman")
    assert rho == near(expected["rho"], tolerance)
    assert bounds(interval) == near(expected["ci95"], tolerance)


def test_adjusted_p_values() -> None:
    """q-values are R's, running minimum included, and not those of the formula without it."""
    given, expected, tolerance = case("bh_by_monotone")
    family = adjust_family(given["p"])
    assert list(family.q) == near(expected["bh"], tolerance)
    assert list(family.q_by) == near(expected["by"], tolerance)
    assert list(family.q) != near(expected["must_not_equal_upstream_naive"], 1e-3)


def test_standardised_differences() -> None:
    """Cohen's d and Hedges' g pool the variances and invert the noncentral t, unlike a mean of standard deviations."""
    given, expected, tolerance = case("cohen_d_hedges_g")
    d = cohens_d(given["accepted"], given["rejected"])
    g = hedges_g(given["accepted"], given["rejected"])
    assert d.estimate == near(expected["cohens_d"], tolerance)
    assert g.estimate == near(expected["hedges_g_approx"], tolerance)
    assert d.estimate != near(expected["must_not_equal_upstream_mean_of_sds"], 1e-2)
    # A group of six gets no interval in a report; the case checks its formula all the same.
    assert (d.interval, d.reason) == (None, "fewer than 8 in a group: no interval")
    interval = standardised_interval(expected["cohens_d"], 8, 6)
    assert bounds(interval) == near(expected["d_ci95_noncentral_t"], 1e-4)
    exact = hedges_g(given["accepted"], given["rejected"], exact=True)
    assert exact.estimate == near(expected["hedges_g_exact_gamma"], tolerance)
    shrink = hedges_correction(12, exact=True)
    assert [shrink * float(bound or 0) for bound in bounds(interval)] == near(expected["g_ci95"], 1e-4)


@pytest.mark.parametrize("group", ["ties", "latency"])
def test_cliffs_delta(group: str) -> None:
    """Cliff's delta, its consistent variance and asymmetric interval agree with R, ties or not."""
    given, expected, tolerance = case("cliffs_delta")
    a, b = np.array(given[group]["a"], dtype=float), np.array(given[group]["b"], dtype=float)
    assert cliffs_delta(a, b).estimate == near(expected[group]["delta"], tolerance)
    assert delta_variance(a, b) == near(expected[group]["variance_consistent"], tolerance)
    assert bounds(delta_interval(a, b)) == near(expected[group]["ci95"], tolerance)


def test_wilson_and_binomial_test() -> None:
    """Wilson's intervals and the exact binomial p-values agree with R, at 0 and n of n too."""
    given, expected, tolerance = case("wilson_binomtest")
    for k, n in given["pairs"]:
        assert bounds(wilson(k, n).interval) == near(expected["wilson"][f"{k}/{n}"], tolerance)
    found = binomial_test(45, 60, given["target"])
    assert found.p == near(expected["binom_p_two_sided"], tolerance)
    assert found.p_less == near(expected["binom_p_less"], tolerance)


def test_two_proportions() -> None:
    """Newcombe's difference and Katz's ratio agree with R and statsmodels."""
    given, expected, tolerance = case("two_proportions")
    k1, n1, k2, n2 = (given[key] for key in ("k1", "n1", "k2", "n2"))
    difference = newcombe_difference(wilson(k1, n1), wilson(k2, n2))
    assert difference.estimate == near(expected["diff"], tolerance)
    assert bounds(difference.interval) == near(expected["newcombe_ci95"], tolerance)
    ratio = risk_ratio(k1, n1, k2, n2)
    assert ratio.estimate == near(expected["risk_ratio"], tolerance)
    assert bounds(ratio.interval) == near(expected["katz_ci95"], tolerance)


def test_kaplan_meier_of_merge_times() -> None:
    """Curve, bands, median and its interval are those of R's survfit, and not the median of the merged alone."""
    given, expected, tolerance = case("km_merge_time")
    found = kaplan_meier(given["hours"], given["merged"])
    assert found.median == near(expected["median"], tolerance)
    assert found.median != near(expected["naive_median_of_merged_only"], 1)
    assert bounds(found.interval) == near(expected["median_ci95_loglog"], tolerance)
    assert [point.time for point in found.curve] == near(expected["times"], tolerance)
    assert [point.survival for point in found.curve] == near(expected["survival"], tolerance)
    assert [bounds(point.interval)[0] for point in found.curve] == near(expected["loglog_low"], tolerance)
    assert [bounds(point.interval)[1] for point in found.curve] == near(expected["loglog_high"], tolerance)


def test_kaplan_meier_conventions() -> None:
    """A flat half gives the midpoint, nothing merged gives nothing, and an open upper bound stays open."""
    given, expected, tolerance = case("km_conventions")
    a, b, c = (kaplan_meier(given[name]["hours"], given[name]["merged"], fewest_events=1) for name in ("a", "b", "c"))
    assert a.median == near(expected["a_median"], tolerance)
    assert b.median is expected["b_median"]
    assert c.median == near(expected["c_median"], tolerance)
    assert bounds(c.interval) == [near(expected["c_ci95"][0], tolerance), None]


def test_partial_correlation() -> None:
    """Without prewhitening, the residuals' correlation is the partial correlation with df = n - 2 - 7."""
    given, expected, tolerance = case("partial_corr_weekday_trend")
    calendar = Calendar(MONDAY, len(given["x"]))
    x, y = (prepare_series(given[name], calendar).residuals for name in ("x", "y"))
    r = float(np.corrcoef(x, y)[0, 1])
    maker = residual_maker(calendar)
    assert r == near(expected["r"], tolerance)
    assert effective_df(maker, maker) == near(expected["df"], tolerance)
    assert correlation_p(r, expected["df"]) == near(expected["p"], tolerance)


@pytest.mark.parametrize("name", ["pipe42", "pipe60", "pipe14"])
def test_whole_association(name: str) -> None:
    """Every step of the lagged association agrees with an independent R script, the shared-cycle guard included."""
    given, expected, tolerance = case(name)
    calendar = Calendar(MONDAY, len(given["x"]))
    x, y = prepare_series(given["x"], calendar), prepare_series(given["y"], calendar)
    found = lagged_association(x, y, lags_for(calendar.days))
    assert (x.phi, y.phi) == (near(expected["phi_x"], tolerance), near(expected["phi_y"], tolerance))
    assert found.leftover == near(expected["leftover"], tolerance)
    assert found.leftover_threshold == near(expected["leftover_threshold"], tolerance)
    assert found.leftover_cycle == (expected["leftover"] > expected["leftover_threshold"])
    for test, row in zip(found.tests, expected["rows"], strict=True):
        assert (test.lag, test.method, test.pairs) == (row["lag"], row["method"], row["pairs"])
        assert (test.r, test.p, test.df) == tuple(near(row[key], tolerance) for key in ("r", "p", "df"))
        assert bounds(test.interval) == near(row["ci95"], tolerance)
    assert [test.raw_r for test in found.tests if test.lag == 1] == near(
        expected["raw_lag1_pearson_spearman"], tolerance
    )
    family = adjust_family([test.p for test in found.tests])
    assert list(family.q) == near(expected["bh"], tolerance)
    assert list(family.q_by) == near(expected["by"], tolerance)


def test_outcome_with_gaps() -> None:
    """An outcome with missing days, and no value on any Sunday, agrees with an independent R script."""
    given, expected, tolerance = case("gap_outcome")
    calendar = Calendar(MONDAY, len(given["x"]))
    x, y = prepare_series(given["x"], calendar), prepare_series(given["y"], calendar, "as_is")
    assert (x.phi, y.phi) == (near(expected["phi_x"], tolerance), near(expected["phi_y"], tolerance))
    assert int(y.observed.sum()) == expected["observed_days"]
    for test, row in zip(lagged_association(x, y, [0, 1, 2]).tests, expected["rows"], strict=True):
        assert (test.lag, test.method, test.pairs) == (row["lag"], row["method"], row["pairs"])
        assert (test.r, test.p, test.df) == tuple(near(row[key], tolerance) for key in ("r", "p", "df"))


def test_hodges_lehmann() -> None:
    """The ratio of merge times, its exact interval and its p agree with R's wilcox.test."""
    given, expected, tolerance = case("hodges_lehmann_merge_time")
    ratio = hodges_lehmann_ratio(given["a"], given["b"])
    assert (ratio.ratio, ratio.p) == (near(expected["ratio"], tolerance), near(expected["p_exact"], tolerance))
    assert bounds(ratio.interval) == near(expected["ratio_ci95_exact"], tolerance)


def test_week_over_week() -> None:
    """The last change against the earlier ones agrees with base R."""
    given, expected, tolerance = case("week_over_week")
    last = week_over_week(given["weeks"])
    assert last.ratio == near(expected["ratio"], tolerance)
    assert bounds(last.interval) == near(expected["ci95"], tolerance)
    assert (last.p, last.df) == (near(expected["p"], tolerance), expected["df"])


def test_clustered_wilson() -> None:
    """The interval widens by the design effect of days, as in base R, and differs from the plain one."""
    given, expected, tolerance = case("clustered_wilson")
    found = clustered_wilson(given["k"], given["m"])
    assert found.share == near(expected["p"], tolerance)
    assert found.design_effect == near(expected["deff"], tolerance)
    assert bounds(found.interval) == near(expected["ci95"], tolerance)
    plain = wilson(sum(given["k"]), sum(given["m"]))
    assert bounds(plain.interval) == near(expected["unclustered_wilson"], tolerance)
