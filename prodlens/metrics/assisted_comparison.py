"""Assisted and other pull requests of the same people: time to merge first, then what it may have cost in quality."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from prodlens.metrics.assisted_work import ASSISTED, OTHER
from prodlens.metrics.estimates import interval
from prodlens.statistics.estimates import FloatArray, Interval
from prodlens.statistics.matched_pairs import matched_pairs
from prodlens.statistics.multiplicity import adjust_family
from prodlens.statistics.stratified_cox import stratified_cox
from prodlens.statistics.unseen_cause import e_value, e_value_of_bound, risk_ratio_of_hazards, robustness
from prodlens.statistics.within_author import Contrast, nothing, within_author_contrast, yardstick

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from collections.abc import Set as AbstractSet

    from prodlens.metrics.assisted_work import Work

FEWEST_AUTHORS, FEWEST_OF_A_KIND = 3, 20
AUTHORS_FOR_A_VERDICT, EFFECTIVE_AUTHORS_FOR_A_VERDICT = 8, 5.0
MOST_OPEN = 0.05
NO_LARGE_DIFFERENCE = (0.8, 1.25)
FEWEST_EVENTS = 5
TOO_FEW = "fewer than 3 authors with both kinds, or fewer than 20 pull requests of a kind of theirs"
TOO_FEW_EVENTS = "fewer than 5 that did, or fewer than 5 that did not"
_LARGEST_LOG = 300.0


@dataclass(frozen=True, slots=True)
class Sample:
    """Pull requests as arrays: the kind, what is held fixed, and what the outcome is taken from."""

    work: Sequence[Work]
    assisted: FloatArray
    authors: list[str]
    weeks: list[Any]
    covariates: FloatArray

    def contrast(self, outcome: FloatArray, *, sized: bool = True) -> Contrast:
        """Return the contrast of an outcome, with size among what is held fixed or without."""
        covariates = self.covariates if sized else self.covariates[:, 2:]
        return within_author_contrast(outcome, self.assisted, self.authors, self.weeks, covariates)

    def of_both(self) -> Sample:
        """Return the pull requests of the authors that have both kinds."""
        kinds: dict[str, set[float]] = {}
        for author, kind in zip(self.authors, self.assisted, strict=True):
            kinds.setdefault(author, set()).add(kind)
        return self.rows([at for at, author in enumerate(self.authors) if len(kinds[author]) > 1])

    @property
    def counts(self) -> dict[str, int]:
        """How many are assisted, and how many are not."""
        assisted = int(self.assisted.sum())
        return {"assisted": assisted, "other": len(self.work) - assisted}

    @property
    def is_too_small(self) -> bool:
        """Whether too few authors have both kinds, or these have too few pull requests of one kind."""
        both = self.of_both()
        return len(set(both.authors)) < FEWEST_AUTHORS or min(both.counts.values()) < FEWEST_OF_A_KIND

    def where(self, wanted: Callable[[Work], bool]) -> Sample:
        """Return some of the pull requests."""
        return self.rows([at for at, one in enumerate(self.work) if wanted(one)])

    def rows(self, rows: list[int]) -> Sample:
        """Return some of the pull requests by their places."""
        return Sample(
            [self.work[at] for at in rows],
            self.assisted[rows],
            [self.authors[at] for at in rows],
            [self.weeks[at] for at in rows],
            self.covariates[rows],
        )


def sample_of(work: Iterable[Work], assisted: AbstractSet[str] = ASSISTED) -> Sample:
    """Return the pull requests of known kind and size as arrays."""
    return as_arrays((one, one.level != OTHER) for one in work if one.level in assisted | {OTHER})


def as_arrays(work: Iterable[tuple[Work, bool]]) -> Sample:
    """Return pull requests with the kind of each as arrays, those of unknown size left out."""
    known = [(one, kind) for one, kind in work if one.size is not None]
    covariates = [
        (math.log1p(one.size or 0), math.log(max(one.files or 1, 1)), bool(one.draft), one.draft is None)
        for one, _ in known
    ]
    return Sample(
        [one for one, _ in known],
        np.array([float(kind) for _, kind in known]),
        [one.author for one, _ in known],
        [one.week for one, _ in known],
        np.array(covariates, dtype=np.float64).reshape(len(known), 4),
    )


def comparison(sample: Sample) -> dict[str, Any]:
    """Return how long assisted pull requests took to merge against the author's others, and how sure that is.

    If 5 % or more are open, the answer is that of Cox's model, which counts them; else it is that of log hours.
    """
    timed, followed = sample.where(lambda one: one.merged), sample.where(lambda one: one.hours is not None)
    people = sample.of_both()
    share_open = sum(one.open for one in followed.work) / len(followed.work) if followed.work else 0.0
    base = {
        "authors": len(set(people.authors)),
        "all_authors": len(set(sample.authors)),
        **people.counts,
        "share_open": share_open,
    }
    if sample.is_too_small:
        return {**base, **_withheld(TOO_FEW)}
    by_hours = timed.contrast(log_hours(timed))
    by_hazard = _cox(followed)
    censored = share_open >= MOST_OPEN
    head, check = (by_hazard, by_hours) if censored else (by_hours, by_hazard)
    if head.interval is None:
        return {**base, **_withheld(head.reason or TOO_FEW)}
    plain = timed.contrast(log_hours(timed), sized=False)
    return {
        **base,
        "measure": "hazard_ratio" if censored else "time_ratio",
        "verdict": verdict(head, hazard=censored),
        "reason": None,
        **ratio_of(head),
        "p_value": head.p,
        "effective_authors": head.effective_authors,
        "minimum_detectable": exponential(head.detectable),
        "check": {"measure": "time_ratio" if censored else "hazard_ratio", **ratio_of(check)},
        "without_size": ratio_of(plain),
        "size_ratio": ratio_of(sample.contrast(sample.covariates[:, 0], sized=False)),
        "unseen_cause": _unseen_cause(timed, by_hours, head, hazard=censored),
        "matched_pairs": _pairs(timed),
        "previous_pull_request": ratio_of(_previous(timed)),
    }


def _withheld(reason: str) -> dict[str, Any]:
    names = (
        "measure",
        "ratio",
        "interval",
        "p_value",
        "effective_authors",
        "minimum_detectable",
        "check",
        "without_size",
    )
    more = ("one_author_decides", "size_ratio", "unseen_cause", "matched_pairs", "previous_pull_request")
    return {"verdict": "too_few", "reason": reason, **dict.fromkeys((*names, *more))}


def verdict(found: Contrast, *, hazard: bool = False) -> str:
    """Return ``sooner``, ``later``, ``no_large_difference``, ``cannot_answer`` or ``not_enough``.

    ``not_enough`` stands for an estimate and its interval without a verdict: fewer than 8 authors with both kinds, or
    an effective number below 5. A hazard ratio above 1 is sooner.
    """
    bounds = _bounds(found)
    if (
        bounds is None
        or found.authors < AUTHORS_FOR_A_VERDICT
        or found.effective_authors < EFFECTIVE_AUTHORS_FOR_A_VERDICT
    ):
        return "not_enough"
    low, high = bounds
    if low <= 1 <= high:
        narrow = NO_LARGE_DIFFERENCE[0] <= low and high <= NO_LARGE_DIFFERENCE[1]
        return "no_large_difference" if narrow else "cannot_answer"
    return "sooner" if (low > 1) is hazard else "later"


def by_level(work: Sequence[Work], levels: Iterable[tuple[str, AbstractSet[str]]]) -> list[dict[str, Any]]:
    """Return the contrast of hours to merge by kind of evidence, each against the same other pull requests."""
    rows = []
    for name, assisted in levels:
        timed = sample_of((one for one in work if one.merged), assisted)
        count = sum(one.level in assisted for one in work)
        found = _gated(timed, log_hours(timed), sized=True)
        rows.append({"evidence": name, "assisted": count, **ratio_of(found)})
    return rows


def outcomes(sample: Sample, *, sized: bool = True) -> list[dict[str, Any]]:
    """Return the other outcomes by the same model, a family of exploratory tests; with size held fixed or without."""
    declared: list[tuple[str, str, Callable[[Work], float | None]]] = [
        ("review_hours", "ratio", lambda one: one.review_hours),
        ("reworked", "points", lambda one: one.reworked),
        ("reverted", "points", lambda one: one.reverted),
        ("closed_unmerged", "points", lambda one: None if one.open else not one.merged),
        ("review_rounds", "difference", lambda one: one.rounds),
    ]
    rows = [_outcome(name, scale, sample, value, sized=sized) for name, scale, value in declared]
    adjusted = adjust_family([row["p_value"] for row in rows]).q
    return [{**row, "q": q} for row, q in zip(rows, adjusted, strict=True)]


def _outcome(
    name: str, scale: str, everything: Sample, value: Callable[[Work], float | None], *, sized: bool
) -> dict[str, Any]:
    """Return one outcome: what each kind has, over authors with both, and the difference within authors."""
    sample = everything.where(lambda one: value(one) is not None)
    values = np.array([float(value(one) or 0.0) for one in sample.work])
    found = _gated(sample, np.log(values) if scale == "ratio" else values, sized=sized)
    if scale == "points" and min(values.sum(), len(values) - values.sum()) < FEWEST_EVENTS:
        found = nothing(TOO_FEW_EVENTS)
    shown = found.error is not None
    both = sample.of_both()
    kinds = {
        kind: [float(value(one) or 0.0) for one, mark in zip(both.work, both.assisted, strict=True) if mark == wanted]
        for kind, wanted in (("assisted", 1.0), ("other", 0.0))
    }
    typical = np.median if scale == "ratio" else np.mean
    return {
        "outcome": name,
        "scale": scale,
        **{
            kind: {"n": len(known), "value": float(typical(known)) if shown and known else None}
            for kind, known in kinds.items()
        },
        **_estimate(found, as_ratio=scale == "ratio"),
        "p_value": found.p,
        "reason": found.reason,
    }


def _gated(sample: Sample, outcome: FloatArray, *, sized: bool) -> Contrast:
    """Return the contrast where enough people and pull requests stand behind it."""
    return nothing(TOO_FEW) if sample.is_too_small else sample.contrast(outcome, sized=sized)


def log_hours(sample: Sample) -> FloatArray:
    """Return the log hours to merge."""
    return np.array([math.log(one.hours or 1.0) for one in sample.work])


def _cox(sample: Sample) -> Contrast:
    hours = np.array([one.hours or 0.0 for one in sample.work])
    merged = np.array([one.merged for one in sample.work], dtype=np.bool_)
    return stratified_cox(hours, merged, sample.assisted, sample.authors, sample.weeks, sample.covariates)


def _previous(sample: Sample) -> Contrast:
    """Return the contrast of how long the author's previous pull request took: a placebo, as it cannot be changed."""
    last: dict[str, float] = {}
    before: dict[int, float] = {}
    for one in sorted(sample.work, key=lambda one: one.opened_at):
        if one.author in last:
            before[id(one)] = last[one.author]
        last[one.author] = math.log(one.hours or 1.0)
    kept = sample.where(lambda one: id(one) in before)
    return kept.contrast(np.array([before[id(one)] for one in kept.work]))


