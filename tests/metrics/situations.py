"""Rows that the tests of the report put into stores, as short as what a test is about."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from prodlens.metrics import ReportGenerator
from tests.json_schema import Schema

if TYPE_CHECKING:
    from prodlens.storage import ProdLensStore

REPO = "acme/web"


def at(text: str) -> datetime:
    """Read ``5-01`` or ``5-01 10:30`` as a moment of 2026, UTC."""
    day, _, clock = text.partition(" ")
    month, number = day.split("-")
    return datetime.fromisoformat(f"2026-{int(month):02}-{int(number):02}T{clock or '12:00'}+00:00").astimezone(UTC)


def call(when: str, **changes: Any) -> dict[str, Any]:
    """Return the row of a call of the repository; nothing is known of it but its time unless said."""
    made = call_count.setdefault("made", 0)
    call_count["made"] = made + 1
    return {"timestamp": at(when), "repo_slug": REPO, "trace_hash": f"{made:032x}", "total_tokens": 0, **changes}


call_count: dict[str, int] = {}


def pull(number: int, opened: str, merged: str | None = None, **changes: Any) -> dict[str, Any]:
    """Return the row of a pull request of the repository."""
    closed = {"state": "closed", "merged_at": at(merged), "closed_at": at(merged)} if merged else {"state": "open"}
    return {"id": number, "number": number, "repo_slug": REPO, "created_at": at(opened), **closed, **changes}


def commit(sha: str, when: str, **changes: Any) -> dict[str, Any]:
    """Return the row of a commit of the repository."""
    return {"sha": sha, "timestamp": at(when), "repo_slug": REPO, **changes}


@cache
def validator() -> Schema:
    """Return the report's schema."""
    return Schema(json.loads((files("prodlens.metrics") / "report.schema.json").read_text(encoding="utf-8")))


def report_on(store: ProdLensStore, since: str | date = "5-01 00:00", **options: Any) -> dict[str, Any]:
    """Report on the repository; what comes back is strict JSON that fits the schema."""
    report = ReportGenerator(store).generate_report(
        repo=REPO, since=at(since) if isinstance(since, str) else since, **options
    )
    strict: dict[str, Any] = json.loads(json.dumps(report, allow_nan=False))
    validator().validate(strict)
    return strict
