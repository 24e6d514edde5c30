"""What changed after authors began with an assistant, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prodlens.rendering import formatting
from prodlens.rendering.wording import counted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_NEEDED = "6 who began, with 4 weeks before and after, and 3 others in each week"
_OUT_OF_REACH = (
    "One repository can rarely answer this: in a quarter, a team of 15 misses the 26% more that a trial with 4,867 "
    "developers found nine times in ten."
)


def adoption_sentences(found: Mapping[str, Any]) -> Iterator[str]:
    """Yield how merged pull requests a week changed after authors began; nothing where nobody did."""
    if not found["began"]:
        return
    who = f"{counted(found['began'], 'author')} of {formatting.count(found['authors'])} began to use an assistant"
    span = f"in {counted(found['weeks'], 'week')} from {found['first_week'] or 'the first call'}"
    bounds = formatting.interval(found["interval"], formatting.factor)
    if found["verdict"] == "too_few" or (found["ratio"] is None and found["verdict"] != "already_changing"):
        yield f"{who} {span}. Not enough to say what changed ({_NEEDED}). {_OUT_OF_REACH}"
    elif found["verdict"] == "already_changing":
        yield f"{who} {span}. Those who started were already changing; no figure is given."
    else:
        ratio = formatting.ratio(found["ratio"])
        interval = f" (95% CI {bounds})" if bounds else ""
        yield (
            f"{who} {span}. They then merged {ratio} as many pull requests a week as those who had not begun would "
            f"let expect{interval}, {_judged(found)}."
        )
        yield from _could_have_seen(found)


def _judged(found: Mapping[str, Any]) -> str:
    p_value = "" if found["p_value"] is None else f" (p {formatting.equal(found['p_value'])} by exchanging the dates)"
    if found["verdict"] == "cannot_answer":
        return f"which other dates would give as well{p_value}"
    return f"which other dates would rarely give{p_value}"


def _could_have_seen(found: Mapping[str, Any]) -> Iterator[str]:
    least = found["minimum_detectable"]
    if least is not None:
        yield f"A change of {formatting.ratio(least)} would usually have been seen. {_OUT_OF_REACH}"
    missing = found["ratio_without_absences"]
    if missing is not None:
        yield f"Without the weeks in which an author was not seen at all: {formatting.ratio(missing)}."
