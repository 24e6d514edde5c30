"""What holds for every input: invariances, bounds, and a reason instead of a number that means nothing."""

from __future__ import annotations

import math
from dataclasses import fields, is_dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as some

from prodlens.statistics.association import (
    Association,
    common_days,
    critical_correlation,
    detectable_correlation,
    gapless_df,
    lagged_association,
    lags_for,
    placebo_lags_for,
)
from prodlens.statistics.daily_series import Calendar, Scale, log_amounts, prepare_series
from prodlens.statistics.effect_sizes import (
    MedianRatio,
    cliffs_delta,
    cohens_d,
    hedges_g,
    hodges_lehmann_ratio,
    standardised_interval,
)
from prodlens.statistics.estimates import Interval
from prodlens.statistics.multiplicity import adjust_family
from prodlens.statistics.periods import compare_weeks, week_over_week
from prodlens.statistics.proportions import (
    Proportion,
    against_target,
    binomial_test,
    clustered_wilson,
    newcombe_difference,
    risk_ratio,
    wilson,
)
from prodlens.statistics.survival import kaplan_meier, log_rank

MONDAY = date(2026, 1, 5)
TOLERANCE = 1e-7

_COUNTS = some.integers(0, 40)
_SERIES = some.lists(_COUNTS, min_size=0, max_size=60)
_PAIRS_OF_SERIES = some.integers(0, 70).flatmap(
    lambda days: some.tuples(*[some.lists(_COUNTS, min_size=days, max_size=days)] * 2)
)
_ANY = some.floats(allow_nan=True, allow_infinity=True)
_GROUP = some.lists(some.integers(1, 1000).map(float), min_size=8, max_size=30)


def numbers_in(result: Any) -> list[float]:
    """Return every number in a result, however deep."""
    if isinstance(result, bool) or result is None or isinstance(result, str):
        return []
    if isinstance(result, int | float):
        return [result]
    if isinstance(result, tuple):
        return [number for part in result for number in numbers_in(part)]
    assert is_dataclass(result), f"neither a number nor a result: {result!r}"
    return [number for field in fields(result) for number in numbers_in(getattr(result, field.name))]


def days_of(rng: np.random.Generator, mean: float, days: int) -> list[float | None]:
    """Return unrelated daily counts."""
    return [float(count) for count in rng.poisson(mean, days)]


def assert_sound(result: Any) -> None:
    """Hold a result to plain finite numbers and intervals in order."""
    assert all(math.isfinite(number) for number in numbers_in(result)), result
    interval = getattr(result, "interval", None)
    if interval is not None and None not in {interval.low, interval.high}:
        assert interval.low <= interval.high


def associated(x: list[int], y: list[int], scale: Scale = "count") -> Association:
    """Return the association of two series over the same days from a Monday on."""
    calendar = Calendar(MONDAY, len(x))
    return lagged_association(prepare_series(x, calendar, scale), prepare_series(y, calendar), [*lags_for(len(x)), -1])


@given(_PAIRS_OF_SERIES)
def test_associations_are_sound(pair: tuple[list[int], list[int]]) -> None:
    """Every test has either r, p and df within their bounds or a reason, whatever the series."""
    found = associated(*pair)
    for test in found.tests:
        assert_sound(test)
        assert (test.r is None) == (test.reason is not None) == (test.p is None) == (test.df is None)
        if test.r is not None and test.p is not None and test.df is not None:
            assert -1 <= test.r <= 1
            assert 0 <= test.p <= 1
            assert 4 <= test.df <= test.pairs - 2
            assert test.pairs <= test.count
            assert test.interval is None or (test.interval.low or -1) <= test.r <= (test.interval.high or 1)


