"""What a report may say about its numbers: sentences chosen by the numbers, and words that never occur.

A sentence never claims a cause, never gives a p-value without its sample and interval, and says what could have been
found where nothing was.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from prodlens.statistics.sample_sizes import FEWEST_ACTIVE_DAYS, FEWEST_DAYS, SampleStrength, sample_strength

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

CAVEAT = (
    "These figures describe association in one repository. They do not show that assistant use caused any change. "
    "Busy days raise both use and output; releases, holidays and staffing are not controlled."
)

OVERSTATED = (
    "Exploratory: an association found in so few days is on average stronger than the true one; at 28 days, two to "
    "three times where the true one is moderate."
)

LARGEST_FALSE_DISCOVERY_RATE = 0.05
WIDEST_HALF_WIDTH = 0.3
# From here on a raw correlation is worth explaining away, and up to here an adjusted one is near 0.
LARGE_RAW_CORRELATION = 0.3
NEAR_ZERO_CORRELATION = 0.1

_FORBIDDEN = re.compile(
    r"\b(?:(?:in)?significan(?:t|tly|ce)|impact\w*|improv(?:e|es|ed|ing|ement|ements)|driv(?:e|es|en|ing|er|ers)|drove"
    r"|(?:lead|leads|led|leading)\s+to|boost\w*|prov(?:e|es|ed|en|ing)|(?:is|was|be|being)\s+chance)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LagFinding:
    """The association at one lag, as the report gives it.

    Attributes:
        lag: Days from usage to outcome.
        r: Adjusted correlation.
        low: Lower end of its 95 % interval; None without an interval.
        high: Upper end.
        q: Benjamini-Hochberg q-value in its family; None without one.
        q_by: Benjamini-Yekutieli q-value.
        raw_r: Correlation of the values as observed.
    """

    lag: int
    r: float
    low: float | None
    high: float | None
    q: float | None
    q_by: float | None
    raw_r: float | None

    @property
    def is_found(self) -> bool:
        """Whether its q-value is at most 0.05."""
        return self.q is not None and self.q <= LARGEST_FALSE_DISCOVERY_RATE


@dataclass(frozen=True, slots=True, kw_only=True)
class AssociationNumbers:
    """What the sentences on one usage series and one outcome are chosen by.

    Attributes:
        usage: Name of the usage series as it reads after "many": "model calls".
        outcome: Name of the outcome: "commits".
        days: Days on which both were observed.
        usage_days: Those with usage above zero.
        outcome_days: Those with an outcome above zero.
        tests: Size of the family that q accounts for.
        chosen: The lag that the report is asked for; None when it could not be computed.
        strongest: The lag with the smallest p; None when nothing could be computed.
        first_day: First of the days, as an ISO date; None without any.
        last_day: Last of them.
        critical_r: The |r| that one test of this outcome needs at these days.
        detectable_r: The |r| usually found (80 %) after correction for the tests.
        same_day_q: q-value of the same day, which a common cause of both would make small.
        strongest_placebo_r: Largest |r| over the lags at which the outcome comes first; None without.
        cycle_days: Length of the cycle that both series share; None without one.
        reason: Why nothing was found.
    """

    usage: str
    outcome: str
    days: int
    usage_days: int
    outcome_days: int
    tests: int
    chosen: LagFinding | None
    strongest: LagFinding | None
    first_day: str | None = None
    last_day: str | None = None
    critical_r: float | None = None
    detectable_r: float | None = None
    same_day_q: float | None = None
    strongest_placebo_r: float | None = None
    cycle_days: int | None = None
    reason: str | None = None

    @property
    def period(self) -> str:
        """How many days, and which: "84 days from 2026-04-06 to 2026-06-28"."""
        days = counted(self.days, "day")
        return f"{days} from {self.first_day} to {self.last_day}" if self.first_day and self.last_day else days


def association_sentences(numbers: AssociationNumbers) -> list[str]:
    """Return what may be said about one association, most important first; ``CAVEAT`` stands above all of them."""
    level = sample_strength(numbers.days, numbers.usage_days, numbers.outcome_days)
    if level == "none":
        return [
            f"Not enough data: {numbers.period} ({numbers.usage_days:,} with {numbers.usage}, {numbers.outcome_days:,} "
            f"with {numbers.outcome}). At least {FEWEST_DAYS} days are needed"
            + (f", {FEWEST_ACTIVE_DAYS} of them with each." if numbers.days >= FEWEST_DAYS else ".")
        ]
    if numbers.strongest is None:
        return [f"No association could be computed: {numbers.reason or 'the series hold too little'}."]
    return list(_statements(numbers, numbers.strongest, level))


def report_association_sentences(
    report: Mapping[str, Any], outcome: str = "commits", names: Mapping[str, str] | None = None
) -> list[str]:
    """Return what may be said about sessions and an outcome of the primary family of a report.

    Args:
        report: A report as ``prodlens/metrics/report.schema.json`` describes it.
        outcome: ``commits``, ``merged_pull_requests`` or ``reworked_pull_requests``.
        names: How the series read in a sentence, by their names in the report.
    """
    return association_sentences(association_numbers(report, outcome, names))


def association_numbers(
    report: Mapping[str, Any], outcome: str = "commits", names: Mapping[str, str] | None = None
) -> AssociationNumbers:
    """Read from a report what the sentences on sessions and one outcome of the primary family are chosen by."""
    adjustment, readable = report["multiple_comparison_adjustment"], names or {}
    tests, placebo = (
        [row for row in rows if (row["usage"], row["outcome"], row["method"]) == ("sessions", outcome, "spearman")]
        for rows in (report["associations"]["tests"], report["placebo"])
    )
    computed = [row for row in tests if row["r"] is not None and row["label"] in adjustment["adjusted"]]
    by_lag = {row["lag_days"]: _finding(row, adjustment) for row in computed}
    best = min(computed, key=lambda row: row["p_value"], default=None)
    about = next((row for row in report["associations"]["outcomes"] if row["outcome"] == outcome), None) or {}
    same_day = by_lag.get(0)
    days: dict[str, Any] = {name: about.get(name, 0) for name in ("days", "usage_days", "outcome_days")}
    days |= {name: about.get(name) for name in ("first_day", "last_day", "critical_r", "detectable_r")}
    return AssociationNumbers(
        usage=readable.get("sessions", "sessions"),
        outcome=readable.get(outcome, outcome.replace("_", " ")),
        tests=len(adjustment["adjusted"]),
        chosen=by_lag.get(report["ai_outcome_association"]["lag_days"]),
        strongest=None if best is None else by_lag[best["lag_days"]],
        same_day_q=None if same_day is None else same_day.q,
        strongest_placebo_r=max((abs(row["r"]) for row in placebo if row["r"] is not None), default=None),
        cycle_days=about.get("shared_cycle_days"),
        reason=next((row["reason"] for row in tests if row["reason"]), None),
        **days,
    )


def _finding(row: Mapping[str, Any], adjustment: Mapping[str, Any]) -> LagFinding:
    bounds = row["interval"] or {"low": None, "high": None}
    return LagFinding(
        lag=row["lag_days"],
        r=row["r"],
        low=bounds["low"],
        high=bounds["high"],
        q=adjustment["adjusted"].get(row["label"]),
        q_by=adjustment.get("adjusted_by", {}).get(row["label"]),
        raw_r=row["raw_r"],
    )


def _statements(numbers: AssociationNumbers, strongest: LagFinding, level: SampleStrength) -> Iterator[str]:
    """Yield the finding at the chosen lag first, then the strongest one, then every reservation that applies."""
    chosen = numbers.chosen
    found = level != "descriptive" and (strongest.is_found or (chosen is not None and chosen.is_found))
    told = chosen if chosen is not None and (not found or chosen.is_found) else strongest
    if level == "descriptive":
        yield _descriptive(numbers)
        yield from _at_the_chosen_lag(chosen, level)
    elif not found:
        yield _not_found(numbers)
        yield from _at_the_chosen_lag(chosen, level)
        yield _not_no_effect(numbers)
    elif chosen is not None and chosen.is_found:
        yield _found(numbers, told)
    else:
        yield from _at_the_chosen_lag(chosen, level)
        yield _found(numbers, strongest)
    yield from _reservations(numbers, told, level, found=found)
    if chosen is not None and _explained_away(chosen):
        yield (
            f"The raw correlation {_with_lag(chosen.lag)} ({_signed(chosen.raw_r or 0.0)}) is mostly weekday pattern "
            "and trend."
        )


def _reservations(
    numbers: AssociationNumbers, finding: LagFinding, level: SampleStrength, *, found: bool
) -> Iterator[str]:
    if found and finding.q_by is not None and finding.q_by > LARGEST_FALSE_DISCOVERY_RATE:
        yield "Does not hold under the stricter adjustment."
    if level == "exploratory":
        yield OVERSTATED if found else "Exploratory: a moderate association would usually be missed."
    if finding.low is not None and finding.high is not None and finding.high - finding.low > 2 * WIDEST_HALF_WIDTH:
        yield f"Imprecise: compatible with anything from {_range(finding.low, finding.high)}."
    if numbers.cycle_days is not None:
        yield f"Both series repeat about every {numbers.cycle_days} days, as sprints do: treat as tentative."
    if not found:
        return
    if numbers.same_day_q is not None and numbers.same_day_q <= LARGEST_FALSE_DISCOVERY_RATE:
        yield "A common cause is likely: busy days raise both, and same-day figures cannot tell use from work."
    elif numbers.strongest_placebo_r is not None and numbers.strongest_placebo_r >= abs(finding.r):
        yield "As strong in the reverse direction: a common cause or reverse direction is likely."


def _descriptive(numbers: AssociationNumbers) -> str:
    if numbers.critical_r is None:
        return f"Descriptive only: {numbers.period} are too few to tell a correlation from chance."
    return (
        f"Descriptive only: with {numbers.period}, only a correlation beyond about ±{numbers.critical_r:.2f} could "
        "be told from chance."
    )


def _at_the_chosen_lag(chosen: LagFinding | None, level: SampleStrength) -> Iterator[str]:
    if chosen is not None:
        q = None if level == "descriptive" else chosen.q
        yield f"{_sentence_start(_with_lag(chosen.lag))}: {_estimate(chosen, q)}."


def _found(numbers: AssociationNumbers, finding: LagFinding) -> str:
    amount = "many" if finding.r > 0 else "few"
    when = "to be days of" if finding.lag == 0 else f"to be followed {counted(finding.lag, 'day')} later by"
    return (
        f"Days with unusually many {numbers.usage} tended {when} unusually {amount} {numbers.outcome} "
        f"({_estimate(finding, finding.q)}, {counted(numbers.tests, 'test')}, {numbers.period}). Association only."
    )


def _not_found(numbers: AssociationNumbers) -> str:
    return (
        f"No association distinguishable from chance at any lag tested ({counted(numbers.tests, 'test')}, "
        f"{numbers.period})."
    )


def _not_no_effect(numbers: AssociationNumbers) -> str:
    if numbers.detectable_r is None:
        return "This is not evidence of no effect."
    return f"This is not evidence of no effect: |r| below {numbers.detectable_r:.2f} would usually be missed."


def _with_lag(lag: int) -> str:
    return "on the same day" if lag == 0 else f"at the lag of {counted(lag, 'day')}"


def _estimate(finding: LagFinding, q: float | None) -> str:
    interval = "" if finding.low is None or finding.high is None else f", 95% CI {_range(finding.low, finding.high)}"
    return f"r = {_signed(finding.r)}{interval}" + ("" if q is None else f", {_q(q)}")


def _explained_away(finding: LagFinding) -> bool:
    if finding.raw_r is None:
        return False
    return abs(finding.raw_r) >= LARGE_RAW_CORRELATION and abs(finding.r) <= NEAR_ZERO_CORRELATION


def target_sentence(verdict: Literal["below", "inside", "above"] | None, target: float) -> str:
    """Say where the interval of a share lies against its target (0 to 1)."""
    if verdict is None:
        return f"No interval to hold against the target of {target:.0%}."
    if verdict == "inside":
        return f"Compatible with the target of {target:.0%}: it lies inside the interval."
    return f"The whole interval lies {verdict} the target of {target:.0%}."


class WeekChange(NamedTuple):
    """What a week's total was and what that of the week before, with its unit.

    ``interval`` is the 95 % interval of the later over the earlier; None below the sample that a verdict needs. ``q``
    is the q-value in the family of the period comparisons; None without.
    """

    name: str
    before: str
    after: str
    interval: tuple[float, float] | None
    q: float | None


def week_sentences(week: str, changes: Sequence[WeekChange]) -> Iterator[str]:
    """Yield how the week from a Monday compares with the one before, and then what is out of the ordinary in it."""
    if not changes:
        return
    listed = ", ".join(f"{_in_sentence(one.name)} {one.after} after {one.before}{_ratio(one)}" for one in changes)
    yield f"In the week from {week} against the one before: {listed}."
    judged = {one.name: one.q for one in changes if one.interval is not None and one.q is not None}
    beyond = {name: q for name, q in judged.items() if q <= LARGEST_FALSE_DISCOVERY_RATE}
    usual = "the usual ups and downs of this repository"
    if beyond:
        yield f"Beyond {usual}: {', '.join(f'{_in_sentence(name)} ({_q(q)})' for name, q in beyond.items())}."
    elif judged:
        who = "All" if len(judged) == len(changes) else "Those with an interval"
        yield f"{who} are within {usual} (smallest {_q(min(judged.values()))})."
    elif all(one.interval is None for one in changes):
        yield f"There is too little history to tell a change from {usual}."


def _ratio(change: WeekChange) -> str:
    """Return the interval of the ratio in brackets; nothing without one."""
    if change.interval is None:
        return ""
    low, high = change.interval
    return f" (95% CI of the ratio {low:.2g} to {high:.2g})"


def _in_sentence(name: str) -> str:
    return name[:1].lower() + name[1:]


def merge_time_sentence(median: float | None, low: float | None, high: float | None, merged: int, opened: int) -> str:
    """Say how long pull requests opened in the window took to merge, those still open included (hours)."""
    sample = f"{merged} of {opened} pull requests merged"
    if median is None:
        return f"Median time to merge not reached or too few merges ({sample})."
    bounds = f"{hours(low) if low is not None else 'open'} to {hours(high) if high is not None else 'open'}"
    return f"Half of the pull requests were merged within {hours(median)} (95% CI {bounds}; {sample})."


def ratio_sentence(ratio: float | None, low: float | None, high: float | None) -> str:
    """Say how long a typical merge took against the period before."""
    if ratio is None:
        return "Too few merges to compare how long they took."
    interval = "" if low is None or high is None else f" (95% CI {low:.2g} to {high:.2g} times)"
    return f"A typical pull request took {ratio:.2g} times as long as before{interval}."


def counted(number: float, noun: str, plural: str = "") -> str:
    """Return a count with its noun: "1 day", "1,200 days"."""
    return f"{number:,.0f} {noun if number == 1 else plural or noun + 's'}"


def hours(value: float) -> str:
    """Return a duration in hours as a reader says it: minutes below an hour, days from two on."""
    if value < 1:
        return f"{value * 60:.0f} min"
    return f"{value:.1f} h" if value < 48 else f"{value / 24:.1f} days"  # noqa: PLR2004 - two days in hours


def probability(value: float) -> str:
    """Return a p- or q-value with three decimals, and "< 0.001" instead of 0.000."""
    return "< 0.001" if value < 0.0005 else f"{value:.3f}"  # noqa: PLR2004 - what three decimals round to 0


def forbidden_words(text: str) -> list[str]:
    """Return every word in a text that claims more than numbers like these can, in the order of their appearance.

    For tests over everything that is rendered: names and titles that come from data are not the report's words.
    """
    return [match.group(0) for match in _FORBIDDEN.finditer(text)]


def _q(value: float) -> str:
    text = probability(value)
    return f"q {text}" if text.startswith("<") else f"q = {text}"


def _signed(value: float) -> str:
    return f"{value:+.2f}"


def _range(low: float, high: float) -> str:
    return f"{_signed(low)} to {_signed(high)}"


def _sentence_start(text: str) -> str:
    return text[:1].upper() + text[1:]
