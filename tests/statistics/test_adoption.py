"""What changed after authors began, against programs that others wrote and against what must hold."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from prodlens.statistics.adoption import (
    NOBODY_LEFT,
    NOTHING_FORETOLD,
    TOO_FEW_ADOPTERS,
    Panel,
    _left,
    adoption_effect,
    exchanged_p,
    imputed,
    imputed_ratio,
)
from tests.statistics.made_up_teams import adopting_team
from tests.statistics.results import plain


def approximately(*values: object) -> tuple[object, ...]:
    """Return expected values that floats meet to about seven digits: margins are fitted in turn to ten."""
    return tuple(
        approximately(*value)
        if isinstance(value, tuple)
        else pytest.approx(value, rel=1e-7)
        if isinstance(value, float)
        else value
        for value in values
    )


def test_imputation_and_placebo_are_those_of_statsmodels() -> None:
    """GLM(Poisson) of statsmodels 0.15.0 on the cells before the beginning, its forecasts added up over those after."""
    found = adoption_effect(adopting_team())
    assert (found.adopters, found.reason) == (10, None)
    assert found.ratio == pytest.approx(1.221774369170085, rel=1e-7)
    assert found.placebo_ratio == pytest.approx(1.025578868910021, rel=1e-7)


def test_the_interval_is_around_the_ratio_and_a_detectable_one_is_farther() -> None:
    """The ends are as far from the ratio as factors; what is found with 80 % power is farther than the end."""
    found = adoption_effect(adopting_team())
    assert found.interval is not None
    assert found.ratio is not None
    assert found.interval.low is not None
    assert found.interval.high is not None
    assert found.detectable is not None
    assert found.interval.high / found.ratio == pytest.approx(found.ratio / found.interval.low)
    assert found.detectable > found.interval.high / found.ratio


def test_a_team_that_began_has_these_figures() -> None:
    """Every figure of a made-up team, by exchanges of one seed; another seed or number of exchanges moves p alone."""
    found = adoption_effect(adopting_team())
    ratios = [1.066513322, 0.9639945818, 0.8624626827, 1.12089744, 1.441254826, 1.503531447, 1.489413359, 1.201793258]
    ratios += [1.402272726, 1.141074364, 0.97302559, 1.297843901, 0.6867763407]
    expected = (1.2217743692, (0.7843453067, 1.903157444, 0.95), 0.059, 1.858028285, 1.025578869, 0.8879925359)
    assert plain(replace(found, weeks=())) == approximately(10, *expected, (), None, 10, 13)
    assert [one.ratio for one in found.weeks] == pytest.approx(ratios, rel=1e-6)
    assert [one.authors for one in found.weeks] == [10] * 10 + [9, 5, 4]
    assert replace(adoption_effect(adopting_team(), seed=2, draws=99), p=0.059) == replace(found)
    assert adoption_effect(adopting_team(), seed=2, draws=99).p == 0.06
    assert imputed(adopting_team()) == found


def test_a_huge_error_has_no_bounds() -> None:
    """Of five people with a burst of 50 here and there, the ends would be factors of e to the 550 from the ratio."""
    counts = [1.0, 2, 0, 0, 50, 2, 1, 0, 0, 1, 0, 2, 50, 1, 0, 2, 1, 1, 0, 2, 1, 1, 1, 1, 1, 50, 2, 1, 0, 1]
    authors, times = [name for name in "abcde" for _ in range(6)], np.tile(np.arange(6), 5)
    found = imputed(Panel(np.array(counts), authors, times.tolist(), times, {"a": 1, "b": 3}))
    assert found.ratio is not None
    assert (found.interval, found.detectable) == (None, None)


def test_a_team_that_does_less_has_an_interval_too() -> None:
    """A ratio below 1 is as good as one above."""
    found = adoption_effect(adopting_team(ratio=0.5))
    assert plain(found.interval) == approximately(0.3422676216, 0.6648603207, 0.95)
    assert (found.ratio, found.detectable) == approximately(0.4770326621, 1.590234779)


def test_dates_are_exchanged_where_a_person_has_most_weeks() -> None:
    """Of equals in the first repository: eight people of two teams are not exchanged with the six of the second."""
    panels = adopting_team(3, authors=8), adopting_team(4, authors=14)
    assert adoption_effect(in_places(*panels, same_people=True)).p == 0.038


def test_the_number_of_a_week_is_only_a_number() -> None:
    """Weeks that are counted from another one, before or after, have the same figures."""
    panel = adopting_team()
    for shift in (100, -100):
        moved = {name: week + shift for name, week in panel.adopted.items()}
        assert adoption_effect(replace(panel, times=panel.times + shift, adopted=moved)) == adoption_effect(panel)


def test_who_began_before_the_first_week_began_with_it() -> None:
    """Nothing is seen of the weeks before; a beginning in the second week is another one."""
    left, authors, times = np.array([10.0, 0] * 2 + [-5, 0] * 4), np.repeat(np.arange(6), 2), np.tile([5, 6], 6)
    homes = np.zeros(6, dtype=np.int64)
    dates = [np.array([first] * 2 + [np.inf] * 4) for first in (4.0, 5.0, 6.0)]
    before, first, second = (exchanged_p(left, authors, times, adopted, homes, seed=2) for adopted in dates)
    assert before == first == pytest.approx(1 / 15, abs=0.02)
    assert second == 1.0


def test_weeks_since_the_beginning_name_at_least_three_authors() -> None:
    """Weeks -4 to 8 have a row where at least three authors are seen."""
    weeks = adoption_effect(adopting_team()).weeks
    assert [one.week for one in weeks] == list(range(-4, 9))
    assert min(one.authors for one in weeks) >= 3
    assert weeks[0].ratio == pytest.approx(1.0665133, abs=1e-6)


def test_the_p_value_counts_exchanged_dates() -> None:
    """With three authors, one of whom began, the real date is one of three: p comes to a third or more."""
    counts = np.array([1.0, 1, 5, 5, 1, 1, 1, 1, 1, 1, 1, 1])
    authors, weeks = np.repeat(np.arange(3), 4), np.tile(np.arange(4), 3)
    adopted, homes = np.array([2.0, np.inf, np.inf]), np.zeros(3, dtype=np.int64)
    p = exchanged_p(_left(counts, authors, weeks), authors, weeks, adopted, homes, seed=1)
    assert 0.25 < p < 0.42
    assert p == exchanged_p(_left(counts, authors, weeks), authors, weeks, adopted, homes, seed=1)
    assert exchanged_p(_left(np.ones(12), authors, weeks), authors, weeks, adopted, homes, seed=1) == 1.0


def test_week_labels_are_only_labels() -> None:
    """With several repositories, a cell's label is repository and week; the number of the week is apart from it."""
    panel = adopting_team()
    renamed = replace(panel, weeks=[("acme/web", 99 - int(week)) for week in panel.times])
    assert adoption_effect(renamed).ratio == pytest.approx(adoption_effect(panel).ratio)