@given(_PAIRS_OF_SERIES)
def test_mirrored_lags(pair: tuple[list[int], list[int]]) -> None:
    """Usage before outcome by k days is the outcome behind usage by -k: swapping both changes nothing."""
    x, y = pair
    calendar = Calendar(MONDAY, len(x))
    a, b = prepare_series(x, calendar), prepare_series(y, calendar)
    one, other = lagged_association(a, b, [3]), lagged_association(b, a, [-3])
    for test, twin in zip(one.tests, other.tests, strict=True):
        assert (test.pairs, test.count, test.reason is None) == (twin.pairs, twin.count, twin.reason is None)
        assert (test.r, test.p, test.df) == pytest.approx((twin.r, twin.p, twin.df), abs=TOLERANCE)


@given(_PAIRS_OF_SERIES, some.integers(2, 1000))
def test_amounts_have_no_unit(pair: tuple[list[int], list[int]], factor: int) -> None:
    """Tokens and thousands of tokens, dollars and cents give the same association."""
    x, y = pair
    for test, twin in zip(
        associated(x, y, "amount").tests, associated([factor * v for v in x], y, "amount").tests, strict=True
    ):
        assert (test.r, test.p) == pytest.approx((twin.r, twin.p), abs=TOLERANCE)


@given(
    some.lists(some.floats(-5, 5).map(lambda v: round(v, 3)), min_size=40, max_size=40),
    some.floats(-3, 3),
    some.lists(some.floats(-10, 10), min_size=7, max_size=7),
)
def test_calendar_and_trend_leave_nothing(values: list[float], slope: float, weekdays: list[float]) -> None:
    """Adding any weekday pattern and any linear trend to a series changes neither its residuals nor its phi."""
    assume(np.ptp(values) > 1)
    calendar = Calendar(MONDAY, 40)
    plain = prepare_series(values, calendar, "as_is")
    assume(plain.reason is None and float(np.abs(plain.residuals).max()) > 1e-3)
    added = prepare_series([v + slope * day + weekdays[day % 7] for day, v in enumerate(values)], calendar, "as_is")
    assert added.residuals == pytest.approx(plain.residuals, abs=1e-6)
    assert added.phi == pytest.approx(plain.phi, abs=1e-4)


@given(_PAIRS_OF_SERIES, some.integers(1, 52))
def test_only_the_weekday_of_a_date_matters(pair: tuple[list[int], list[int]], weeks: int) -> None:
    """The same values some weeks later give the same association."""
    x, y = pair
    later = Calendar(MONDAY + timedelta(weeks=weeks), len(x))
    moved = lagged_association(prepare_series(x, later), prepare_series(y, later), [0, 1])
    here = Calendar(MONDAY, len(x))
    stayed = lagged_association(prepare_series(x, here), prepare_series(y, here), [0, 1])
    assert moved == stayed


@given(_PAIRS_OF_SERIES, some.integers(0, 10))
def test_spans_may_differ(pair: tuple[list[int], list[int]], ahead: int) -> None:
    """Of two spans, one later than the other, exactly the days with a partner are counted at every lag."""
    x, y = pair
    usage = prepare_series(x, Calendar(MONDAY, len(x)))
    outcome = prepare_series(y, Calendar(MONDAY + timedelta(days=ahead), len(y)))
    for test in lagged_association(usage, outcome, [0, 2, -4]).tests:
        partners = sum(0 <= day + test.lag - ahead < len(y) for day in range(len(x)))
        assert test.count == partners
        assert_sound(test)
    assert common_days(usage.calendar, outcome.calendar) == max(0, len(x) - ahead)


@given(some.lists(some.none() | some.floats(0, 6), min_size=50, max_size=50), some.data())
def test_outcomes_with_gaps_are_sound(values: list[float | None], data: some.DataObject) -> None:
    """An outcome with missing days pairs only the days it has, and never yields a number without 12 of them."""
    calendar = Calendar(MONDAY, 50)
    usage = prepare_series(data.draw(some.lists(_COUNTS, min_size=50, max_size=50)), calendar)
    for test in lagged_association(usage, prepare_series(values, calendar, "as_is"), [0, 1]).tests:
        assert_sound(test)
        assert test.count <= sum(value is not None for value in values)
        assert test.r is None or test.pairs >= 12


