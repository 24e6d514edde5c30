"""The words follow the numbers: every branch, and nothing that claims more than an association."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from prodlens.rendering import wording
from prodlens.rendering.wording import AssociationNumbers, LagFinding, association_sentences, forbidden_words
from prodlens.statistics.sample_sizes import sample_strength

FINDING = LagFinding(lag=2, r=0.41, low=0.2, high=0.58, q=0.004, q_by=0.02, raw_r=0.5)
NUMBERS = AssociationNumbers(
    usage="model calls",
    outcome="commits",
    days=90,
    usage_days=60,
    outcome_days=58,
    tests=24,
    chosen=FINDING,
    strongest=FINDING,
    first_day="2026-03-01",
    last_day="2026-05-29",
    critical_r=0.22,
    detectable_r=0.42,
    same_day_q=0.6,
    strongest_placebo_r=0.1,
)
PERIOD = "90 days from 2026-03-01 to 2026-05-29"
FOUND = (
    "Days with unusually many model calls tended to be followed 2 days later by unusually many commits "
    f"(r = +0.41, 95% CI +0.20 to +0.58, q = 0.004, 24 tests, {PERIOD}). Association only."
)


def said(**changes: Any) -> list[str]:
    """Return the sentences on the numbers above, changed; changes of the finding, which is the chosen lag's, too."""
    of_finding = {name: changes.pop(name) for name in list(changes) if name in {f.name for f in fields(LagFinding)}}
    finding = replace(FINDING, **of_finding)
    return association_sentences(replace(NUMBERS, **{"chosen": finding, "strongest": finding, **changes}))


def test_caveat_denies_a_cause() -> None:
    """The caveat says association, denies a cause and names what is not controlled."""
    assert "association" in wording.CAVEAT
    assert "do not show that assistant use caused" in wording.CAVEAT
    assert "holidays" in wording.CAVEAT


@pytest.mark.parametrize(
    ("days", "use", "done", "expected"),
    [
        (13, 9, 9, "none"),
        (14, 4, 9, "none"),
        (14, 5, 4, "none"),
        (14, 5, 5, "descriptive"),
        (27, 9, 9, "descriptive"),
        (28, 9, 9, "exploratory"),
        (55, 9, 9, "exploratory"),
        (56, 9, 9, "plain"),
    ],
)
def test_evidence_by_days(days: int, use: int, done: int, expected: str) -> None:
    """Two weeks with five active days each are needed to say anything, four weeks for q, eight to say it plainly."""
    assert sample_strength(days, use, done) == expected


def test_too_few_days() -> None:
    """Below two weeks the only sentence says what there is and what is needed."""
    assert said(days=9, usage_days=6, outcome_days=3, first_day=None) == [
        "Not enough data: 9 days (6 with model calls, 3 with commits). At least 14 days are needed."
    ]
    assert said(usage_days=4) == [
        (
            f"Not enough data: {PERIOD} (4 with model calls, 58 with commits). At least 14 days are needed, 5 of them "
            "with each."
        )
    ]
    assert said(days=1, usage_days=1, outcome_days=1, first_day=None)[0].startswith("Not enough data: 1 day (1 with")


def test_two_weeks_describe_only() -> None:
    """From two to four weeks no q decides anything, however small."""
    assert said(days=20, critical_r=0.46, first_day=None) == [
        "Descriptive only: with 20 days, only a correlation beyond about ±0.46 could be told from chance.",
        "At the lag of 2 days: r = +0.41, 95% CI +0.20 to +0.58.",
    ]
    assert "too few" in said(days=20, critical_r=None)[0]


def test_found() -> None:
    """A q of at most 0.05 is told with lag, direction, r, interval, q, tests and the days that it covers."""
    assert said() == [
        FOUND,
    ]
    assert "followed 1 day later by unusually few commits (r = -0.30" in said(lag=1, r=-0.3)[0]
    assert "tended to be days of unusually many commits" in said(lag=0)[0]
    assert "q = < 0.001" not in said(q=0.0001)[0]
    assert "q < 0.001" in said(q=0.0001)[0]


