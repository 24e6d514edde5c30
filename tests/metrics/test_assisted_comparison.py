"""The comparison of assisted and other pull requests, in figures of a made-up team that never change."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from prodlens.metrics.assisted_comparison import (
    TOO_FEW,
    TOO_FEW_EVENTS,
    by_level,
    comparison,
    exponential,
    outcomes,
    ratio_of,
    sample_of,
    verdict,
)
from prodlens.metrics.assisted_work import Work
from prodlens.statistics.within_author import Contrast
from tests.metrics.test_pull_request_costs import rounded


def team(open_every: int = 0) -> list[Work]:
    """Return 14 pull requests of each of nine people, whose times, sizes and kinds follow from plain numbers.

    One has no size, so that it takes no part; every ``open_every``-th is still open, and a few were closed unmerged.
    """
    found = []
    for author in range(9):
        for n in range(14):
            mix = (author * 7 + n * n * 5 + n * author * 3) % 23
            assisted = (author + 2 * n + n * n * (author % 3)) % 5 < 2
            opened = datetime(2026, 3, 2, 9, tzinfo=UTC) + timedelta(days=(n * 5 + author * 3) % 42, hours=author)
            is_open = open_every > 0 and (n + author) % open_every == 0
            merged = not is_open and mix != 3
            size = None if (author, n) == (0, 0) else (mix * 37 + n * 11) % 200 + 3
            hours = (
                2.0 * 1.2 ** (mix - 8) * (1 + (size or 1) / 300) * (0.55 if assisted else 1.0) * (1 + author % 4 / 4)
            )
            found.append(
                Work(
                    author=f"dev{author}",
                    level=("traced", "signed")[n % 3 == 0] if assisted else "other",
                    opened_at=opened,
                    hours=round(hours, 3) if merged or is_open else None,
                    merged=merged,
                    open=is_open,
                    size=size,
                    files=None if n == 5 else 1 + mix % 4,
                    draft=None if mix == 7 else mix % 6 == 1,
                    review_hours=None if mix % 9 == 4 else 0.5 + (mix * 5 % 13) * (0.8 if assisted else 1.0),
                    reworked=None if is_open else (mix + n) % 4 == 0,
                    reverted=(mix * 3 + author) % 7 == 0 if merged else None,
                    rounds=None if n == 9 else mix % 3 + (not assisted),
                    week=opened.date() - timedelta(days=opened.weekday()),
                    issue=None,
                )
            )
    return found


def ends(low: float, high: float) -> dict[str, float]:
    """Return an interval of 95 %."""
    return {"low": low, "high": high, "level": 0.95}


def test_every_figure_of_the_comparison() -> None:
    """Nothing is open: the contrast of log hours carries the answer, and Cox's model stands beside it."""
    assert rounded(comparison(sample_of(team()))) == {
        "authors": 8,
        "all_authors": 9,
        "assisted": 46,
        "other": 65,
        "share_open": 0.0,
        "measure": "time_ratio",
        "verdict": "sooner",
        "reason": None,
        "ratio": 0.463275,
        "interval": ends(0.25378, 0.84571),
        "one_author_decides": False,
        "p_value": 0.019391,
        "effective_authors": 7.906951,
        "minimum_detectable": 2.292151,
        "check": {
            "measure": "hazard_ratio",
            "ratio": 2.360668,
            "interval": ends(1.325475, 4.204344),
            "one_author_decides": False,
        },
        "without_size": {"ratio": 0.467588, "interval": ends(0.280383, 0.779786), "one_author_decides": False},
        "size_ratio": {"ratio": 0.813235, "interval": ends(0.556774, 1.187828), "one_author_decides": False},
        "unseen_cause": {
            "robustness_value": 0.27676,
            "size_of_choice": 0.012285,
            "size_of_outcome": 0.138136,
            "times_size": 7.699412,
            "e_value": 3.739926,
            "e_value_of_bound": 1.646899,
        },
        "matched_pairs": {"pairs": 40, "ratio": 0.310756, "p_value": 0.020783, "gamma": 1.281261},
        "previous_pull_request": {"ratio": None, "interval": ends(0.540508, 2.420549), "one_author_decides": True},
    }