def test_holidays_are_calendar() -> None:
    """A shared holiday ties two unrelated series together; told to the calendar, it does so no more."""
    rng = np.random.default_rng(3)
    x, y = days_of(rng, 20, 56), days_of(rng, 15, 56)
    x[21:26] = y[21:26] = [0] * 5
    off = frozenset(MONDAY + timedelta(days=day) for day in range(21, 26))
    by_holidays = []
    for holidays in (frozenset[date](), off):
        calendar = Calendar(MONDAY, 56, holidays)
        found = lagged_association(prepare_series(x, calendar), prepare_series(y, calendar), [0], ["pearson"])
        by_holidays.append(found.tests[0].r or 0.0)
    assert by_holidays[0] > 0.5
    assert abs(by_holidays[1]) < 0.3


@pytest.mark.parametrize(
    ("values", "scale", "reason"),
    [
        ([], "count", "no day was observed"),
        ([None] * 20, "as_is", "no day was observed"),
        ([3] * 20, "count", "the series does not vary"),
        ([1, -1] * 10, "count", "a count or amount is negative"),
        ([1, math.inf] * 10, "count", "a value is missing or not finite"),
        ([5, 5, 5, 5, 5, 0, 0] * 8, "count", "weekday, trend and holidays explain the whole series"),
    ],
)
def test_unusable_series(values: list[float | None], scale: Scale, reason: str) -> None:
    """A series that cannot be used says why, and so does every test on it."""
    calendar = Calendar(MONDAY, len(values))
    unusable = prepare_series(values, calendar, scale)
    assert unusable.reason == reason
    other = prepare_series(list(range(len(values))), calendar)
    for test in lagged_association(unusable, other, [0, 1]).tests:
        assert (test.r, test.p, test.reason) == (None, None, reason)
        assert test.raw_r is None or math.isfinite(test.raw_r)


def test_one_value_a_day() -> None:
    """Values that do not fit the days are the caller's mistake, and said so."""
    with pytest.raises(ValueError, match="2 values for 3 days"):
        prepare_series([1, 2], Calendar(MONDAY, 3))


def test_too_few_pairs_and_degrees_of_freedom() -> None:
    """Below 8 pairs, or where the calendar uses up the days, the reason says which."""
    rng = np.random.default_rng(5)
    x, y = days_of(rng, 9, 30), days_of(rng, 9, 30)
    few, later = Calendar(MONDAY, 30), Calendar(MONDAY + timedelta(days=23), 30)
    test = lagged_association(prepare_series(x, few), prepare_series(y, later), [0]).tests[0]
    assert (test.r, test.count, test.reason) == (None, 7, "fewer than 8 pairs of days")
    off = frozenset(MONDAY + timedelta(days=day) for day in (2, 3))
    short = Calendar(MONDAY, 9, off)
    test = lagged_association(prepare_series(x[:9], short), prepare_series(y[:9], short), [0]).tests[0]
    assert (test.r, test.reason) == (None, "fewer than 4 degrees of freedom are left")


def test_no_variation_over_the_paired_days() -> None:
    """With a series that is flat where the two meet, the raw correlation is unknown."""
    rng = np.random.default_rng(6)
    flat_at_the_end = [*days_of(rng, 9, 30), *[4.0] * 10]
    first, later = Calendar(MONDAY, 40), Calendar(MONDAY + timedelta(days=30), 40)
    found = lagged_association(prepare_series(flat_at_the_end, first), prepare_series(days_of(rng, 9, 40), later), [0])
    assert [test.raw_r for test in found.tests] == [None, None]


