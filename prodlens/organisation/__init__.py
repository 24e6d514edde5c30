"""What a whole organisation spends and gets, from the published tables of its repositories, on any engine.

Ibis and what reads the tables load with their first use; they are the extra ``prodlens[organisation]``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from prodlens.lazy_names import loader

if TYPE_CHECKING:
    from prodlens.organisation.engines import DUCKDB, SPARK, Engine, connected
    from prodlens.organisation.extra import has_extra
    from prodlens.organisation.period import Period, usual_start
    from prodlens.organisation.report import organisation_report
    from prodlens.organisation.sql import answer
    from prodlens.organisation.suppression import FEWEST_PEOPLE
    from prodlens.organisation.teams import read_teams

__all__ = [
    "DUCKDB",
    "FEWEST_PEOPLE",
    "SPARK",
    "Engine",
    "Period",
    "answer",
    "connected",
    "has_extra",
    "organisation_report",
    "read_teams",
    "usual_start",
]

_HOMES = dict.fromkeys(["DUCKDB", "SPARK", "Engine", "connected"], "engines")
_HOMES |= {
    "Period": "period",
    "usual_start": "period",
    "has_extra": "extra",
    "organisation_report": "report",
    "FEWEST_PEOPLE": "suppression",
    "read_teams": "teams",
}
_HOMES |= {"answer": "sql"}
__getattr__ = loader("prodlens.organisation", {name: f"prodlens.organisation.{home}" for name, home in _HOMES.items()})