def test_every_figure_where_many_are_open() -> None:
    """One in nine is open: Cox's model carries the answer, and the contrast of log hours stands beside it."""
    assert rounded(comparison(sample_of(team(9)))) == {
        "authors": 8,
        "all_authors": 9,
        "assisted": 46,
        "other": 65,
        "share_open": 0.107438,
        "measure": "hazard_ratio",
        "verdict": "sooner",
        "reason": None,
        "ratio": 2.274034,
        "interval": ends(1.242537, 4.161832),
        "one_author_decides": False,
        "p_value": 0.01498,
        "effective_authors": 7.78988,
        "minimum_detectable": 2.298928,
        "check": {
            "measure": "time_ratio",
            "ratio": 0.472108,
            "interval": ends(0.25643, 0.869188),
            "one_author_decides": False,
        },
        "without_size": {"ratio": 0.450769, "interval": ends(0.269188, 0.754834), "one_author_decides": False},
        "size_ratio": {"ratio": 0.813235, "interval": ends(0.556774, 1.187828), "one_author_decides": False},
        "unseen_cause": {
            "robustness_value": 0.273536,
            "size_of_choice": 0.0324,
            "size_of_outcome": 0.192556,
            "times_size": 3.268538,
            "e_value": 2.915684,
            "e_value_of_bound": 1.596741,
        },
        "matched_pairs": {"pairs": 37, "ratio": 0.384388, "p_value": 0.035332, "gamma": 1.192642},
        "previous_pull_request": {"ratio": None, "interval": ends(0.420174, 2.578088), "one_author_decides": True},
    }


def test_every_other_outcome() -> None:
    """What each kind has over authors with both, the difference within authors, and a q over the five."""
    found = rounded(outcomes(sample_of(team())))
    assert [(row["outcome"], row["scale"]) for row in found] == [
        ("review_hours", "ratio"),
        ("reworked", "points"),
        ("reverted", "points"),
        ("closed_unmerged", "points"),
        ("review_rounds", "difference"),
    ]
    assert [(*row["assisted"].values(), *row["other"].values()) for row in found] == [
        (40, 5.3, 59, 6.5),
        (46, 0.152174, 65, 0.276923),
        (46, 0.173913, 61, 0.229508),
        (46, 0.0, 65, 0.061538),
        (42, 0.833333, 61, 2.016393),
    ]
    assert [
        (row["estimate"], row["interval"]["low"], row["interval"]["high"], row["p_value"], row["q"]) for row in found
    ] == [
        (1.074046, 0.807829, 1.427994, 0.571126, 0.713908),
        (-0.138392, -0.357348, 0.080564, 0.178438, 0.297397),
        (None, -0.216482, 0.253761, 0.856301, 0.856301),
        (-0.083495, -0.200766, 0.033776, 0.135974, 0.297397),
        (-1.134973, -1.538039, -0.731908, 0.0003, 0.001501),
    ]
    assert [row["one_author_decides"] for row in found] == [False, False, True, False, False]
    assert {row["reason"] for row in found} == {None}
    plain = rounded(outcomes(sample_of(team()), sized=False)[0])
    assert (plain["estimate"], plain["interval"], plain["q"]) == (None, ends(0.773423, 1.49923), 0.765561)


def test_what_is_open_is_no_outcome_yet() -> None:
    """Open pull requests were neither closed unmerged nor reworked nor reverted, as far as anybody knows."""
    counted = {row["outcome"]: row["assisted"]["n"] + row["other"]["n"] for row in outcomes(sample_of(team(9)))}
    assert counted == {"review_hours": 99, "reworked": 99, "reverted": 96, "closed_unmerged": 99, "review_rounds": 103}