@pytest.mark.parametrize(
    ("days", "critical", "single", "corrected"),
    [
        (14, 0.58, 0.74, 0.86),
        (21, 0.46, 0.61, 0.75),
        (28, 0.44, 0.59, 0.72),
        (42, 0.34, 0.47, 0.59),
        (56, 0.29, 0.40, 0.51),
        (60, 0.27, 0.38, 0.50),
        (90, 0.22, 0.31, 0.40),
        (120, 0.19, 0.26, 0.35),
    ],
)
def test_what_can_be_detected(days: int, critical: float, single: float, corrected: float) -> None:
    """The smallest correlations that can be told from chance are those tabulated for the method at lag 1."""
    df = gapless_df(Calendar(MONDAY, days), Calendar(MONDAY, days), 1)
    found = (critical_correlation(df), detectable_correlation(df), detectable_correlation(df, 16))
    assert tuple(round(value, 2) for value in found) == (critical, single, corrected)


def test_perfect_correlation() -> None:
    """A series with itself gives r = 1, p = 0 and no interval; far apart spans have no pair at all."""
    rng = np.random.default_rng(8)
    x = days_of(rng, 9, 40)
    series = prepare_series(x, Calendar(MONDAY, 40))
    test = lagged_association(series, series, [0]).tests[1]
    assert (test.r, test.p, test.interval) == (1.0, 0.0, None)
    apart = prepare_series(x, Calendar(MONDAY + timedelta(days=400), 40))
    for test in lagged_association(series, apart, [0]).tests:
        assert (test.r, test.raw_r, test.count, test.reason) == (None, None, 0, "fewer than 8 pairs of days")


def test_no_variation_after_the_calendar() -> None:
    """Residuals that are flat over the paired days have no correlation."""
    rng = np.random.default_rng(9)
    gaps = [None] * 25 + [1.0, 2, 3, 1, 2, 3, 2, 1, 2, 1, 3, 1, 2, 3, 1, 2, 3, 1, 2, 1, 2, 3, 1, 2, 1]
    calendar = Calendar(MONDAY, 50)
    usage = prepare_series([*days_of(rng, 9, 20), *[None] * 30], calendar)
    for test in lagged_association(usage, prepare_series(gaps, calendar, "as_is"), [0]).tests:
        assert (test.r, test.count, test.reason) == (None, 0, "fewer than 12 pairs of days")


@pytest.mark.parametrize("gap", [2, 3])
def test_memory_without_neighbouring_days(gap: int) -> None:
    """An outcome that never has two days in a row has no memory of the day before."""
    calendar = Calendar(MONDAY, 60)
    values = [float(day * day % 17) if day % gap == 0 else None for day in range(60)]
    assert prepare_series(values, calendar, "as_is").phi == 0


def test_amounts_of_zero() -> None:
    """Amounts that are all zero stay zero on their scale."""
    assert log_amounts(np.zeros(3)).tolist() == [0.0, 0.0, 0.0]


def test_short_series_have_no_cycle() -> None:
    """Two days hold no cycle, and nothing else."""
    found = associated([1, 2], [2, 5])
    assert not found.leftover_cycle
    assert all(test.reason for test in found.tests)


def test_lags_of_short_series() -> None:
    """Lags reach a quarter of the days and a week at most, and the placebo mirrors them."""
    assert list(lags_for(14)) == [0, 1, 2, 3]
    assert list(lags_for(200)) == list(range(8))
    assert list(placebo_lags_for(14)) == [-1, -2, -3]
    assert list(lags_for(0)) == [0]
    assert list(placebo_lags_for(3)) == []


@given(some.lists(some.none() | some.floats(0, 1), max_size=50))
def test_q_values_are_monotone(p_values: list[float | None]) -> None:
    """Q is at least p, at most 1, keeps the order of p, and BY is never below BH; None stays None and out of m."""
    family = adjust_family(p_values)
    assert family.computed + family.not_computed == len(p_values)
    known = sorted(
        (p, q, q_by) for p, q, q_by in zip(p_values, family.q, family.q_by, strict=True) if None not in {p, q, q_by}
    )
    assert len(known) == family.computed
    assert [q is None for q in family.q] == [p is None for p in p_values]
    for p, q, q_by in known:
        assert (p or 0) - 1e-12 <= (q or 0) <= (q_by or 0) + 1e-12 <= 1 + 2e-12
    assert [q for _, q, _ in known] == sorted(q or 0 for _, q, _ in known)


