"""Amp threads; expected values are read off the bundled files by eye."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

from prodlens import normalize_records
from tests.trace_files import read_items, records, traces

if TYPE_CHECKING:
    from prodlens.schemas import CanonicalTrace


def counts(call: CanonicalTrace) -> tuple[int, int, int | None, int | None]:
    """Return input, output, cache reads and cache writes."""
    return call.tokens_in, call.tokens_out, call.cache_read_tokens, call.cache_write_tokens


def test_amp_answers() -> None:
    """Input is without the cache; an answer without a time has the thread's; the repository is the thread's."""
    first, second = traces(read_items(records("amp_thread.json")))
    assert counts(first) == (12368, 178, 11372, 986)
    assert counts(second) == (12005, 42, 12000, 0)
    assert (first.timestamp.isoformat(), second.timestamp.isoformat()) == (
        "2026-11-02T10:00:10.652000+00:00",
        "2026-11-02T10:00:00+00:00",
    )
    assert (first.session_id, first.repo_slug, first.branch) == ("T-019c0797-c402", "acme/web", "feature")
    assert (first.cost_usd, first.model) == (None, "claude-sonnet-4-5-20250929")


def test_the_ledger_of_an_amp_thread() -> None:
    """The ledger's counts stand for the answers that it books; answers that it does not know count beside them."""
    booked, title, unbooked = traces(read_items(records("amp_ledger.json")))
    assert counts(booked) == (170, 20, 40, 30)
    assert (title.model, counts(title)) == ("gpt-5.2", (345, 0, None, None))
    assert counts(unbooked) == (15 - 8, 8, 0, 0)


def test_an_amp_thread_with_and_without_its_ledger_is_the_same_calls() -> None:
    """The ledger of a later version joins the answers by their message ids."""
    thread = records("amp_ledger.json")[0]
    with_ledger = {call.call_id for call in normalize_records([thread])}
    without = {call.call_id for call in normalize_records([{**thread, "usageLedger": None}])}
    assert without < with_ledger
    assert (len(without), len(with_ledger)) == (2, 3)


def test_an_amp_ledger_without_message_ids_stands_for_all_answers() -> None:
    """Where nothing tells which answer an entry books, the answers are not counted a second time."""
    thread = copy.deepcopy(records("amp_ledger.json")[0])
    for event in thread["usageLedger"]["events"]:
        event.pop("toMessageId", None)
    assert len(normalize_records([thread])) == 2