def test_gates() -> None:
    """Six who began with four weeks on either side are needed, and three others in the weeks after."""
    panel = adopting_team()
    few = replace(panel, adopted=dict(list(panel.adopted.items())[:5]))
    assert adoption_effect(few).reason == TOO_FEW_ADOPTERS
    assert adoption_effect(few).adopters == 5
    late = replace(panel, adopted=dict.fromkeys(panel.adopted, 13))
    assert adoption_effect(late).reason == TOO_FEW_ADOPTERS
    everybody = dict.fromkeys(panel.authors, 8)
    assert adoption_effect(replace(panel, adopted=everybody)).reason == NOBODY_LEFT


def steady(authors: int = 9, weeks: range = range(8), begun: int = 4) -> Panel:
    """Return authors who merge two a week each, of whom the first six merge three from the week on that they began."""
    cells = [(author, week) for author in range(authors) for week in weeks]
    counts = np.array([3.0 if author < 6 and week >= begun else 2.0 for author, week in cells])
    times = np.array([week for _, week in cells])
    return Panel(
        counts, [f"a{author}" for author, _ in cells], times.tolist(), times, {f"a{n}": begun for n in range(6)}
    )


def test_three_instead_of_two_is_half_as_much_again() -> None:
    """Six began with four weeks on either side, three did not: each gate is met exactly, and every week is told."""
    found = adoption_effect(steady())
    assert (found.adopters, found.reason) == (6, None)
    assert found.ratio == pytest.approx(1.5)
    assert found.placebo_ratio is None
    # Everybody moves alike, so that there is no spread to make an interval of.
    assert (found.interval, found.detectable) == (None, None)
    assert [(one.week, one.authors) for one in found.weeks] == [(week, 6) for week in range(-4, 4)]
    assert [one.ratio for one in found.weeks] == pytest.approx([1.0] * 4 + [1.5] * 4)