def test_not_found_says_what_could_have_been() -> None:
    """Nothing found is never told as no effect."""
    assert said(q=0.06) == [
        f"No association distinguishable from chance at any lag tested (24 tests, {PERIOD}).",
        "At the lag of 2 days: r = +0.41, 95% CI +0.20 to +0.58, q = 0.060.",
        "This is not evidence of no effect: |r| below 0.42 would usually be missed.",
    ]
    assert said(q=None, detectable_r=None, tests=1, chosen=None) == [
        f"No association distinguishable from chance at any lag tested (1 test, {PERIOD}).",
        "This is not evidence of no effect.",
    ]


def test_the_chosen_lag_is_told_first() -> None:
    """The lag that the report is asked for has its own figures, also where another lag is the one that is found."""
    chosen = replace(FINDING, lag=5, r=0.1, low=-0.1, high=0.3, q=0.7, raw_r=0.1)
    assert said(chosen=chosen) == [
        "At the lag of 5 days: r = +0.10, 95% CI -0.10 to +0.30, q = 0.700.",
        FOUND,
    ]
    assert said(chosen=replace(chosen, q=0.04, lag=1))[0].startswith(
        "Days with unusually many model calls tended to be followed 1 day later by unusually many commits (r = +0.10"
    )


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"days": 40, "q": 0.3}, "Exploratory: a moderate association would usually be missed."),
        ({"days": 40}, wording.OVERSTATED),
        ({"q_by": 0.06}, "Does not hold under the stricter adjustment."),
        ({"low": -0.1, "high": 0.6}, "Imprecise: compatible with anything from -0.10 to +0.60."),
        ({"cycle_days": 14}, "Both series repeat about every 14 days, as sprints do: treat as tentative."),
        (
            {"same_day_q": 0.04},
            "A common cause is likely: busy days raise both, and same-day figures cannot tell use from work.",
        ),
        (
            {"strongest_placebo_r": 0.41},
            "As strong in the reverse direction: a common cause or reverse direction is likely.",
        ),
        (
            {"q": 0.5, "r": 0.05, "raw_r": 0.6},
            "The raw correlation at the lag of 2 days (+0.60) is mostly weekday pattern and trend.",
        ),
        (
            {"chosen": replace(FINDING, lag=0, r=0.05, raw_r=-0.6)},
            "The raw correlation on the same day (-0.60) is mostly weekday pattern and trend.",
        ),
    ],
)
def test_reservations(changes: dict[str, Any], sentence: str) -> None:
    """Each reservation is told exactly where its numbers call for it."""
    assert sentence in said(**changes)
    assert sentence not in said()


def test_a_finding_on_the_same_day_names_the_common_cause() -> None:
    """No association of the same day is told without the common cause that would look the same."""
    assert said(lag=0, same_day_q=0.004)[1].startswith("A common cause is likely")


def test_nothing_computed() -> None:
    """Without any result the reason is told."""
    numbers = replace(NUMBERS, chosen=None, strongest=None, reason="the series does not vary")
    assert association_sentences(numbers) == ["No association could be computed: the series does not vary."]
    assert association_sentences(replace(numbers, reason=None))[0].endswith("the series hold too little.")


def _report(q: float, lag_days: int = 1) -> dict[str, Any]:
    row = {"usage": "sessions", "method": "spearman", "interval": {"low": 0.1, "high": 0.5}, "raw_r": 0.4}
    row |= {"outcome": "commits", "r": 0.3, "p_value": 0.01, "leftover_cycle": False, "reason": None}
    tests = [row | {"label": "first", "lag_days": 0, "p_value": 0.4}, row | {"label": "second", "lag_days": 1}]
    days = {"first_day": "2026-05-02", "last_day": "2026-06-30", "days": 60, "usage_days": 60, "outcome_days": 59}
    limits = {"critical_r": 0.2, "detectable_r": 0.4, "shared_cycle_days": None}
    return {
        "associations": {
            "tests": [*tests, row | {"label": "third", "lag_days": 2, "outcome": "merged_pull_requests"}],
            "outcomes": [{"outcome": "commits", **days, **limits}],
        },
        "placebo": [row | {"label": "p", "lag_days": -1, "r": 0.1}],
        "multiple_comparison_adjustment": {"adjusted": {"first": 0.4, "second": q}, "adjusted_by": {"second": 0.01}},
        "ai_outcome_association": {"lag_days": lag_days},
    }


