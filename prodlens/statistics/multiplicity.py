"""Many tests in one report: what is left of each p-value when all of them were looked at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class AdjustedFamily:
    """The q-values of one family, in the order of its p-values; None where there was no p-value.

    Attributes:
        q: Benjamini-Hochberg: the headline.
        q_by: Benjamini-Yekutieli: holds under any dependence, and is stricter; beside it as a check.
        computed: How many p-values the family has (m of the adjustment).
        not_computed: How many tests gave no p-value and are left out of m.
    """

    q: tuple[float | None, ...]
    q_by: tuple[float | None, ...]
    computed: int
    not_computed: int


def adjust_family(p_values: Sequence[float | None]) -> AdjustedFamily:
    """Adjust the p-values of a family that was declared beforehand for the false discovery rate.

    q_(i) = min over j >= i of p_(j) m / j, at most 1 (Benjamini and Hochberg 1995); for BY times sum 1 / i
    (Benjamini and Yekutieli 2001). q keeps the order of p. ``scipy.stats.false_discovery_control`` computes both.

    Args:
        p_values: 0 to 1 each, None for a test that could not be computed.

    Returns:
        The q-values; nothing but None for a family without a p-value.
    """
    known = [p for p in p_values if p is not None]
    return AdjustedFamily(
        q=_spread(p_values, _controlled(known, "bh")),
        q_by=_spread(p_values, _controlled(known, "by")),
        computed=len(known),
        not_computed=len(p_values) - len(known),
    )


def _controlled(p_values: list[float], method: str) -> list[float]:
    if not p_values:
        return []
    from scipy.stats import false_discovery_control

    return [float(q) for q in false_discovery_control(p_values, method="bh" if method == "bh" else "by")]


def _spread(p_values: Sequence[float | None], adjusted: list[float]) -> tuple[float | None, ...]:
    rest = iter(adjusted)
    return tuple(None if p is None else next(rest) for p in p_values)