@given(some.lists(some.floats(0, 1), min_size=1, max_size=30), some.randoms(use_true_random=False))
def test_q_values_do_not_depend_on_the_order(p_values: list[float], random: Any) -> None:
    """Shuffling a family shuffles its q-values alike."""
    order = list(range(len(p_values)))
    random.shuffle(order)
    shuffled = adjust_family([p_values[i] for i in order])
    straight = adjust_family(p_values)
    assert [shuffled.q[order.index(i)] for i in range(len(order))] == pytest.approx(straight.q)


@given(some.integers(-2, 300), some.integers(-2, 300))
def test_wilson_bounds(k: int, n: int) -> None:
    """A share lies in its interval and the interval in 0 to 1; complements mirror each other."""
    found = wilson(k, n)
    assert_sound(found)
    if not 0 <= k <= n or n == 0:
        assert found.share is None
        assert found.reason is not None
        return
    twin = wilson(n - k, n)
    assert found.interval is not None
    assert twin.interval is not None
    assert 0 <= (found.interval.low or 0) <= (found.share or 0) <= (found.interval.high or 1) <= 1
    assert found.interval.low == pytest.approx(1 - (twin.interval.high or 0))


@given(some.lists(some.tuples(some.integers(0, 30), some.integers(0, 30)), max_size=30))
def test_clustered_wilson_is_sound(days: list[tuple[int, int]]) -> None:
    """Days widen the interval of a share and never narrow it, and their order does not matter."""
    accepted, decisions = [min(day) for day in days], [max(day) for day in days]
    found = clustered_wilson(accepted, decisions)
    assert_sound(found)
    assert found == clustered_wilson(accepted[::-1], decisions[::-1])
    assert found.design_effect is None or found.design_effect >= 1
    plain = wilson(found.k, found.n)
    if found.interval is not None and plain.interval is not None:
        assert (found.interval.low or 0) <= (plain.interval.low or 0) + 1e-12
        assert (found.interval.high or 1) >= (plain.interval.high or 1) - 1e-12


def test_clustered_wilson_without_clusters() -> None:
    """Nothing counted, one day alone, impossible counts and a share of 1 each have their own answer."""
    assert clustered_wilson([], []).reason == "nothing was counted"
    one = clustered_wilson([3], [4])
    assert (one.share, one.interval, one.reason) == (0.75, None, "all decisions fell on one day")
    assert clustered_wilson([5], [4]).share is None
    assert clustered_wilson([1, 2], [4]).share is None
    every = clustered_wilson([4, 4], [4, 4])
    assert (every.share, every.design_effect) == (1.0, None)
    assert every.interval is not None


@given(*[some.integers(0, 60)] * 4)
def test_newcombe_is_antisymmetric(k1: int, n1: int, k2: int, n2: int) -> None:
    """Swapping the groups turns the sign; the difference lies in its interval."""
    first, second = wilson(min(k1, n1), n1), wilson(min(k2, n2), n2)
    found, swapped = newcombe_difference(first, second), newcombe_difference(second, first)
    assert_sound(found)
    if found.estimate is None or found.interval is None or swapped.interval is None:
        assert found.reason is not None
        return
    assert found.estimate == pytest.approx(-(swapped.estimate or 0.0))
    assert (found.interval.low or 0) - 1e-12 <= found.estimate <= (found.interval.high or 0) + 1e-12
    assert found.interval.low == pytest.approx(-(swapped.interval.high or 0.0))


def test_newcombe_without_an_interval() -> None:
    """A share without an interval still has a difference, and the reason is told."""
    found = newcombe_difference(clustered_wilson([3], [4]), wilson(1, 2))
    assert (found.estimate, found.interval, found.reason) == (0.25, None, "all decisions fell on one day")


