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
    assert_balance(line, [line])
    assert_balance(line, [LedgerLine(1, 10, 1.004, 1.0, 0.0, 0, 0)])
    assert_balance(LedgerLine(1, 10, 1.0, 0.4, 0.6, 0, 0, 1), [LedgerLine(1, 10, 1.0, 0.4, 0.6, 0, 0, 1)])
    assert_balance(LedgerLine(1, 10, None, 0.0, 0.0, 0, 0), [line])  # infinite costs are held to nothing
    large = LedgerLine(1, 10, 3e12, 3e12, 0.0, 0, 0)
    assert_balance(large, [LedgerLine(1, 10, 3e12 + 1.0, 3e12, 0.0, 0, 0)])
    for whole, parts in [
        (line, [LedgerLine(1, 10, 1.006, 1.0, 0.0, 0, 0)]),
        (line, [LedgerLine(1, 10, None, 1.0, 0.0, 0, 0)]),
        (line, []),
        (line, [line, line]),
        (line, [LedgerLine(2, 10, 1.0, 1.0, 0.0, 0, 0)]),
        (line, [LedgerLine(1, 10, 1.0, 1.0, 0.0, 1, 0)]),
        (line, [LedgerLine(1, 10, 1.0, 1.0, 0.0, 0, 0, 1)]),
        (wrong := LedgerLine(1, 10, 1.0, 0.5, 0.4, 0, 0), [wrong]),
        (wrong := LedgerLine(1, 10, 1.0, 1.0, 0.006, 0, 0), [wrong]),
    ]:
        with pytest.raises(AssertionError, match="does not balance: "):
            assert_balance(whole, parts)


def by_hand(store: ProdLensStore) -> None:
    """Store eight calls whose costs come from everywhere that a cost can come from."""
    rows = [
        ("gpt-4o", "litellm", "recorded", 1.0, 1),
        ("openai/gpt-4o", "litellm", "recorded", 2.0, 2),
        ("gpt-4o", "claude", "computed", 4.0, 4),
        ("gpt-4o", "claude", "own-price", 8.0, 8),
        ("other", "claude", "own-price", 16.0, 16),
        ("other", "litellm", None, None, 32),
        (None, None, None, 0.5, 64),
        ("third", None, None, None, 128),
    ]
    store.insert_sessions(
        {
            "timestamp": "2026-05-02T00:00:00Z",
            "model": model,
            "source": source,
            "cost_source": cost_source,
            "cost_usd": cost,
            "tokens_in": tokens,
            "trace_hash": str(number),
        }
        for number, (model, source, cost_source, cost, tokens) in enumerate(rows)
    )


def test_every_line_of_a_ledger(tmp_path: Path) -> None:
    """Calls, tokens and costs by where they come from, in total and of each part, the costliest first."""
    with ProdLensStore(tmp_path / "cache.db") as store:
        by_hand(store)
        found = ledger(store.conn)
    assert found.total == LedgerLine(8, 255, 31.5, 3.5, 28.0, 2, 160, 3, 28, 24.0, 2, 24)
    assert list(found.parts.items()) == [
        (("other", "claude"), LedgerLine(1, 16, 16.0, 0.0, 16.0, 0, 0, 1, 16, 16.0, 1, 16)),
        (("gpt-4o", "claude"), LedgerLine(2, 12, 12.0, 0.0, 12.0, 0, 0, 2, 12, 8.0, 1, 8)),
        (("gpt-4o", "litellm"), LedgerLine(2, 3, 3.0, 3.0, 0.0, 0, 0)),
        ((None, None), LedgerLine(1, 64, 0.5, 0.5, 0.0, 0, 0)),
        (("other", "litellm"), LedgerLine(1, 32, None, 0.0, 0.0, 1, 32)),
        (("third", None), LedgerLine(1, 128, None, 0.0, 0.0, 1, 128)),
    ]
    assert list(found.by_model().items()) == [
        ("other", LedgerLine(2, 48, 16.0, 0.0, 16.0, 1, 32, 1, 16, 16.0, 1, 16)),
        ("gpt-4o", LedgerLine(4, 15, 15.0, 3.0, 12.0, 0, 0, 2, 12, 8.0, 1, 8)),
        (None, LedgerLine(1, 64, 0.5, 0.5, 0.0, 0, 0)),
        ("third", LedgerLine(1, 128, None, 0.0, 0.0, 1, 128)),
    ]
    assert list(found.by_source()) == ["claude", "litellm", None]
    assert found.total.by_cost_source() == {
        "recorded": {"sessions": 3, "total_tokens": 67, "cost_usd": 3.5},
        "computed": {"sessions": 1, "total_tokens": 4, "cost_usd": 4.0},
        "own_price": {"sessions": 2, "total_tokens": 24, "cost_usd": 24.0},
        "unpriced": {"sessions": 2, "total_tokens": 160, "cost_usd": None},
    }
    assert LedgerLine(2, 9, 3.0, 0.0, 3.0, 1, 4, 1, 5).by_cost_source() == {
        "recorded": {"sessions": 0, "total_tokens": 0, "cost_usd": None},
        "computed": {"sessions": 1, "total_tokens": 5, "cost_usd": 3.0},
        "unpriced": {"sessions": 1, "total_tokens": 4, "cost_usd": None},
    }