def test_three_authors_are_enough_for_a_week() -> None:
    """Where three began, every week has a row; one in which nobody else did anything foretells nothing."""
    panel = steady()
    three = replace(panel, adopted=dict(list(panel.adopted.items())[:3]))
    assert [one.authors for one in imputed(three).weeks] == [3] * 8
    idle = np.array([name in panel.adopted or week != 6 for name, week in zip(panel.authors, panel.weeks, strict=True)])
    found = adoption_effect(replace(panel, counts=np.where(idle, panel.counts, 0.0)))
    assert [one.ratio for one in found.weeks] == [pytest.approx(1.0)] * 4 + [pytest.approx(1.5)] * 2 + [
        None,
        pytest.approx(1.5),
    ]


@pytest.mark.parametrize(
    ("panel", "adopters", "reason"),
    [
        (steady(weeks=range(1, 8)), 0, TOO_FEW_ADOPTERS),
        (steady(weeks=range(7)), 0, TOO_FEW_ADOPTERS),
        (steady(authors=8), 6, NOBODY_LEFT),
    ],
)
def test_one_less_than_a_gate_asks_for(panel: Panel, adopters: int, reason: str) -> None:
    """Three weeks before, three weeks from the beginning on, or two authors who had not begun are too few."""
    found = adoption_effect(panel)
    assert (found.adopters, found.reason, found.ratio, found.weeks) == (adopters, reason, None, ())


def test_weeks_are_told_from_the_fourth_before_to_the_eighth_after() -> None:
    """A longer time adds no row; the ratio is of all of it."""
    found = adoption_effect(steady(weeks=range(20), begun=6))
    assert [one.week for one in found.weeks] == list(range(-4, 9))
    assert found.ratio == pytest.approx(1.5)


def test_who_was_not_seen_before_the_beginning_is_foretold_nothing() -> None:
    """Nobody knows what such an author would have done: whatever came afterwards changes no figure."""
    panel = steady()
    late = Panel(
        np.append(panel.counts, [90.0, 90.0]),
        [*panel.authors, "late", "late"],
        [*panel.weeks, 5, 6],
        np.append(panel.times, [5, 6]),
        {**panel.adopted, "late": 5},
    )
    found = adoption_effect(late)
    assert found.ratio == pytest.approx(1.5)
    assert found.adopters == 6
    assert [one.authors for one in found.weeks] == [6] * 8


def test_one_week_before_is_enough_to_foretell() -> None:
    """An author who was seen once before beginning is compared in the weeks after."""
    panel = steady()
    late = Panel(
        np.append(panel.counts, [2.0, 3.0, 3.0]),
        [*panel.authors, *["late"] * 3],
        [*panel.weeks, 3, 5, 6],
        np.append(panel.times, [3, 5, 6]),
        {**panel.adopted, "late": 5},
    )
    found = adoption_effect(late)
    assert found.ratio == pytest.approx(1.5)
    assert [one.authors for one in found.weeks] == [6, 6, 7, 6, 7, 7, 6, 6]
    assert found.compared == 7


def test_nothing_before_foretells_nothing() -> None:
    """Where those who began did nothing before, no ratio can be told."""
    panel = adopting_team()
    after = np.array(
        [time >= panel.adopted.get(name, 0) for name, time in zip(panel.authors, panel.times, strict=True)]
    )
    started = np.array([name in panel.adopted for name in panel.authors])
    counts = np.where(started & ~after, 0.0, panel.counts)
    found = adoption_effect(replace(panel, counts=counts))
    assert (found.adopters, found.reason) == (10, NOTHING_FORETOLD)


def test_nothing_after_has_a_ratio_of_zero_and_no_interval() -> None:
    """A ratio of 0 has no logarithm, and neither has that without the one author who did something."""
    panel = adopting_team()
    after = np.array(
        [time >= panel.adopted.get(name, 99) for name, time in zip(panel.authors, panel.times, strict=True)]
    )
    found = adoption_effect(replace(panel, counts=np.where(after, 0.0, panel.counts)))
    assert (found.ratio, found.interval, found.detectable) == (0.0, None, None)
    others = np.array([name != "a1" for name in panel.authors])
    found = adoption_effect(replace(panel, counts=np.where(after & others, 0.0, panel.counts)))
    assert found.ratio is not None
    assert found.ratio > 0
    assert (found.interval, found.detectable) == (None, None)


def test_a_small_team_can_be_simulated_without_the_gate() -> None:
    """``imputed`` gives what the gate withholds, and a huge error has no bounds that are numbers."""
    authors = [f"a{author}" for author in range(4) for _ in range(6)]
    times = np.tile(np.arange(6), 4)
    panel = Panel(np.arange(24.0) % 7, authors, times.tolist(), times, {"a0": 3})
    assert adoption_effect(panel).ratio is None
    assert imputed(panel).ratio is not None


