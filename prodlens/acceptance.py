"""What became of a call's suggestion, from the decisions on the tool uses that it proposed.

Only a person's decision counts. One call can propose several uses, decided one by one: it is rejected as soon as a
person rejected any of them, because the answer as a whole was not taken; it is accepted when a person accepted at
least one and rejected none; what was only decided by configuration, hooks or modes is ``automatic`` and unknown.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeVar

from prodlens.trace_formats.base import ACCEPT, AUTOMATIC, REJECT

if TYPE_CHECKING:
    from collections.abc import Iterable

    from prodlens.trace_formats.base import Decision


class Acceptance(NamedTuple):
    """The acceptance fields of a ``CanonicalTrace``, in its names."""

    acceptance_known: bool
    accepted_flag: bool
    decision: str | None
    accepted_lines: int | None
    diff_ratio: float | None


UNKNOWN = Acceptance(acceptance_known=False, accepted_flag=False, decision=None, accepted_lines=None, diff_ratio=None)


def fold(decisions: Iterable[Decision]) -> Acceptance:
    """Fold every decision on one call's tool uses into the call's acceptance; their order does not matter.

    Two records of one decision (a log and a transcript) count once: a person's verdict wins over an automatic one,
    a rejection over an acceptance, and lines and ratio are taken from whichever record has them (the larger, if both).
    Lines and ratio are of the uses that a person accepted: lines are summed, the ratio is the mean of those known.
    """
    uses: dict[str, tuple[str, int | None, float | None]] = {}
    for decision in decisions:
        verdict, lines, ratio = uses.get(decision.tool_use_id, (AUTOMATIC, None, None))
        uses[decision.tool_use_id] = (
            max(verdict, decision.verdict, key=_WEIGHT.__getitem__),
            _larger(lines, decision.accepted_lines),
            _larger(ratio, decision.diff_ratio),
        )
    if not uses:
        return UNKNOWN
    verdict = max((use[0] for use in uses.values()), key=_WEIGHT.__getitem__)
    taken = [use for use in uses.values() if use[0] == ACCEPT]
    lines_of = [lines for _, lines, _ in taken if lines is not None]
    ratios = sorted(ratio for _, _, ratio in taken if ratio is not None)
    return Acceptance(
        acceptance_known=verdict != AUTOMATIC,
        accepted_flag=verdict == ACCEPT,
        decision=verdict,
        accepted_lines=sum(lines_of) if lines_of else None,
        diff_ratio=sum(ratios) / len(ratios) if ratios else None,
    )


T = TypeVar("T", int, float)
_WEIGHT = {AUTOMATIC: 0, ACCEPT: 1, REJECT: 2}


def _larger(one: T | None, other: T | None) -> T | None:
    return other if one is None else one if other is None else max(one, other)
