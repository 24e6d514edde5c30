"""What an organisation's report says of assisted work, and of those who began with it: over repositories, nobody named.

No sentence says that the assistant was the cause.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prodlens.rendering import formatting
from prodlens.rendering.document import Section, Table
from prodlens.rendering.wording import counted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_HAZARD = "hazard_ratio"
_GROUPS = (
    ("began", "began in that time"),
    ("not_begun", "had no calls"),
    ("always", "had begun before, or where nobody can tell"),
    ("sporadic", "had no two weeks in a row with calls"),
)


def comparison_section(found: Mapping[str, Any]) -> Section:
    """Return what the comparison says, in the words of how sure it is."""
    title = "Assisted and other pull requests of the same people"
    if found["ratio"] is None:
        return Section("comparison", title, (f"Not enough to compare: {found['reason']}.",))
    low, high = found["interval"]["low"], found["interval"]["high"]
    bounds = f"{formatting.optional(low, formatting.factor)} to {formatting.optional(high, formatting.factor)}"
    is_rate = found["measure"] == _HAZARD
    if not found["verdict"] or low is None or high is None or low <= 1 <= high:
        unit = "rate of merging" if is_rate else "time"
        detectable = formatting.optional(found["minimum_detectable"], formatting.ratio)
        sentences: tuple[str, ...] = (
            f"These data cannot tell: anything from {bounds} times the {unit} fits, at the same size.",
            f"A difference of {detectable} would have been needed.",
        )
    else:
        sentences = (_difference(found, bounds, is_rate=is_rate), *_unseen(found))
    return Section("comparison", title, (*sentences, _basis(found), *_beside(found)))


def _difference(found: Mapping[str, Any], bounds: str, *, is_rate: bool) -> str:
    ratio = formatting.optional(found["ratio"], formatting.ratio)
    if is_rate:
        return (
            f"At any time, assisted pull requests of the same authors were merged at {ratio} the rate ({bounds}), "
            "at the same size."
        )
    return f"Assisted pull requests of the same authors were merged in {ratio} the time ({bounds}), at the same size."


def _unseen(found: Mapping[str, Any]) -> Iterator[str]:
    if found["robustness_value"] is not None:
        robust = formatting.percent(found["robustness_value"])
        yield f"Authors chose when: an unseen property that explains {robust} of both choice and time would explain it."


def _basis(found: Mapping[str, Any]) -> str:
    kinds = f"{counted(found['assisted'], 'assisted pull request')} and {counted(found['other'], 'other', 'others')}"
    return f"{kinds}, opened since {found['since']}; {counted(found['authors'], 'author')} with both kinds."


def _beside(found: Mapping[str, Any]) -> Iterator[str]:
    """Yield what stands beside the time: those still open, the other model, and those closed without a merge."""
    if found["share_open"]:
        share = formatting.percent(found["share_open"])
        yield f"{share} were still open when they were last read, and count as not merged until then."
    check = found["check"]
    if check is not None and (bounds := formatting.interval(check["interval"], formatting.factor)):
        what = "rate of merging, open ones counted" if check["measure"] == _HAZARD else "time, merged ones alone"
        yield f"In another way: {bounds} times the {what}."
    closed = found["closed_unmerged"]
    if closed is not None and (bounds := formatting.points_interval(closed["interval"])):
        shares = [formatting.optional(closed[kind], formatting.percent, "few") for kind in ("assisted", "other")]
        yield (
            f"Closed without a merge: {shares[0]} of assisted ones and {shares[1]} of others; within authors "
            f"{formatting.points(closed['difference'])} ({bounds})."
        )


def beginning_section(found: Mapping[str, Any]) -> Section:
    """Return how merged pull requests a week changed after people began."""
    sentences = (*_who(found), *_change(found))
    rows = tuple(
        (str(row["week"]), formatting.ratio(row["ratio"])) for row in found["by_week"] if row["ratio"] is not None
    )
    table = Table(("Week since the beginning", "Merged, of what is foretold"), rows, "rr") if rows else None
    after = ("Foretold by the weeks before, and by people of the same repository who had not begun yet.",)
    return Section(
        "beginning", "After people began with an assistant", sentences, table=table, after=after * bool(rows)
    )


def _who(found: Mapping[str, Any]) -> Iterator[str]:
    told = [f"{formatting.count(found[name])} {words}" for name, words in _GROUPS if found[name]]
    if told:
        weeks = f"In {counted(found['weeks'], 'week')} from {found['since']}"
        yield f"{weeks}, of those who open pull requests where calls are received: {', '.join(told)}."


def _change(found: Mapping[str, Any]) -> Iterator[str]:
    verdict, bounds = found["verdict"], formatting.interval(found["interval"], formatting.factor)
    if verdict == "too_few":
        yield f"Not enough to say what changed: {found['reason']}."
    elif verdict == "already_changing":
        yield "Those who started were already changing; no figure is given."
    else:
        p_value = f"p {formatting.equal(found['p_value'])} by exchanging the dates within repositories"
        judged = "which other dates would give as well" if verdict == "cannot_answer" else "which is rarely chance"
        yield (
            f"They then merged {formatting.ratio(found['ratio'])} as many pull requests a week as those who had not "
            f"begun would let expect{f' (95% CI {bounds})' if bounds else ''}, {judged} ({p_value})."
        )
        if found["minimum_detectable"] is not None:
            yield f"A change of {formatting.ratio(found['minimum_detectable'])} would usually have been seen."
        if found["ratio_without_absences"] is not None:
            without = formatting.ratio(found["ratio_without_absences"])
            yield f"Without the weeks in which a person was not seen at all: {without}."
