"""The simulated team."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import pytest

from prodlens.cli import main
from prodlens.commands.simulated_team import DEMO_LAST_DAY, fill_store, simulate_team
from prodlens.errors import UserError
from prodlens.storage import SIMULATED_MARK, ProdLensStore

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime(2026, 7, 1, tzinfo=UTC)


def test_the_same_seed_gives_the_same_team() -> None:
    """A simulation is a function of its seed and days."""
    assert simulate_team(seed=3, weeks=2) == simulate_team(seed=3, weeks=2)
    assert simulate_team(seed=3, weeks=2) != simulate_team(seed=4, weeks=2)


def test_everything_happens_inside_the_simulated_weeks() -> None:
    """Nothing is dated before the first or after the last simulated day."""
    simulation = simulate_team(weeks=3)
    days = {trace.timestamp.date() for trace in simulation.traces}
    days |= {commit["timestamp"].date() for commit in simulation.commits}
    ends = {p[name] for p in simulation.pull_requests for name in ("merged_at", "closed_at") if p[name]}
    days |= {end.date() for end in ends}
    assert date(2026, 6, 8) <= min(days) <= max(days) <= DEMO_LAST_DAY


def test_a_team_has_something_of_everything() -> None:
    """Every situation that a report tells apart occurs: errors, unknown acceptance, no price, every end of a review."""
    simulation = simulate_team()
    assert {trace.acceptance_known for trace in simulation.traces} == {True, False}
    assert {200, 429, 500, 529} == {trace.status_code for trace in simulation.traces}
    assert any(trace.cost_usd is None for trace in simulation.traces)
    assert len({trace.model for trace in simulation.traces}) == 5
    ends = {(p["state"], p["merged_at"] is not None) for p in simulation.pull_requests}
    assert ends == {("open", False), ("closed", False), ("closed", True)}
    assert any(p["reopened"] for p in simulation.pull_requests)


def test_filling_twice_changes_nothing(tmp_path: Path) -> None:
    """The records have identities: a second run of the same simulation updates its rows."""
    simulation = simulate_team(weeks=2)
    with ProdLensStore(tmp_path / "demo.db") as store:
        fill_store(store, simulation, NOW)
        fill_store(store, simulation, NOW)
        assert len(store.fetch_sessions()) == len(simulation.traces)
        assert len(store.fetch_pull_requests()) == len(simulation.pull_requests)
        assert len(store.fetch_commits()) == len(simulation.commits)
        assert store.get_note(SIMULATED_MARK) == NOW.isoformat()


def test_real_records_are_never_mixed_with_simulated_ones(tmp_path: Path) -> None:
    """A store with records of its own is refused and left as it was."""
    with ProdLensStore(tmp_path / "real.db") as store:
        store.insert_commits([{"sha": "a", "author": "x", "timestamp": NOW}])
        with pytest.raises(UserError, match="--db"):
            fill_store(store, simulate_team(weeks=1), NOW)
        assert store.fetch_sessions() == []


def test_the_command_fills_the_database_it_is_given(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """``prod-lens demo`` says what it simulated and where it is."""
    assert main(["demo", "--db", str(tmp_path / "d.db"), "--weeks", "1", "--seed", "7"]) == 0
    assert "simulated" in capsys.readouterr().err
    with ProdLensStore(tmp_path / "d.db") as store:
        assert store.fetch_sessions()