def test_each_kind_of_evidence_against_the_same_others() -> None:
    """Merged pull requests alone are compared; those of a kind are counted whether they were merged or not."""
    kinds = [(name, frozenset(name.split("+"))) for name in ("traced", "signed", "traced+signed")]
    assert rounded(by_level(team(), kinds)) == [
        {
            "evidence": "traced",
            "assisted": 30,
            "ratio": 0.54733,
            "interval": ends(0.350989, 0.853501),
            "one_author_decides": False,
        },
        {"evidence": "signed", "assisted": 17, "ratio": None, "interval": None, "one_author_decides": False},
        {
            "evidence": "traced+signed",
            "assisted": 47,
            "ratio": 0.463275,
            "interval": ends(0.25378, 0.84571),
            "one_author_decides": False,
        },
    ]


def some(authors: int, each: int, **changes: Any) -> list[Work]:
    """Return as many assisted as other pull requests of each person, of different times and sizes."""
    found = []
    for author in range(authors):
        for n in range(2 * each):
            hours = 2.0 + (n * 7 + author * 3) % 11
            one = replace(team()[20], author=f"a{author}", level="traced" if n % 2 else "other", hours=hours)
            size, opened = 5 + (n * 13 + author) % 17, one.opened_at + timedelta(hours=n * 5)
            found.append(replace(one, size=size, opened_at=opened, merged=True, open=False, **changes))
    return found


@pytest.mark.parametrize(
    ("work", "reason"),
    [
        ([*some(2, 10), *some(3, 1)[4:], *some(3, 9)[36:]], None),  # 3 people, 20 of a kind
        (some(4, 5), None),
        (some(2, 10), TOO_FEW),
        (some(3, 7)[:-2], None),
        (some(3, 7)[:-4], TOO_FEW),  # 19 of a kind
        ([], TOO_FEW),
    ],
)
def test_how_many_a_comparison_needs(work: list[Work], reason: str | None) -> None:
    """Three people with both kinds and twenty of each are enough; below that there are counts and a reason alone."""
    found = comparison(sample_of(work))
    assert found["reason"] == reason
    assert set(found) == set(comparison(sample_of(team())))
    if reason is not None:
        counts = {"authors", "all_authors", "assisted", "other", "share_open", "verdict", "reason"}
        assert found["verdict"] == "too_few"
        assert {name for name, value in found.items() if value is not None} == counts


def test_a_comparison_that_the_rest_accounts_for() -> None:
    """Where every pull request has a week of its own nothing is left to compare, and the reason is the model's."""
    work = [replace(one, week=one.week + timedelta(weeks=place)) for place, one in enumerate(some(4, 10))]
    found = comparison(sample_of(work))
    assert found["verdict"] == "too_few"
    assert found["reason"] == "no author has both kinds in a way that weeks and covariates do not account for"
    assert comparison(sample_of([]))["share_open"] == 0.0


def test_what_hangs_on_one_author_has_no_e_value() -> None:
    """An estimate that is withheld has none either, while that of the bound nearest to no difference stays."""
    found = comparison(sample_of(some(4, 10)))
    assert (found["ratio"], found["one_author_decides"]) == (None, True)
    assert rounded(found["unseen_cause"]) == {
        "robustness_value": 0.027199,
        "size_of_choice": 4.4e-05,
        "size_of_outcome": 0.004778,
        "times_size": 59.685863,
        "e_value": None,
        "e_value_of_bound": 1.0,
    }


def test_a_difference_beyond_all_numbers_is_not_told() -> None:
    """Ratio, interval and E-values are None together where the ratio leaves the range that is told."""
    work = [
        replace(one, hours=math.exp(305 if one.level == "traced" else place % 3))
        for place, one in enumerate(some(4, 10))
    ]
    found = comparison(sample_of(work))
    assert (found["verdict"], found["ratio"], found["interval"]) == ("not_enough", None, None)
    assert (found["unseen_cause"]["e_value"], found["unseen_cause"]["e_value_of_bound"]) == (None, None)