def in_places(*panels: Panel, same_people: bool = False) -> Panel:
    """Return panels as one, a repository each; people of one name are others in each, or the same."""
    named = [
        [name if same_people else f"{place}/{name}" for name in panel.authors] for place, panel in enumerate(panels)
    ]
    adopted = {
        name if same_people else f"{place}/{name}": week
        for place, panel in enumerate(panels)
        for name, week in panel.adopted.items()
    }
    places = [place for place, panel in enumerate(panels) for _ in panel.authors]
    times = np.concatenate([panel.times for panel in panels])
    counts = np.concatenate([panel.counts for panel in panels])
    weeks = list(zip(places, times.tolist(), strict=True))
    return Panel(counts, [name for names in named for name in names], weeks, times, adopted, places)


def test_repositories_with_people_of_their_own_have_effects_of_their_own() -> None:
    """What is seen and foretold is that of each repository, added up; all people count, on either side."""
    panels = adopting_team(3), adopting_team(4)
    pooled = adoption_effect(in_places(*panels))
    labelled = replace(in_places(*panels), places=None)
    assert pooled.adopters == sum(adoption_effect(panel).adopters for panel in panels) == 20
    assert pooled.ratio == pytest.approx(adoption_effect(labelled).ratio)
    together = adoption_effect(labelled).interval
    assert pooled.interval is not None
    assert together is not None
    assert pooled.interval.low == pytest.approx(together.low)
    assert pooled.interval.high == pytest.approx(together.high)
    assert pooled.placebo_p == pytest.approx(adoption_effect(labelled).placebo_p)
    assert (pooled.compared, pooled.others) == (20, 23)
    assert imputed_ratio(in_places(*panels)) == pooled.ratio


def test_a_person_in_two_repositories_is_one() -> None:
    """The same team in two repositories has the people, the ratio and the interval of one, not a narrower one."""
    panel = adopting_team()
    once, twice = adoption_effect(panel), adoption_effect(in_places(panel, panel, same_people=True))
    assert (twice.adopters, twice.compared, twice.others) == (once.adopters, once.compared, once.others)
    assert twice.ratio == pytest.approx(once.ratio)
    assert once.interval is not None
    assert twice.interval is not None
    assert twice.interval.low == pytest.approx(once.interval.low)
    assert twice.placebo_p == pytest.approx(once.placebo_p)
    assert twice.detectable == pytest.approx(once.detectable)
    assert twice.p == once.p


def test_a_repository_where_nobody_begins_changes_nothing() -> None:
    """Beside one where people begin, it is in no figure, whatever happened there."""
    panel, other = adopting_team(), replace(adopting_team(5, ratio=9.0), adopted={})
    once, beside = adoption_effect(panel), adoption_effect(in_places(panel, other))
    assert beside.ratio == pytest.approx(once.ratio)
    assert (beside.compared, beside.others) == (once.compared, once.others)
    assert beside.p == pytest.approx(once.p, abs=0.05)
    assert once.interval is not None
    assert beside.interval is not None
    assert beside.interval.high == pytest.approx(once.interval.high)


def test_dates_are_exchanged_within_repositories() -> None:
    """Where all of one repository begin together and nobody of the other does, no exchange changes anything."""
    panel = adopting_team()
    everybody = replace(panel, adopted=dict.fromkeys(panel.authors, 8))
    nobody = replace(adopting_team(4), adopted={})
    assert imputed(in_places(everybody, nobody)).reason == NOBODY_LEFT
    authors, times = np.repeat(np.arange(8), 6), np.tile(np.arange(6), 8)
    left = np.where((authors < 4) & (times >= 3), 1.0, -1.0)
    adopted = np.array([3.0] * 4 + [np.inf] * 4)
    together = np.zeros(8, dtype=np.int64)
    assert exchanged_p(left, authors, times, adopted, together, seed=1) < 0.05
    assert exchanged_p(left, authors, times, adopted, np.repeat([0, 1], 4), seed=1) == 1.0


def test_no_weeks_have_no_ratio() -> None:
    """Without cells, or without anything foretold, there is no ratio."""
    nothing = Panel(np.zeros(0), [], [], np.zeros(0, dtype=np.int64), {})
    assert imputed_ratio(nothing) is None
    panel = adopting_team()
    assert imputed_ratio(replace(panel, counts=np.zeros(len(panel.counts)))) is None