@pytest.mark.parametrize(
    ("low", "high", "verdict"), [(0.1, 0.2, "below"), (0.1, 0.9, "inside"), (0.6, 0.9, "above"), (None, 0.9, None)]
)
def test_targets(low: float | None, high: float, verdict: str | None) -> None:
    """A target is judged by the interval as a whole."""
    share = Proportion(1, 2, 0.5, Interval(low, high), 1.0, None)
    assert against_target(share, 0.5) == verdict
    assert against_target(wilson(0, 0), 0.5) is None


@pytest.mark.parametrize(("k", "n", "target"), [(0, 0, 0.5), (5, 4, 0.5), (1, 2, 1.5), (-1, 4, 0.5)])
def test_impossible_binomial_tests(k: int, n: int, target: float) -> None:
    """Without decisions, or against a target outside 0 to 1, a reason stands in the place of p."""
    found = binomial_test(k, n, target)
    assert found.p is None
    assert found.reason


def test_small_cells_have_no_ratio() -> None:
    """A risk ratio needs at least 5 in each of the four cells."""
    assert risk_ratio(4, 20, 10, 20).reason == "fewer than 5 in one of the four cells"


_EFFECTS = [cliffs_delta, cohens_d, hedges_g]


@pytest.mark.parametrize("effect", _EFFECTS)
@given(a=_GROUP, b=_GROUP)
def test_effects_are_antisymmetric(effect: Any, a: list[float], b: list[float]) -> None:
    """Swapping the groups turns the sign of an effect and mirrors its interval; order within a group is nothing."""
    found, swapped = effect(a, b), effect(b[::-1], a[::-1])
    assert_sound(found)
    assert (found.reason is None) == (swapped.reason is None)
    if found.estimate is not None:
        assert found.estimate == pytest.approx(-swapped.estimate, abs=1e-6)
    if found.interval is not None:
        assert found.interval.low == pytest.approx(-swapped.interval.high, abs=1e-6)
        assert found.interval.low - 1e-9 <= found.estimate <= found.interval.high + 1e-9


@given(_GROUP, _GROUP, some.integers(1, 1000), some.integers(2, 50))
def test_invariance_of_effects(a: list[float], b: list[float], shift: int, factor: int) -> None:
    """Shift and scale change neither Cliff's delta nor Cohen's d; scale does not change a ratio of medians."""
    moved_a, moved_b = [factor * v + shift for v in a], [factor * v + shift for v in b]
    assert cliffs_delta(moved_a, moved_b).estimate == cliffs_delta(a, b).estimate
    d, moved = cohens_d(a, b), cohens_d(moved_a, moved_b)
    assert (moved.estimate, moved.reason) == (
        None if d.estimate is None else pytest.approx(d.estimate, rel=1e-6, abs=1e-9),
        d.reason,
    )
    scaled = hodges_lehmann_ratio([factor * v for v in a], [factor * v for v in b])
    assert scaled.ratio == pytest.approx(hodges_lehmann_ratio(a, b).ratio, rel=1e-9)


@given(_GROUP, _GROUP)
def test_selection_of_differences(a: list[float], b: list[float]) -> None:
    """The Hodges-Lehmann ratio is e to the median of all differences of logarithms, though they are never listed."""
    a, b = [v - min(a) + 1 for v in a], [v - min(b) + 1 for v in b]
    expected = float(np.exp(np.median(np.subtract.outer(np.log(a), np.log(b)))))
    assert hodges_lehmann_ratio(a, b).ratio == pytest.approx(expected, rel=1e-9)


@given(_GROUP, _GROUP)
def test_cliffs_delta_counts_pairs(a: list[float], b: list[float]) -> None:
    """Cliff's delta is the share of pairs in which a is larger less the share in which it is smaller."""
    pairs = np.sign(np.subtract.outer(np.array(a), np.array(b)))
    found = cliffs_delta(a, b)
    assert found.estimate == pytest.approx(float(pairs.mean()))
    assert -1 <= (found.estimate or 0) <= 1


