"""The ledger balances."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prodlens.metrics.ledger import LedgerLine, assert_balance, ledger
from prodlens.storage import ProdLensStore
from tests.examples import examples

ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "timestamp": st.integers(1, 28).map(lambda day: datetime(2026, 5, day, tzinfo=UTC)),
            "model": st.sampled_from([None, "gpt-4o", "claude-3-sonnet"]),
            "source": st.sampled_from([None, "litellm", "reference"]),
            "repo_slug": st.sampled_from([None, "a/b", "c/d"]),
            "tokens_in": st.integers(0, 10**6),
            "cost_usd": st.none() | st.floats(0, 10**4),
            "cost_source": st.sampled_from(["recorded", "computed", None]),
        }
    ),
    max_size=12,
)


@examples(50)
@given(ROWS)
def test_parts_add_up_to_the_store(rows: list[dict[str, object]]) -> None:
    """Over any calls, the lines by model and source sum to the totals, and every total to the store's."""
    with TemporaryDirectory() as folder, ProdLensStore(Path(folder) / "cache.db") as store:
        store.insert_sessions({**row, "trace_hash": str(index)} for index, row in enumerate(rows))
        found = ledger(store.conn)
    costs = [float(str(row["cost_usd"])) for row in rows if row["cost_usd"] is not None]
    assert found.total.calls == len(rows)
    assert found.total.tokens == sum(int(str(row["tokens_in"])) for row in rows)
    assert (found.total.cost_usd or 0.0) == pytest.approx(sum(costs), abs=0.005)
    assert found.total.unpriced_calls == len(rows) - len(costs)
    for groups in (found.parts, found.by_model(), found.by_source()):
        assert sum(line.calls for line in groups.values()) == len(rows)
        assert sum(line.cost_usd or 0.0 for line in groups.values()) == pytest.approx(sum(costs), abs=0.005)


def test_filters_cover_the_repository_and_what_names_none(tmp_path: Path) -> None:
    """A repository's ledger covers its calls and those that name none, within ``[since, until)``."""
    with ProdLensStore(tmp_path / "cache.db") as store:
        store.insert_sessions(
            {"timestamp": f"2026-05-0{day}T00:00:00Z", "repo_slug": slug, "tokens_in": day}
            for day, slug in ((1, "a/b"), (2, None), (3, "c/d"), (4, "a/b"))
        )
        assert ledger(store.conn, repo="a/b").total.tokens == 1 + 2 + 4
        assert ledger(store.conn, since="2026-05-02", until="2026-05-04").total.tokens == 2 + 3
        assert ledger(store.conn).total.cost_usd is None


def test_a_call_at_the_end_of_the_window_is_outside_and_one_at_its_start_inside(tmp_path: Path) -> None:
    """Of calls at 00:00 of 1, 2 and 3 May, the window from 1 May to 3 May has two: 1 + 2 tokens."""
    with ProdLensStore(tmp_path / "cache.db") as store:
        store.insert_sessions(
            {"timestamp": f"2026-05-0{day}T00:00:00+00:00", "tokens_in": tokens, "cost_usd": tokens / 4}
            for day, tokens in ((1, 1), (2, 2), (3, 4))
        )
        found = ledger(store.conn, since="2026-05-01T00:00:00+00:00", until="2026-05-03T00:00:00+00:00")
    assert found.total == LedgerLine(2, 3, 0.75, 0.75, 0.0, 0, 0)


def test_an_imbalance_is_never_reported() -> None:
    """Parts that do not make the whole are an error of ours, not a figure."""
    line = LedgerLine(1, 10, 1.0, 1.0, 0.0, 0, 0)
    with pytest.raises(AssertionError, match="does not balance"):
        assert_balance(line, [LedgerLine(1, 10, 1.02, 1.02, 0.0, 0, 0)])
    assert_balance(line, [line])
