"""What became of a call's suggestion, from the decisions on the tool uses that it proposed.

Only a person's decision counts. One call can propose several uses, decided one by one: it is rejected as soon as a
person rejected any of them, because the answer as a whole was not taken; it is accepted when a person accepted at
least one and rejected none; what was only decided by configuration, hooks or modes is ``automatic`` and unknown.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from prodlens.json_values import LARGEST_WHOLE_NUMBER, finite_number
from prodlens.schemas import ACCEPT, AUTOMATIC, INFERRED, REJECT

if TYPE_CHECKING:
    from collections.abc import Iterable

    from prodlens.schemas import Decision


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

    Several records of one decision (a log and a transcript) count once: one written down as such wins over an inferred
    one, then a person's verdict over an automatic one, then a rejection over an acceptance; lines and ratio are taken
    from whichever record has them (the larger, if both). Lines and ratio are of the uses that a person accepted: lines
    are summed, the ratio is the mean of those known.
    """
    by_use: dict[str, list[Decision]] = {}
    for decision in decisions:
        by_use.setdefault(decision.tool_use_id, []).append(decision)
    uses = [_one_use(records) for records in by_use.values()]
    if not uses:
        return UNKNOWN
    verdict = max((use[0] for use in uses), key=_WEIGHT.__getitem__)
    taken = [use for use in uses if use[0] == ACCEPT]
    lines_of = [lines for _, lines, _ in taken if lines is not None]
    ratios = sorted(ratio for _, _, ratio in taken if ratio is not None)
    return Acceptance(
        acceptance_known=verdict != AUTOMATIC,
        accepted_flag=verdict == ACCEPT,
        decision=verdict,
        accepted_lines=min(sum(lines_of), LARGEST_WHOLE_NUMBER) if lines_of else None,
        diff_ratio=finite_number(sum(ratios) / len(ratios)) if ratios else None,
    )


_WEIGHT = {AUTOMATIC: 0, ACCEPT: 1, REJECT: 2}


def _one_use(records: list[Decision]) -> tuple[str, int | None, float | None]:
    outright = [record for record in records if record.source != INFERRED] or records
    return (
        max((record.verdict for record in outright), key=_WEIGHT.__getitem__),
        max((record.accepted_lines for record in records if record.accepted_lines is not None), default=None),
        max((record.diff_ratio for record in records if record.diff_ratio is not None), default=None),
    )
