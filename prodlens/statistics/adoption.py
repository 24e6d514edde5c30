"""What changed after authors began with something, against authors who had not begun yet.

Effects that grow bias plain two-way effects, since early adopters then serve as controls for late ones. So author and
week effects are fitted where nobody has begun, and what they foretell is set against what was seen (imputation:
Borusyak, Jaravel and Spiess 2024; Gardner 2022). Whether that could be chance is judged by exchanging the dates.

Over several repositories an author has an effect in each, weeks are those of each repository, and a person is one,
wherever they work: they have one date, count once, and are left out with all their work. Dates are exchanged between
the people of one repository, since a whole repository may begin together for a reason of its own.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import special

from prodlens.statistics.estimates import BoolArray, FloatArray, Interval, t_quantile
from prodlens.statistics.two_way_poisson import LEAST, poisson_contrast, two_way_margins
from prodlens.statistics.within_author import POWER, IntArray, codes_of

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping, Sequence

FEWEST_ADOPTERS = 6
FEWEST_WEEKS_EACH_SIDE = 4
FEWEST_UNTREATED = 3
FIRST_EVENT_WEEK, LAST_EVENT_WEEK = -4, 8
DRAWS = 999

TOO_FEW_ADOPTERS = "fewer than 6 authors with 4 weeks before and after they began"
NOBODY_LEFT = "in no week after somebody began were there 3 authors who had not"
NOTHING_FORETOLD = "nothing is foretold for the weeks after somebody began"

_MOST_BLOCKS = 50
_LARGEST_LOG = 300.0
_ROUNDING = 1e-10


@dataclass(frozen=True, slots=True)
class Panel:
    """Counts by author and week.

    Attributes:
        counts: What was counted in each cell.
        authors: Author of each cell.
        weeks: Label of its week; with several repositories, repository and week.
        times: The week as a number that rises by one a week.
        adopted: For each author that began, the week as such a number.
        places: Repository of each cell, where there are several.
    """

    counts: FloatArray
    authors: Sequence[Hashable]
    weeks: Sequence[Hashable]
    times: IntArray
    adopted: Mapping[Any, int]
    places: Sequence[Hashable] | None = None


@dataclass(frozen=True, slots=True)
class EventWeek:
    """One week relative to the beginning: what was seen over what is foretold, and by how many authors."""

    week: int
    ratio: float | None
    authors: int


@dataclass(frozen=True, slots=True)
class Adoption:
    """How a count changed after authors began.

    Attributes:
        adopters: Authors that began with 4 weeks before and after.
        ratio: Sum of what was seen over sum of what is foretold, after the beginning; None with a reason.
        interval: 95 % interval of the ratio, by leaving authors out.
        p: By exchanging the dates.
        detectable: Ratio above 1 that is found with a power of 80 %.
        placebo_ratio: The same count in the four weeks before the beginning, against the weeks before and the others.
        placebo_p: Its p-value; small where those who began were already changing.
        weeks: By weeks since the beginning.
        reason: Why there is no ratio.
        compared: Authors whose weeks after the beginning the ratio is of.
        others: Authors who had not begun yet in those weeks, by whom it is foretold.
    """

    adopters: int
    ratio: float | None = None
    interval: Interval | None = None
    p: float | None = None
    detectable: float | None = None
    placebo_ratio: float | None = None
    placebo_p: float | None = None
    weeks: tuple[EventWeek, ...] = ()
    reason: str | None = None
    compared: int = 0
    others: int = 0


@dataclass(frozen=True, slots=True)
class _Cells:
    """Cells as numbers; ``units`` are authors in each of their repositories, which have an effect each."""

    counts: FloatArray
    authors: IntArray
    units: IntArray
    places: IntArray
    weeks: IntArray
    times: IntArray
    since: FloatArray
    adopted: FloatArray

    @property
    def treated(self) -> BoolArray:
        return self.since >= 0

    def where(self, kept: BoolArray) -> _Cells:
        """Return some of the cells."""
        return _Cells(
            self.counts[kept],
            self.authors[kept],
            self.units[kept],
            self.places[kept],
            self.weeks[kept],
            self.times[kept],
            self.since[kept],
            self.adopted,
        )


def adoption_effect(panel: Panel, seed: int = 1, draws: int = DRAWS) -> Adoption:
    """Return how the counts changed after authors began, against those who had not begun yet.

    mu = a_author g_week is fitted by Poisson pseudo-likelihood to the cells before the beginning; the ratio is the sum
    of the counts over the sum of mu in the cells from it on, in weeks with at least 3 authors who had not begun. The
    p-value exchanges the beginnings of authors at random: S = sum D (y - mu), mu from the margins of all cells. With
    several repositories mu = a_(author, repository) g_(repository, week).

    Args:
        panel: Counts; authors who began before they could be seen have no place in it.
        seed: Of the exchanges.
        draws: How many there are.
    """
    adopters = _adopters(_cells(panel))
    return Adoption(adopters, reason=TOO_FEW_ADOPTERS) if adopters < FEWEST_ADOPTERS else imputed(panel, seed, draws)


def imputed(panel: Panel, seed: int = 1, draws: int = DRAWS) -> Adoption:
    """Return ``adoption_effect`` without its gate on adopters, as simulations of small teams need it."""
    everything = _cells(panel)
    adopters = _adopters(everything)
    # Where nobody begins, nothing tells of a change; only the exchanges need to know of everybody.
    cells = everything.where(np.isin(everything.places, np.unique(everything.places[everything.treated])))
    found = _seen_and_foretold(cells, np.ones(len(cells.counts), dtype=np.bool_))
    if found is None:
        return Adoption(adopters, reason=NOBODY_LEFT)
    seen, expected, foretold, used = found
    if expected < LEAST:
        return Adoption(adopters, reason=NOTHING_FORETOLD)
    untreated = cells.where(~cells.treated)
    placebo = poisson_contrast(
        untreated.counts, _just_before(untreated), untreated.units, untreated.weeks, untreated.authors
    )
    reach, detectable = _reach(cells, seen / expected)
    before = untreated.authors[np.isin(untreated.weeks, cells.weeks[used])]
    return Adoption(
        adopters,
        seen / expected,
        None if reach is None else Interval(seen / expected / reach, seen / expected * reach),
        _exchanged_p(everything, seed, draws),
        detectable,
        None if placebo is None else math.exp(placebo.delta),
        None if placebo is None else placebo.p,
        tuple(_event_weeks(cells, foretold, used | ~cells.treated)),
        compared=len(np.unique(cells.authors[used])),
        others=len(np.unique(before)),
    )


def imputed_ratio(panel: Panel) -> float | None:
    """Return the ratio of ``adoption_effect`` alone, without its gates; None where there is none."""
    cells = _cells(panel)
    found = _seen_and_foretold(cells, np.ones(len(cells.counts), dtype=np.bool_))
    return None if found is None or found[1] < LEAST else found[0] / found[1]


def _seen_and_foretold(cells: _Cells, kept: BoolArray) -> tuple[float, float, FloatArray, BoolArray] | None:
    """Return both sums over the cells from the beginning on, what is foretold for each cell, and which cells are used.

    Only authors of the cells that are ``kept`` take part. None where no cell can be used.
    """
    untreated = cells.where(kept & ~cells.treated)
    sizes = int(cells.units.max(initial=-1)) + 1, int(cells.weeks.max(initial=-1)) + 1
    author_effect, week_effect = two_way_margins(untreated.counts, untreated.units, untreated.weeks, sizes)
    # Nothing can be foretold for an author who was never seen before the beginning.
    known = np.bincount(untreated.units, minlength=sizes[0]) > 0
    enough = _untreated_authors(untreated, sizes[1]) >= FEWEST_UNTREATED
    used = kept & cells.treated & known[cells.units] & enough[cells.weeks]
    if not used.any():
        return None
    foretold = author_effect[cells.units] * week_effect[cells.weeks]
    return float(cells.counts[used].sum()), float(foretold[used].sum()), foretold, used


def _reach(cells: _Cells, ratio: float) -> tuple[float | None, float | None]:
    """Return the factor to either end of the interval of the ratio, and the ratio that would usually be found.

    Authors are left out one at a time, or in 50 blocks where there are more: V = (G - 1) / G sum (log ratio_(-i) -
    log ratio)^2, and Student's t with G* - 1 degrees of freedom, G* by the authors' shares of sum mu D~^2.
    """
    treated = cells.treated.astype(np.float64)
    spread = poisson_contrast(cells.counts, treated, cells.units, cells.weeks, cells.authors)
    people = np.unique(cells.authors, return_inverse=True)[1]
    blocks = min(int(people.max()) + 1, _MOST_BLOCKS)
    ratios = _ratios_without(cells, [people % blocks == block for block in range(blocks)])
    if spread is None or not np.isfinite(ratios).all() or min(ratio, ratios.min()) <= 0:
        return None, None
    error = math.sqrt((blocks - 1) / blocks * float(((np.log(ratios) - math.log(ratio)) ** 2).sum()))
    quantiles = t_quantile(spread.df), float(special.stdtrit(spread.df, POWER))
    if sum(quantiles) * error > _LARGEST_LOG:
        return None, None
    return math.exp(quantiles[0] * error), math.exp(sum(quantiles) * error)


def _ratios_without(cells: _Cells, blocks: Sequence[BoolArray]) -> FloatArray:
    """Return the ratio without each block of people; NaN where nothing is foretold then.

    The model falls apart into repositories, so that only those where a block is at work are fitted anew.
    """
    whole = _sums_by_place(cells, np.ones(len(cells.counts), dtype=np.bool_))
    ratios = []
    for lost in blocks:
        touched = np.zeros(whole.shape[1], dtype=np.bool_)
        touched[cells.places[lost]] = True
        here = touched[cells.places]
        part = _sums_by_place(cells.where(here), ~lost[here])
        seen, expected = whole[:, ~touched].sum(axis=1) + part.sum(axis=1)
        ratios.append(math.nan if expected < LEAST else float(seen / expected))
    return np.array(ratios)


def _sums_by_place(cells: _Cells, kept: BoolArray) -> FloatArray:
    """Return what is seen and what is foretold in each repository, a row each."""
    size = int(cells.places.max()) + 1
    found = _seen_and_foretold(cells, kept)
    if found is None:
        return np.zeros((2, size))
    _, _, foretold, used = found
    places = cells.places[used]
    return np.array([np.bincount(places, values[used], size) for values in (cells.counts, foretold)])


def _exchanged_p(cells: _Cells, seed: int, draws: int) -> float:
    """Return the p-value of the dates, exchanged between people of one repository: of several, that of most weeks."""
    pairs, counts = np.unique(np.column_stack([cells.authors, cells.places]), axis=0, return_counts=True)
    homes = np.zeros(len(cells.adopted), dtype=np.int64)
    order = np.lexsort((-pairs[:, 1], counts))  # the last to be written is that of most weeks, of equals the first
    homes[pairs[order, 0]] = pairs[order, 1]
    left = _left(cells.counts, cells.units, cells.weeks)
    return exchanged_p(left, cells.authors, cells.times, cells.adopted, homes, seed, draws)


def _left(counts: FloatArray, units: IntArray, weeks: IntArray) -> FloatArray:
    """Return the counts less what the margins of all cells say of them."""
    unit_effect, week_effect = two_way_margins(counts, units, weeks, (int(units.max()) + 1, int(weeks.max()) + 1))
    left: FloatArray = counts - unit_effect[units] * week_effect[weeks]
    return left


def exchanged_p(
    left: FloatArray,
    authors: IntArray,
    times: IntArray,
    adopted: FloatArray,
    homes: IntArray,
    seed: int,
    draws: int = DRAWS,
) -> float:
    """Return how often dates that are exchanged between authors of one home give as large a sum as the real ones.

    Args:
        left: y - mu of each cell.
        authors: Author of each cell, from 0.
        times: Its week as a number.
        adopted: When each author began, as such a number; infinite for those who did not.
        homes: The group of each author that dates are exchanged in.
        seed: Of the exchanges.
        draws: How many; the real dates count as one more.
    """
    first, last = int(times.min()), int(times.max())
    by_time = np.zeros((len(adopted), last - first + 2))
    np.add.at(by_time, (authors, times - first), left)
    # What is left of each author from a week on: the statistic is one such value of each.
    from_week_on = np.cumsum(by_time[:, ::-1], axis=1)[:, ::-1]
    begun = np.clip(adopted - first, 0, last - first + 1).astype(np.int64)
    rng, people = np.random.default_rng(seed), np.arange(len(adopted))
    seen = abs(float(from_week_on[people, begun].sum()))
    at_home = np.argsort(homes, kind="stable")
    exchanged = np.zeros(draws)
    for draw in range(draws):
        order = rng.permutation(len(adopted))
        drawn = begun[order[np.argsort(homes[order], kind="stable")]]
        exchanged[draw] = from_week_on[at_home, drawn].sum()
    return (1 + int((np.abs(exchanged) >= seen * (1 - _ROUNDING)).sum())) / (1 + draws)


def _cells(panel: Panel) -> _Cells:
    authors = codes_of(panel.authors)
    adopted = np.full(int(authors.max(initial=-1)) + 1, np.inf)
    for label, code in zip(panel.authors, authors, strict=True):
        adopted[code] = panel.adopted.get(label, np.inf)
    since = panel.times - adopted[authors]
    places = np.zeros(len(authors), dtype=np.int64) if panel.places is None else codes_of(panel.places)
    units = codes_of(list(zip(authors.tolist(), places.tolist(), strict=True)))
    return _Cells(panel.counts, authors, units, places, codes_of(panel.weeks), panel.times, since, adopted)


def _adopters(cells: _Cells) -> int:
    """Return how many authors have 4 weeks before and 4 from the beginning on."""
    weeks = np.unique(np.column_stack([cells.authors, cells.times, cells.since]), axis=0)
    people, since = weeks[:, 0].astype(np.int64), weeks[:, 2]
    before, after = (
        np.bincount(people[chosen], minlength=len(cells.adopted)) >= FEWEST_WEEKS_EACH_SIDE
        for chosen in (np.isfinite(since) & (since < 0), since >= 0)
    )
    return int((before & after).sum())


def _just_before(untreated: _Cells) -> FloatArray:
    return (untreated.since >= FIRST_EVENT_WEEK).astype(np.float64)


def _untreated_authors(untreated: _Cells, weeks: int) -> IntArray:
    pairs = np.unique(np.column_stack([untreated.weeks, untreated.authors]), axis=0)
    return np.bincount(pairs[:, 0], minlength=weeks)


def _event_weeks(cells: _Cells, foretold: FloatArray, used: BoolArray) -> list[EventWeek]:
    """Return what was seen over what is foretold by weeks since the beginning, of at least 3 authors each."""
    found = []
    for week in range(FIRST_EVENT_WEEK, LAST_EVENT_WEEK + 1):
        rows = used & (cells.since == week)
        people, expected = len(np.unique(cells.authors[rows])), float(foretold[rows].sum())
        if people >= FEWEST_UNTREATED:
            ratio = float(cells.counts[rows].sum()) / expected if expected > LEAST else None
            found.append(EventWeek(week, ratio, people))
    return found