def _unseen_cause(timed: Sample, by_hours: Contrast, head: Contrast, *, hazard: bool) -> dict[str, Any]:
    """Return how strong an unseen cause would have to be, with size as yardstick."""
    size = yardstick(log_hours(timed), timed.assisted, timed.authors, timed.weeks, timed.covariates, (0, 1))
    strength = None if size is None else robustness(by_hours.partial_r2, size.of_choice, size.of_outcome)
    bounds, ratio = _bounds(head), exponential(head.beta)
    shown = None not in (bounds, ratio) and not head.one_author_decides
    as_risk = risk_ratio_of_hazards if hazard else float
    return {
        "robustness_value": None if strength is None else strength.value,
        "size_of_choice": None if size is None else size.of_choice,
        "size_of_outcome": None if size is None else size.of_outcome,
        "times_size": None if strength is None else strength.times_yardstick,
        "e_value": e_value(as_risk(ratio)) if shown and ratio is not None else None,
        "e_value_of_bound": e_value_of_bound(*map(as_risk, bounds)) if bounds is not None else None,
    }


def _pairs(timed: Sample) -> dict[str, Any]:
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    days = np.array([(one.opened_at - epoch).total_seconds() / 86_400 for one in timed.work])
    found = matched_pairs(log_hours(timed), timed.assisted, timed.authors, timed.covariates[:, 0], days)
    return {
        "pairs": found.pairs,
        "ratio": exponential(found.median_difference),
        "p_value": found.p,
        "gamma": found.gamma,
    }


def ratio_of(found: Contrast) -> dict[str, Any]:
    """Return ratio and interval; the ratio is None if its sign hangs on one author."""
    return {"ratio" if name == "estimate" else name: value for name, value in _estimate(found, as_ratio=True).items()}


def _estimate(found: Contrast, *, as_ratio: bool) -> dict[str, Any]:
    ends = found.interval
    bounds = _bounds(found) if as_ratio else None if ends is None else (ends.low, ends.high)
    estimate = exponential(found.beta) if as_ratio else found.beta
    return {
        "estimate": None if found.one_author_decides or found.error is None else estimate,
        "interval": None if bounds is None else interval(Interval(*bounds)),
        "one_author_decides": found.one_author_decides,
    }


def _bounds(found: Contrast) -> tuple[float, float] | None:
    """Return the interval as factors, None where it has none or it leaves the range of numbers."""
    ends = found.interval
    low, high = (None, None) if ends is None else (exponential(ends.low), exponential(ends.high))
    return None if low is None or high is None else (low, high)


def exponential(value: float | None) -> float | None:
    """Return exp of a number, None where it leaves the range of numbers."""
    return None if value is None or abs(value) > _LARGEST_LOG else math.exp(value)
