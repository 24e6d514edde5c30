"""Assisted and other pull requests of the same people, in words: who is in, what is compared, how sure, at what price.

No sentence says that the assistant was the cause, and none stands without what an unseen cause would have to be.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prodlens.rendering import formatting
from prodlens.rendering.adoption_words import adoption_sentences
from prodlens.rendering.document import Section, Table
from prodlens.rendering.wording import counted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

TITLE = "Assisted and other pull requests of the same people"
_AUTHORS_NEEDED = 8
_FACTOR_OF_SIZE = 1.2
_EXCLUSIONS = {
    "bots": "by bots or by nobody known",
    "other_base": "into other branches",
    "under_a_minute": "open for less than a minute",
    "reverts": "taking others back",
    "calls_after_opening": "with calls after the opening alone",
}
_OUTCOMES = {
    "review_hours": "Time to first review",
    "reworked": "Reopened, or changes requested",
    "reverted": "Reverted within 14 days",
    "closed_unmerged": "Closed without a merge",
    "review_rounds": "Rounds of review",
}
_EVIDENCE = {
    "traced": "traced ones alone",
    "signed": "signed ones alone",
    "with_nearby_calls": "those with calls nearby counted as assisted",
}
_CHOICE = (
    "A pull request is assisted where traced calls belong to it and began before it was opened, or where it carries a "
    "sign of AI. It counts as other only where calls of its author were being received in that week; the rest is "
    "unknown and takes no part. A label that is wrong at times draws every difference towards none."
)


def assisted_section(report: Mapping[str, Any]) -> Section | None:
    """Return the comparison; None where no pull request is assisted and nobody was seen to begin."""
    found = report["assisted_pull_requests"]
    if not found["pull_requests"]["assisted"] and not found["adoption"]["began"]:
        return None
    after = (*_unseen_cause(found), *_sensitivity(found), *adoption_sentences(found["adoption"]), _CHOICE)
    return Section(
        "assisted",
        TITLE,
        (*_who(found), *verdict_sentences(found)),
        table=_outcome_table(found["outcomes"]),
        after=after,
    )


def short_sentence(report: Mapping[str, Any]) -> str | None:
    """Return the one sentence for those in a hurry; None where there is no verdict."""
    found = report["assisted_pull_requests"]
    verdict = found["comparison"]["verdict"]
    if verdict == "no_large_difference":
        return next(iter(verdict_sentences(found)), None)
    if verdict in {"sooner", "later"} and found["comparison"]["interval"]:
        return f"{_difference(found)}. Authors chose when to use the assistant."
    return None


def _who(found: Mapping[str, Any]) -> Iterator[str]:
    pulls, authors = found["pull_requests"], found["comparison"]
    parts = [f"{formatting.count(pulls['assisted'])} assisted", f"{formatting.count(pulls['other'])} other"]
    if pulls["nearby"]:
        parts.append(f"{formatting.count(pulls['nearby'])} with calls nearby that name no branch")
    parts.append(f"{formatting.count(pulls['unknown'])} unknown")
    yield f"{counted(pulls['opened'], 'pull request')} opened {_period(found)}: {', '.join(parts)}."
    left_out = [f"{formatting.count(n)} {_EXCLUSIONS[name]}" for name, n in pulls["excluded"].items() if n]
    if left_out:
        yield f"Left out: {', '.join(left_out)}."
    yield (
        f"{formatting.count(authors['authors'])} of {counted(authors['all_authors'], 'author')} have both kinds. "
        "Compared are pull requests of one author, opened in the same week, at the same size."
    )


def verdict_sentences(found: Mapping[str, Any]) -> Iterator[str]:
    """Yield what the comparison of the time to merge comes to, in the words of its verdict."""
    compared = found["comparison"]
    bounds = _bounds(compared["interval"])
    verdict, unit = compared["verdict"], _unit(compared)
    if verdict == "too_few" or bounds is None:
        yield (
            f"{formatting.count(compared['authors'])} of {counted(compared['all_authors'], 'author')} have both kinds, "
            f"{formatting.count(compared['assisted'])} assisted and {formatting.count(compared['other'])} other pull "
            f"requests. Not enough to compare ({_AUTHORS_NEEDED} authors needed for a verdict)."
        )
    elif verdict == "not_enough":
        yield (
            f"Between {_and(bounds)} times the {unit} of the others, {_period(found)}: too few authors for a verdict "
            f"({_AUTHORS_NEEDED} needed)."
        )
    elif verdict == "cannot_answer":
        yield (
            f"These data cannot answer it: anything from {bounds} times the {unit} fits, {_period(found)}. "
            f"{_detectable(compared)}"
        )
    elif verdict == "no_large_difference":
        yield f"No large difference: between {_and(bounds)} times the {unit} of the others, {_period(found)}."
    else:
        yield f"{_difference(found)}{_quality(found)}. {_telling(compared)}"
    yield from _plain_difference(compared)


def _difference(found: Mapping[str, Any]) -> str:
    compared = found["comparison"]
    ratio = formatting.optional(compared["ratio"], formatting.factor, "an unknown number of")
    return (
        f"Assisted pull requests of the same authors were merged in {ratio} times the time "
        if compared["measure"] != "hazard_ratio"
        else f"At any time, assisted pull requests of the same authors were merged at {ratio} times the rate "
    ) + (
        f"({_bounds(compared['interval'])}; {formatting.count(compared['assisted'])} and "
        f"{formatting.count(compared['other'])} pull requests of {counted(compared['authors'], 'author')}, "
        f"{_period(found)}), at the same size"
    )


def _telling(compared: Mapping[str, Any]) -> str:
    times = (compared["unseen_cause"] or {}).get("times_size")
    chose = "Authors chose when to use the assistant; "
    if times is None:
        return f"{chose}size is too weak a yardstick for what else may differ in the work."
    return f"{chose}a difference in the work as telling as size, {times:.1f} times over, would explain it."


def _detectable(compared: Mapping[str, Any]) -> str:
    least = compared["minimum_detectable"]
    if least is None:
        return "What would have been needed cannot be told."
    inverse = formatting.factor(1 / least) if least else ""
    return f"A difference of {formatting.ratio(least)} (or {inverse}) would have been needed."


def _plain_difference(compared: Mapping[str, Any]) -> Iterator[str]:
    """Yield that size makes most of the plain difference, where it does."""
    without, size, ratio = compared["without_size"], compared["size_ratio"], compared["ratio"]
    plain = (without or {}).get("ratio")
    larger = (size or {}).get("ratio")
    if compared["measure"] != "time_ratio" or not plain or not ratio or not larger:
        return
    farther = max(plain, 1 / plain) > max(ratio, 1 / ratio)
    if farther and max(plain / ratio, ratio / plain) > _FACTOR_OF_SIZE:
        word = "larger" if larger > 1 else "smaller"
        yield f"Most of the plain difference ({formatting.ratio(plain)}) is that assisted pull requests are {word}."


def _quality(found: Mapping[str, Any]) -> str:
    """Return the quality outcome that is to stand in the sentence about time, where it is known."""
    row = next((row for row in found["outcomes"] if row["outcome"] == "reworked"), None)
    if row is None or row["assisted"]["value"] is None or row["other"]["value"] is None:
        return ""
    assisted, other = (formatting.percent(row[kind]["value"]) for kind in ("assisted", "other"))
    sooner = found["comparison"]["verdict"] == "sooner"
    against = (row["assisted"]["value"] > row["other"]["value"]) is sooner
    return f", {'but' if against and assisted != other else 'and'} were reworked {assisted} against {other}"


def _unseen_cause(found: Mapping[str, Any]) -> Iterator[str]:
    """Yield how strong an unseen cause would have to be, beside what size explains, where there is a difference."""
    cause = found["comparison"]["unseen_cause"]
    if cause is None or found["comparison"]["verdict"] not in {"sooner", "later"}:
        return
    if cause["robustness_value"] is not None and cause["size_of_choice"] is not None:
        yield (
            f"An unseen property of the work that explains {formatting.percent(cause['robustness_value'])} of what is "
            "left of both the choice of the assistant and the time would be enough to explain this away. Size "
            f"explains {formatting.percent(cause['size_of_choice'])} of the choice and "
            f"{formatting.optional(cause['size_of_outcome'], formatting.percent, 'an unknown part')} of the time. "
            "Size is that of the merge, which the assistant may itself have changed."
        )
    if cause["e_value"] is not None and cause["e_value_of_bound"] is not None:
        yield (
            f"As a ratio, it would have to be {formatting.factor(cause['e_value'])} with both "
            f"({formatting.factor(cause['e_value_of_bound'])} for the nearer end of the interval)."
        )


def _sensitivity(found: Mapping[str, Any]) -> Iterator[str]:
    """Yield the same comparison done in other ways."""
    compared = found["comparison"]
    ways = []
    if compared["check"] is not None and (bounds := _bounds(compared["check"]["interval"])):
        what = (
            "rate of merging, open ones counted"
            if compared["check"]["measure"] == "hazard_ratio"
            else "time, merged ones alone"
        )
        ways.append(f"{bounds} times the {what}")
    pairs = compared["matched_pairs"]
    if pairs is not None and pairs["ratio"] is not None:
        ways.append(
            f"{formatting.ratio(pairs['ratio'])} the time in {counted(pairs['pairs'], 'pair')} of like size"
            + (f" (p {formatting.equal(pairs['p_value'])})" if pairs["p_value"] is not None else "")
        )
    ways += [
        f"{bounds} times with {_EVIDENCE[row['evidence']]}"
        for row in found["by_evidence"]
        if row["evidence"] in _EVIDENCE and (bounds := _bounds(row["interval"])) and _adds(row, found)
    ]
    if ways:
        yield f"In other ways: {'; '.join(ways)}."
    before = compared["previous_pull_request"]
    if before is not None and (bounds := _bounds(before["interval"])):
        yield f"The pull request before, which cannot depend on it: {bounds} times; near 1 is as it should be."


def _adds(row: Mapping[str, Any], found: Mapping[str, Any]) -> bool:
    """Tell whether the evidence is another than that of the comparison itself."""
    return bool(row["assisted"] != found["pull_requests"]["assisted"])


def _outcome_table(outcomes: list[Mapping[str, Any]]) -> Table | None:
    rows = tuple(_outcome_row(row) for row in outcomes if row["interval"] is not None)
    return (
        Table(("Exploratory", "Assisted", "Other", "Within authors", "95% interval", "q"), rows, "lrrrrr")
        if rows
        else None
    )


def _outcome_row(row: Mapping[str, Any]) -> tuple[str, ...]:
    value, estimate, bounds = {
        "ratio": (formatting.hours, formatting.ratio, formatting.interval(row["interval"], formatting.factor)),
        "points": (formatting.percent, formatting.points, formatting.points_interval(row["interval"])),
        "difference": (
            formatting.number,
            formatting.correlation,
            formatting.interval(row["interval"], formatting.correlation),
        ),
    }[row["scale"]]
    return (
        _OUTCOMES[row["outcome"]],
        *(formatting.optional(row[kind]["value"], value, "") for kind in ("assisted", "other")),
        formatting.optional(row["estimate"], estimate, "one author decides"),
        bounds,
        formatting.optional(row["q"], formatting.probability, ""),
    )


def _unit(compared: Mapping[str, Any]) -> str:
    return "rate of merging" if compared["measure"] == "hazard_ratio" else "time to merge"


def _bounds(bounds: Mapping[str, Any] | None) -> str | None:
    return formatting.interval(bounds, formatting.factor) or None


def _and(bounds: str) -> str:
    return bounds.replace(" to ", " and ")


def _period(found: Mapping[str, Any]) -> str:
    """Return first and last day of the period; its end is the first moment that is not in it."""
    return f"from {found['period']['start'][:10]} to before {found['period']['end'][:10]}"