def test_from_five_percent_on_open_ones_count() -> None:
    """At exactly 5 % Cox's model carries the answer, just below it the hours of what was merged do."""
    work = some(4, 25)
    open_ = [replace(one, merged=False, open=True) for one in work[:10]]
    assert comparison(sample_of([*open_, *work[10:]]))["measure"] == "hazard_ratio"
    below = comparison(sample_of([*open_[:9], *work[9:]]))
    assert (below["measure"], below["share_open"], below["check"]["measure"]) == ("time_ratio", 0.045, "hazard_ratio")


@pytest.mark.parametrize(("events", "reason"), [(4, TOO_FEW_EVENTS), (5, None), (75, None), (76, TOO_FEW_EVENTS)])
def test_how_many_events_a_share_needs(events: int, reason: str | None) -> None:
    """Five that did and five that did not; below that neither the difference nor the shares are told."""
    work = [replace(one, reworked=place * 7 % 80 < events) for place, one in enumerate(some(4, 10))]
    row = outcomes(sample_of(work))[1]
    assert (row["reason"], row["p_value"] is None) == (reason, reason is not None)
    assert [row[kind]["n"] for kind in ("assisted", "other")] == [40, 40]
    assert [row[kind]["value"] is None for kind in ("assisted", "other")] == [reason is not None] * 2


def test_an_author_decides_and_numbers_without_end() -> None:
    """An estimate that hangs on one author is withheld and its interval stays; what leaves all numbers is None."""
    found = Contrast(0.5, 0.1, 9.0, 10, 10.0, one_author_decides=True, partial_r2=0.0)
    assert rounded(ratio_of(found)) == {"ratio": None, "interval": ends(1.314931, 2.067243), "one_author_decides": True}
    assert ratio_of(replace(found, beta=299.99, one_author_decides=False))["interval"] is None
    assert ratio_of(replace(found, beta=-299.99, one_author_decides=False))["interval"] is None
    assert [exponential(value) for value in (None, 300.1, -300.1)] == [None, None, None]
    assert [exponential(value) for value in (0.0, 300.0, -300.0)] == [1.0, math.exp(300), math.exp(-300)]


@pytest.mark.parametrize(
    ("authors", "effective", "expected"), [(8, 5.0, "later"), (7, 5.0, "not_enough"), (8, 4.9, "not_enough")]
)
def test_how_many_authors_a_verdict_needs(authors: int, effective: float, expected: str) -> None:
    """Eight with both kinds and an effective number of five are enough."""
    assert verdict(Contrast(0.9, 0.1, 7.0, authors, effective, one_author_decides=False, partial_r2=0.0)) == expected


@pytest.mark.parametrize(
    ("beta", "error", "expected"),
    [(0.0, 0.0, "no_large_difference"), (-0.1, 0.1, "cannot_answer"), (0.1, 0.1, "cannot_answer")],
)
def test_both_ends_have_to_be_near_to_no_difference(beta: float, error: float, expected: str) -> None:
    """An interval that reaches far on one side alone answers nothing; one that is no difference at all does."""
    assert verdict(Contrast(beta, error, 19.0, 20, 20.0, one_author_decides=False, partial_r2=0.0)) == expected


def test_what_is_held_fixed() -> None:
    """Log lines and files, where none at all are no size, and whether it was a draft or nobody knows."""
    given = [(0, 0, True), (9, 4, False), (1, None, None)]
    work = [replace(some(1, 1)[0], size=size, files=files, draft=draft) for size, files, draft in given]
    assert rounded(sample_of(work).covariates.tolist()) == [
        [0.0, 0.0, 1.0, 0.0],
        [2.302585, 1.386294, 0.0, 0.0],
        [0.693147, 0.0, 0.0, 1.0],
    ]


def test_outcomes_of_too_few_people_have_their_reason() -> None:
    """Two people are too few for any outcome; nothing of one is told but how many there are."""
    found = outcomes(sample_of(some(2, 10)))
    assert {row["reason"] for row in found if row["scale"] != "points"} == {TOO_FEW}
    assert [(row["estimate"], row["p_value"], row["q"], row["assisted"]["value"]) for row in found] == [(None,) * 4] * 5