@pytest.mark.parametrize("effect", [*_EFFECTS, hodges_lehmann_ratio])
@given(a=some.lists(_ANY, max_size=12), b=some.lists(_ANY, max_size=12))
def test_any_floats_give_numbers_or_reasons(effect: Any, a: list[float], b: list[float]) -> None:
    """Infinite, missing, huge and tiny values never raise, and never become a NaN."""
    found = effect(a, b)
    assert_sound(found)
    estimate = found.ratio if isinstance(found, MedianRatio) else found.estimate
    assert (estimate is not None) or found.reason


def test_separated_groups() -> None:
    """Where every a is above every b, delta is 1 and its interval still has a lower end below it."""
    found = cliffs_delta(range(20, 30), range(10))
    assert found.estimate == 1
    assert found.interval is not None
    assert found.interval.high == 1
    # (n - t^2) / (n + t^2) with n = 10 and t = 2.1009 (18 degrees of freedom)
    assert found.interval.low == pytest.approx((10 - 2.10092**2) / (10 + 2.10092**2), abs=1e-5)
    mirrored = cliffs_delta(range(10), range(20, 30))
    assert mirrored.interval == Interval(-1.0, -(found.interval.low or 0.0))


def test_groups_without_spread() -> None:
    """Two flat groups have no standardised difference; their delta is plain."""
    assert cohens_d([3.0] * 9, [3.0] * 9).reason == "neither group varies"
    assert hedges_g([3.0] * 9, [4.0] * 9).estimate is None
    assert cliffs_delta([3.0] * 9, [3.0] * 9).estimate == 0
    assert hodges_lehmann_ratio([3.0] * 9, [3.0] * 9).ratio == pytest.approx(1.0)


def test_large_groups_use_the_normal_interval() -> None:
    """Above 200 degrees of freedom the interval of d is normal, close to the noncentral one just below."""
    below, above = standardised_interval(0.5, 101, 101), standardised_interval(0.5, 102, 101)
    assert below is not None
    assert above is not None
    assert (above.low, above.high) == pytest.approx((below.low, below.high), abs=0.01)


def test_values_at_the_end_of_the_range() -> None:
    """Differences and ratios beyond what a float can hold are told so."""
    huge, tiny = [1.7e308] * 8, [1e-300] * 8
    assert hodges_lehmann_ratio(huge, tiny).reason == "the values are too large or too small to compute with"
    assert cohens_d([0.0] * 8, [0.0] * 8).reason == "neither group varies"


def test_values_without_a_logarithm() -> None:
    """A merge that took no time has no ratio."""
    assert hodges_lehmann_ratio([0, 1, 2, 3, 4], [1, 2, 3, 4, 5]).reason is not None


_FOLLOWED = some.lists(some.tuples(some.integers(0, 200), some.booleans()), max_size=40)


@given(_FOLLOWED)
def test_survival_curves(followed: list[tuple[int, bool]]) -> None:
    """A curve never rises, stays in 0 to 1, counts every event once, and its median is where it crosses a half."""
    found = kaplan_meier([hours for hours, _ in followed], [merged for _, merged in followed], fewest_events=1)
    assert_sound(found)
    shares = [point.survival for point in found.curve]
    assert shares == sorted(shares, reverse=True)
    assert all(0 <= share <= 1 for share in shares)
    assert sum(point.events for point in found.curve) == found.events == sum(merged for _, merged in followed)
    assert (found.median is None) == (found.reason is not None)
    if found.median is not None:
        assert any(point.survival <= 0.5 + 1e-9 for point in found.curve)


@given(some.lists(some.integers(0, 500), min_size=1, max_size=40))
def test_median_without_open_ones(hours: list[int]) -> None:
    """When everything is merged, the Kaplan-Meier median is the ordinary one."""
    found = kaplan_meier(hours, [True] * len(hours), fewest_events=1)
    assert found.median == pytest.approx(float(np.median(hours)))