def test_costs_that_add_up_to_infinity_are_unknown_by_all_their_names(tmp_path: Path) -> None:
    """The cost is None and its parts are nothing, those of own prices too; the counts stay."""
    with ProdLensStore(tmp_path / "cache.db") as store:
        store.insert_sessions(
            {
                "timestamp": "2026-05-02T00:00:00Z",
                "model": model,
                "cost_source": "own-price",
                "cost_usd": 1.7e308,
                "tokens_in": 1,
                "trace_hash": f"{model}{number}",
            }
            for model in ("a", "b")
            for number in range(2)
        )
        found = ledger(store.conn)
    assert found.total == LedgerLine(4, 4, None, 0.0, 0.0, 0, 0, 4, 4, 0.0, 4, 4)
    assert found.by_model()["a"] == LedgerLine(2, 2, None, 0.0, 0.0, 0, 0, 2, 2, 0.0, 2, 2)
    assert found.total.by_cost_source()["own_price"] == {"sessions": 4, "total_tokens": 4, "cost_usd": None}


@pytest.mark.parametrize(("source", "computed_calls"), [("recorded", 0), ("computed", 2)])
def test_an_infinite_part_is_nothing(tmp_path: Path, source: str, computed_calls: int) -> None:
    """Recorded and computed costs that add up to infinity are nothing of an unknown cost, and their calls stay."""
    with ProdLensStore(tmp_path / "cache.db") as store:
        store.insert_sessions(
            {
                "timestamp": "2026-05-02T00:00:00Z",
                "cost_source": source,
                "cost_usd": 1.7e308,
                "tokens_in": 1,
                "trace_hash": str(number),
            }
            for number in range(2)
        )
        found = ledger(store.conn).total
    assert found == LedgerLine(2, 2, None, 0.0, 0.0, 0, 0, computed_calls, computed_calls)
    assert {line["cost_usd"] for line in found.by_cost_source().values()} == {None}


def test_a_line_has_a_cost_where_a_call_of_it_has() -> None:
    """What was only recorded has no computed cost, not one of nothing, and the other way round."""
    recorded = LedgerLine(1, 1, 1.0, 1.0, 0.0, 0, 0).by_cost_source()
    assert (recorded["recorded"]["cost_usd"], recorded["computed"]["cost_usd"]) == (1.0, None)
    own = LedgerLine(1, 1, 1.0, 0.0, 1.0, 0, 0, 1, 1, 1.0, 1, 1).by_cost_source()
    assert [own[name]["cost_usd"] for name in ("recorded", "computed", "own_price")] == [None, None, 1.0]


def test_models_of_one_cost_stand_by_their_calls_and_then_their_names(tmp_path: Path) -> None:
    """More calls go first, then the name; what names none goes before every name."""
    counts = {"b": 1, "a": 1, None: 1, "c": 2, "dear": 1}
    with ProdLensStore(tmp_path / "cache.db") as store:
        store.insert_sessions(
            {
                "timestamp": "2026-05-02T00:00:00Z",
                "model": model,
                "cost_usd": 1.0 if model == "dear" else None,
                "trace_hash": f"{model}{number}",
            }
            for model, calls in counts.items()
            for number in range(calls)
        )
        assert list(ledger(store.conn).by_model()) == ["dear", "c", None, "a", "b"]
        given = [("A", "x", 1.0), ("A", "y", 1.0), ("B", "x", 2.0), ("B", "x", 0.0), (None, "x", 1.0), (None, "y", 1.0)]
        store.insert_sessions(
            {
                "timestamp": "2026-05-03T00:00:00Z",
                "model": model,
                "source": source,
                "cost_usd": cost,
                "trace_hash": str(n),
            }
            for n, (model, source, cost) in enumerate(given)
        )
        assert list(ledger(store.conn, since="2026-05-03").by_model()) == [None, "A", "B"]
