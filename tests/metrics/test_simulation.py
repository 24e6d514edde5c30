"""Reports on simulated teams find what is there, and hardly more: the benchmark's scenarios, in small."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from prodlens.metrics import associations

if TYPE_CHECKING:
    from prodlens.storage import ProdLensStore

_FILE = Path(__file__).parents[2] / "benchmarks" / "simulation.py"
REPORTS = 40


@pytest.fixture(scope="module")
def simulation() -> Any:
    """Return the benchmark as a module."""
    spec = importlib.util.spec_from_file_location("simulation", _FILE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def shares(simulation: Any, scenario: str, days: int) -> dict[str, float]:
    """Return the shares of reports with findings, of a fixed seed."""
    found: dict[str, float] = simulation.simulate(simulation.report_of_series, scenario, days, REPORTS, 7)
    return found


def test_the_hardest_null_finds_hardly_anything(simulation: Any) -> None:
    """Holidays, days off, sprints and a trend in 180 days of unrelated series: a finding in at most 5 of 40 reports."""
    found = shares(simulation, "everything", 180)
    assert max(found["primary"], found["whole"]) <= 0.125


def test_the_hardest_null_is_hard(simulation: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the holidays left in, more than a quarter of the same reports find something."""
    monkeypatch.setattr(associations, "quiet_days", lambda *_: frozenset())
    found = shares(simulation, "everything", 180)
    assert min(found["primary"], found["whole"]) > 0.25


def test_a_strong_effect_is_found(simulation: Any) -> None:
    """A true effect of 0.7 on the next day's commits is found in at least 8 of 10 reports on 60 days."""
    found = shares(simulation, "effect 0.7", 60)
    assert found["true"] >= 0.8
    assert found["other"] <= 0.15


def test_a_store_gives_what_the_series_give(simulation: Any, store: ProdLensStore) -> None:
    """The report of a store with a team finds the same in calls and commits as the section on its series alone."""
    rng = np.random.default_rng(3)
    team = simulation.make_team(rng, 61, frozenset({"holidays"}), 0.5)
    for name in ("sessions", "commits", "merged_pull_requests"):
        # All that is stored is observed from the first to the last day.
        team[name][[0, -1]] = 4.0
    team["merge_hours"][[0, -1]] = 3.0
    stored, series = simulation.report_of_store(store, team, 61), simulation.report_of_series(team, 61)
    assert stored["associations"]["quiet_days"] == series["associations"]["quiet_days"]
    q_values = series["multiple_comparison_adjustment"]["adjusted"]
    assert len(q_values) == 24
    assert stored["multiple_comparison_adjustment"]["adjusted"] == pytest.approx(q_values)
    assert simulation.findings(stored).primary == simulation.findings(series).primary