@pytest.mark.parametrize(
    ("hours", "merged", "reason"),
    [
        ([], [], "nothing to follow"),
        ([1, math.nan], [True, True], "a value is missing or not finite"),
        ([1, -1], [True, True], "a time is negative"),
        ([1, 2], [False, False], "nothing was merged"),
        ([1, 2], [True, False], "fewer than 5 were merged"),
        ([*range(5), *[9] * 20], [True] * 5 + [False] * 20, "fewer than half were merged: the median is not reached"),
    ],
)
def test_no_median(hours: list[float], merged: list[bool], reason: str) -> None:
    """Without a median the reason says which of the cases it is."""
    found = kaplan_meier(hours, merged)
    assert (found.median, found.reason) == (None, reason)


def test_outcomes_must_match_times() -> None:
    """One outcome a time, or the caller is told."""
    with pytest.raises(ValueError, match="2 times for 1 outcomes"):
        kaplan_meier([1, 2], [True])


def test_log_rank() -> None:
    """Slower merges are told apart; equal groups, empty ones and ones without merges are not."""
    fast, slow = [1.0, 2, 3, 4, 5, 6, 7, 8], [20.0, 30, 40, 50, 60, 70, 80, 90]
    told = log_rank(fast, [True] * 8, slow, [True] * 8)
    assert told.p is not None
    assert told.p < 0.001
    assert log_rank(fast, [True] * 8, fast, [True] * 8).p == pytest.approx(1.0)
    assert log_rank([], [], slow, [True] * 8).reason == "one of the groups is empty"
    assert log_rank(fast, [True] * 8, [-1.0], [True]).reason == "a time is negative"
    assert log_rank(fast, [False] * 8, slow, [False] * 8).reason == "nothing was merged"
    assert log_rank([1.0], [True], [1.0], [True]).reason == "the groups' events cannot be told apart"


@given(some.lists(some.integers(0, 300), max_size=20))
def test_weeks_are_sound(weeks: list[int]) -> None:
    """The last change has a verdict from seven weeks on, unless the weeks before never changed."""
    found = week_over_week(weeks)
    assert_sound(found)
    if len(weeks) < 7:
        assert found.reason == "fewer than 7 complete weeks: no usual change to compare with"
    elif len(set(weeks[:-1])) == 1:
        assert found.reason == "the weeks before never changed"
    else:
        assert found.reason is None
        assert 0 <= (found.p or 0) <= 1


@given(some.lists(some.integers(0, 300), max_size=8), some.lists(some.integers(0, 300), max_size=8))
def test_blocks_of_weeks_mirror(later: list[int], earlier: list[int]) -> None:
    """Swapping two periods inverts the ratio and leaves p alone."""
    found, swapped = compare_weeks(later, earlier), compare_weeks(earlier, later)
    assert_sound(found)
    assert (found.p is None) == (found.reason is not None) == (swapped.p is None)
    if found.ratio is not None and swapped.ratio is not None:
        assert found.ratio * swapped.ratio == pytest.approx(1)
        assert found.p == pytest.approx(swapped.p)


@pytest.mark.parametrize("compare", [week_over_week, lambda weeks: compare_weeks(weeks, weeks)])
@given(weeks=some.lists(_ANY, max_size=12))
def test_any_weeks_give_numbers_or_reasons(compare: Any, weeks: list[float]) -> None:
    """No float at all makes a comparison raise or yield a NaN."""
    assert_sound(compare(weeks))


def test_weeks_that_grow_beyond_floats() -> None:
    """A change too large for a float has no ratio, and says so."""
    found = week_over_week([0, 1e150, 0, 1e300, 0, 1e300, 0, 1e300])
    assert_sound(found)
    assert found.interval is None
    assert found.reason == "the ratio is too large to compute with"


def test_flat_weeks() -> None:
    """Weeks that are all the same have a ratio of 1 and no p."""
    found = compare_weeks([4, 4, 4], [4, 4, 4])
    assert (found.ratio, found.p, found.reason) == (1.0, None, "the weekly totals do not vary")
