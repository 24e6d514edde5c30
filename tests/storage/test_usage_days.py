"""The table of usage days: a later report of a sum replaces the earlier one."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

from prodlens.schemas import UsageDay
from prodlens.storage import ProdLensStore, put_usage_days

if TYPE_CHECKING:
    from pathlib import Path

DAY = UsageDay("k", date(2026, 11, 2), "cursor", "cursor-usage", person="dev", tokens_in=10, gross_usd=1.5)


def test_a_later_report_takes_the_place_of_the_earlier_one(tmp_path: Path) -> None:
    """The figures are the later ones, also where they are less or unknown; another key is another row."""
    with ProdLensStore(tmp_path / "cache.db") as store, store.transaction() as conn:
        put_usage_days(conn, [DAY, replace(DAY, key="other")])
        put_usage_days(conn, [replace(DAY, tokens_in=None, gross_usd=0.5, model="m")])
        rows = conn.execute("SELECT key, day, person, model, tokens_in, gross_usd FROM usage_days ORDER BY key")
        assert [tuple(row) for row in rows] == [
            ("k", "2026-11-02", "dev", "m", None, 0.5),
            ("other", "2026-11-02", "dev", None, 10, 1.5),
        ]


def test_a_report_that_names_nobody_keeps_the_name(tmp_path: Path) -> None:
    """A personal export has no names, the team's answer has: the person of an event stays known."""
    with ProdLensStore(tmp_path / "cache.db") as store, store.transaction() as conn:
        put_usage_days(conn, [DAY])
        put_usage_days(conn, [replace(DAY, person=None)])
        assert conn.execute("SELECT person FROM usage_days").fetchone()[0] == "dev"
