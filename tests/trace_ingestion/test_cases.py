"""Small inputs made after public bug reports, each with the figures that are right for it."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.trace_project import Opener

CASES = Path(__file__).parent.parent / "data" / "cases"
NAMES = sorted(folder.name for folder in CASES.iterdir())


def observed(rows: list[dict[str, Any]], dead: int) -> dict[str, Any]:
    """Return what a case can expect of the stored calls and the dead letters."""
    costs = [row["cost_usd"] for row in rows if row["cost_usd"] is not None]
    repositories = {row["repo_slug"] for row in rows}
    return {
        "calls": len(rows),
        "tokens_in": sum(row["tokens_in"] for row in rows),
        "tokens_out": sum(row["tokens_out"] for row in rows),
        "cost_usd": sum(costs) if costs else None,
        "dead": dead,
        "status": sorted(row["status_code"] for row in rows),
        "repo": repositories.pop() if len(repositories) == 1 else sorted(map(str, repositories)),
        "sessions": dict(Counter(row["session_id"] for row in rows)),
        "caveats": dict(Counter(row["price_caveat"] for row in rows if row["price_caveat"])),
        "estimated_times": sum(row["time_is_estimated"] for row in rows),
    }


@pytest.mark.parametrize("name", NAMES)
def test_a_case_has_its_figures(name: str, opened: Opener, tmp_path: Path) -> None:
    """Every file of a case, ingested into a new store, gives the calls, tokens, costs and the rest that it expects."""
    expected = json.loads((CASES / name / "expected.json").read_text())
    expected.pop("notes")
    project = opened(tmp_path)
    inputs = sorted(path for path in (CASES / name).iterdir() if path.name != "expected.json")
    done = project.ingestor.ingest(inputs)
    found = observed(project.rows(), sum(each.dead for each in done))
    if expected["cost_usd"] is not None:
        expected["cost_usd"] = pytest.approx(expected["cost_usd"], abs=1e-6)
    assert {key: found[key] for key in expected} == expected