def test_numbers_of_a_report() -> None:
    """From a report come the days of both sides, the chosen and the strongest lag and what could have been found."""
    numbers = wording.association_numbers(_report(0.02, lag_days=0))
    assert (numbers.days, numbers.usage_days, numbers.outcome_days, numbers.tests) == (60, 60, 59, 2)
    assert numbers.strongest == LagFinding(lag=1, r=0.3, low=0.1, high=0.5, q=0.02, q_by=0.01, raw_r=0.4)
    assert numbers.chosen == LagFinding(lag=0, r=0.3, low=0.1, high=0.5, q=0.4, q_by=None, raw_r=0.4)
    assert (numbers.same_day_q, numbers.strongest_placebo_r, numbers.detectable_r) == (0.4, 0.1, 0.4)
    sentences = wording.report_association_sentences(_report(0.02), names={"sessions": "model calls"})
    assert sentences[0].startswith("Days with unusually many model calls tended to be followed 1 day later")


def test_report_without_anything() -> None:
    """A report without days says so."""
    empty = _report(0.5) | {"placebo": [], "associations": {"tests": [], "outcomes": []}}
    assert wording.report_association_sentences(empty)[0].startswith("Not enough data: 0 days")
    assert wording.association_numbers(empty).strongest is None


def test_targets() -> None:
    """A target inside the interval is compatible, whatever side the share is on."""
    assert wording.target_sentence("inside", 0.8) == "Compatible with the target of 80%: it lies inside the interval."
    assert wording.target_sentence("below", 0.8) == "The whole interval lies below the target of 80%."
    assert wording.target_sentence(None, 0.8) == "No interval to hold against the target of 80%."


def test_ratios_of_merge_times() -> None:
    """Ratios are told in times, with their interval where they have one."""
    assert wording.ratio_sentence(1.4, 0.9, 2.1) == (
        "A typical pull request took 1.4 times as long as before (95% CI 0.9 to 2.1 times)."
    )
    assert wording.ratio_sentence(1.4, None, None) == "A typical pull request took 1.4 times as long as before."
    assert wording.ratio_sentence(None, None, None) == "Too few merges to compare how long they took."


WEEK = "In the week from 2026-06-22 against the one before: "
USUAL = "the usual ups and downs of this repository"


def in_week(*judged: tuple[tuple[float, float] | None, float | None]) -> list[str]:
    """Return what is said of a week whose first totals have these intervals and q-values."""
    names = ("Model calls", "Commits")
    changes = [wording.WeekChange(name, "40", "58", *one) for name, one in zip(names, judged, strict=False)]
    return list(wording.week_sentences("2026-06-22", changes))


def test_a_week_without_history_has_no_verdict() -> None:
    """Without an interval the totals stand alone, and it is said why; without a total nothing is said."""
    assert in_week((None, None)) == [
        f"{WEEK}model calls 58 after 40.",
        f"There is too little history to tell a change from {USUAL}.",
    ]
    assert in_week() == []


def test_a_week_as_usual_has_one_verdict() -> None:
    """Where all lie within the usual ups and downs, it is said once, with the smallest q."""
    totals, verdict = in_week(((0.72, 2.9), 0.24), ((0.5, 2.04), 0.051))
    calls = "model calls 58 after 40 (95% CI of the ratio 0.72 to 2.9)"
    assert totals == f"{WEEK}{calls}, commits 58 after 40 (95% CI of the ratio 0.5 to 2)."
    assert verdict == f"All are within {USUAL} (smallest q = 0.051)."
    assert (
        in_week(((0.72, 2.9), 0.24), (None, None))[1]
        == f"Those with an interval are within {USUAL} (smallest q = 0.240)."
    )


