"""From twelve stores to one report: its figures are what the stores' ledgers add up to."""

from __future__ import annotations

from datetime import timedelta
from random import Random
from typing import TYPE_CHECKING

import pytest

from prodlens.lake import Place, compact
from prodlens.metrics import Publishing, ledger, publish_repositories
from prodlens.organisation import Period, answer
from prodlens.storage import ProdLensStore
from tests.metrics.situations import at, call, pull
from tests.organisation.published import NOW
from tests.organisation.test_report import report_on

if TYPE_CHECKING:
    from pathlib import Path

SPRING = Period(at("4-01").date(), at("6-01").date())
PEOPLE = ("ann", "bea", "cem", "dan", "eva", "flo")


def published(place: Path, number: int) -> tuple[float, int]:
    """Fill a store of one repository, publish it, and return what its ledger says of cost and calls."""
    random, repo = Random(number), f"acme/service-{number}"
    days = [f"{month}-{day:02}" for month in (4, 5) for day in range(1, 29)]
    made = [
        call(
            random.choice(days),
            repo_slug=repo,
            developer_id=who,
            model="m-1",
            cost_usd=random.choice((None, 0.1, 7.77)),
        )
        for who in PEOPLE
        for _ in range(9)
    ]
    with ProdLensStore(":memory:") as store:
        store.insert_sessions([one | {"trace_hash": f"{number:04x}{place:028x}"} for place, one in enumerate(made)])
        merged = [pull(n, "4-02", "5-02", repo_slug=repo, author=who) for n, who in enumerate(PEOPLE, 1)]
        store.insert_pull_requests(merged)
        (outcome,) = publish_repositories(store, Place(place), [repo], Publishing(now=NOW, team=f"team-{number % 3}"))
        assert not outcome.failure
        whole = ledger(store.conn).total
    return whole.cost_usd or 0.0, whole.calls


def test_twelve_repositories_publish_and_one_reports(tmp_path: Path) -> None:
    """Cost and calls are those of the ledgers, whole and by team and repository, before and after compaction."""
    ledgers = [published(tmp_path, number) for number in range(12)]
    report = report_on(tmp_path, SPRING)
    cost = report["cost"]
    assert cost["cost_usd"] == pytest.approx(sum(usd for usd, _ in ledgers), abs=0.001)
    assert cost["calls"] == sum(calls for _, calls in ledgers) == 648
    for dimension, lines in (("team", 3), ("repository", 12)):
        rows = cost[f"by_{dimension}"]["rows"]
        assert len(rows) == lines
        assert sum(row["cost_usd"] for row in rows) == pytest.approx(cost["cost_usd"], abs=0.001)
    assert report["repositories"]["count"] == 12
    assert report["pull_requests"]["whole"]["merged"] == 72
    assert float(answer("SELECT sum(cost_usd) FROM calls", str(tmp_path))[1][0][0]) == pytest.approx(cost["cost_usd"])
    compact(Place(tmp_path), NOW + timedelta(days=1))
    assert report_on(tmp_path, SPRING) == report
