"""The way of a stored call to the comment: each step once, and without wandering between modules."""

from __future__ import annotations

from datetime import UTC, date, datetime

from prodlens.metrics import ReportGenerator
from prodlens.rendering import render_markdown
from prodlens.storage import ProdLensStore
from tests.moves import Walk

# The steps that docs/architecture.md names.
STEPS = (
    "prodlens.metrics.generator.ReportGenerator.generate_report",
    "prodlens.metrics.delivery.read_delivery",
    "prodlens.metrics.timeline.build_timeline",
    "prodlens.metrics.usage.read_usage",
    "prodlens.rendering.render.render_markdown",
    "prodlens.rendering.content.build_document",
)
# Calls from one of our modules to another: 1,560 before a history of 180 days was cut into days at once.
MOST_MOVES = 1_000


def comment_of(store: ProdLensStore) -> str:
    """Report on a store, and return the comment on it."""
    report = ReportGenerator(store).generate_report(
        repo="acme/web", since=date(2026, 5, 1), report_time=datetime(2026, 5, 8, tzinfo=UTC)
    )
    return render_markdown(report, kind="comment")


def test_a_call_takes_its_steps_to_the_comment_once() -> None:
    """Pull requests are read, calls are counted, and the comment is written from the report, in this order."""
    call = {"session_id": "s", "timestamp": "2026-05-04T09:00:00Z", "model": "gpt-4o", "tokens_in": 7, "tokens_out": 2}
    walk = Walk()
    with ProdLensStore(":memory:") as store:
        store.insert_sessions([call])
        comment_of(store)  # what is loaded once is loaded then
        with walk.noted():
            comment = comment_of(store)
    assert "acme/web" in comment
    assert [name for name in walk.entered if name in STEPS] == list(STEPS)
    assert {name: walk.entered[name] for name in STEPS} == dict.fromkeys(STEPS, 1)
    assert walk.moves <= MOST_MOVES