def test_what_is_out_of_the_ordinary_in_a_week_is_named() -> None:
    """A q-value of at most 5 % is beyond the usual ups and downs; an interval without one is not judged."""
    assert in_week(((1.2, 2.9), 0.0004), ((0.72, 2.9), 0.24))[1:] == [f"Beyond {USUAL}: model calls (q < 0.001)."]
    assert in_week(((1.2, 2.9), 0.05), ((1.1, 2.9), 0.01))[1:] == [
        f"Beyond {USUAL}: model calls (q = 0.050), commits (q = 0.010)."
    ]
    assert in_week(((0.72, 2.9), None))[1:] == []


def test_merge_times() -> None:
    """The median is told with its interval and with how many were merged at all."""
    assert wording.merge_time_sentence(30, 6, 72, 11, 15) == (
        "Half of the pull requests were merged within 30.0 h (95% CI 6.0 h to 3.0 days; 11 of 15 pull requests merged)."
    )
    assert "0.5 h" not in wording.merge_time_sentence(0.5, None, None, 5, 5)
    assert "30 min (95% CI open to open" in wording.merge_time_sentence(0.5, None, None, 5, 5)
    assert wording.merge_time_sentence(None, None, None, 2, 9) == (
        "Median time to merge not reached or too few merges (2 of 9 pull requests merged)."
    )


@pytest.mark.parametrize(
    "text",
    [
        "a significant change",
        "Significantly more",
        "insignificant",
        "impact",
        "impacts",
        "improves",
        "improvement",
        "drives",
        "driven by",
        "leads to",
        "led  to",
        "boosts",
        "boosting",
        "proves",
        "proven",
        "probability that it is chance",
    ],
)
def test_forbidden_words_are_found(text: str) -> None:
    """Every word that claims too much is found in each of its forms."""
    assert forbidden_words(text)


@pytest.mark.parametrize("text", ["", "lead time", "the leading lag", "approved", "told from chance", "provider"])
def test_other_words_are_left_alone(text: str) -> None:
    """Words of the field that merely resemble forbidden ones pass."""
    assert forbidden_words(text) == []


_SHARES = some.floats(-1, 1)
_MAYBE = some.none() | _SHARES
_FINDINGS = some.builds(
    LagFinding,
    lag=some.integers(0, 7),
    r=_SHARES,
    low=_MAYBE,
    high=_MAYBE,
    q=some.none() | some.floats(0, 1),
    q_by=some.none() | some.floats(0, 1),
    raw_r=_MAYBE,
)
_NUMBERS = some.builds(
    AssociationNumbers,
    usage=some.just("sessions"),
    outcome=some.just("merged pull requests"),
    days=some.integers(0, 200),
    usage_days=some.integers(0, 200),
    outcome_days=some.integers(0, 200),
    tests=some.integers(0, 200),
    chosen=some.none() | _FINDINGS,
    strongest=some.none() | _FINDINGS,
    critical_r=some.none() | some.floats(0, 1),
    detectable_r=some.none() | some.floats(0, 1),
    same_day_q=some.none() | some.floats(0, 1),
    strongest_placebo_r=_MAYBE,
    cycle_days=some.none() | some.integers(5, 14),
    reason=some.none(),
)


@given(_NUMBERS)
def test_no_numbers_call_for_a_forbidden_word(numbers: AssociationNumbers) -> None:
    """Whatever the numbers, something is said, nothing forbidden, and no p or q without days and tests."""
    sentences = association_sentences(numbers)
    assert sentences
    assert forbidden_words(" ".join([wording.CAVEAT, *sentences])) == []
    assert "nan" not in " ".join(sentences)
    text = " ".join(sentences)
    assert " test" in text or ("q = " not in text and "q < " not in text)


@given(some.floats(0, 1e6), some.floats(0, 1e6), some.none() | some.floats(0, 1))
def test_other_sentences_have_no_forbidden_word(low: float, high: float, q: float | None) -> None:
    """The sentences on changes, targets and merge times hold no forbidden word either."""
    texts = [
        *wording.week_sentences("2026-06-22", [wording.WeekChange("Tokens", "3", "5", (low, high), q)]),
        wording.merge_time_sentence(low, low, high, 3, 4),
        wording.ratio_sentence(low, low, high),
        *(wording.target_sentence(verdict, 0.5) for verdict in ("below", "inside", "above", None)),
    ]
    assert forbidden_words(" ".join(texts)) == []
