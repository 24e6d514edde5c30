"""q-values worked out by hand."""

from __future__ import annotations

from prodlens.statistics.multiplicity import adjust_family
from tests.statistics.results import like, plain


def test_both_adjustments_of_one_family() -> None:
    """Of 0.01, 0.03 and 0.04, BH makes 0.03, 0.04, 0.04, and BY 11/6 times as much; None is in neither family."""
    assert plain(adjust_family([0.01, None, 0.04, 0.03])) == like(
        (0.03, None, 0.04, 0.04), (0.055, None, 0.22 / 3, 0.22 / 3), 3, 1
    )


def test_a_family_without_p_values() -> None:
    """Where nothing could be computed, nothing is adjusted."""
    assert plain(adjust_family([None, None])) == ((None, None), (None, None), 0, 2)
    assert plain(adjust_family([])) == ((), (), 0, 0)
