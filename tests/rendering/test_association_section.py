"""What the section on use and delivery says of the days it looks at."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import pytest

from prodlens.rendering.association_section import association_section

if TYPE_CHECKING:
    from collections.abc import Mapping

WHOLE = "Looks at all stored history of the last 180 days of the report, not at its window alone."


@pytest.mark.parametrize(
    ("quiet", "said"),
    [
        ([], ()),
        (
            ["2026-05-01"],
            ("1 working day on which almost nothing was used, committed or merged is left out as a day off.",),
        ),
        (
            ["2026-05-01", "2026-05-25"],
            ("2 working days on which almost nothing was used, committed or merged are left out as days off.",),
        ),
    ],
)
def test_days_that_are_left_out_are_counted(
    quiet: list[str], said: tuple[str, ...], reports: Mapping[str, list[dict[str, Any]]]
) -> None:
    """Quiet days are named in the sentence after the one on the history; without any there is no sentence."""
    report = copy.deepcopy(reports["rich"][0])
    report["associations"]["quiet_days"] = quiet
    sentences = association_section(report).sentences
    assert sentences[1 : 2 + len(said)] == (WHOLE, *said)
    assert sentences[2 + len(said)].startswith("Commits: ")
