"""What is published of a repository: the same figures as the report's, whatever the rows hold."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prodlens.calls import price_card
from prodlens.calls.pricing import call_cost
from prodlens.files import digest
from prodlens.lake import Place, published_files
from prodlens.metrics import Publishing, ledger, publish_repositories, stored_repositories
from prodlens.storage import PRUNED_BEFORE, ProdLensStore
from tests.examples import examples
from tests.metrics.situations import REPO, call, commit, pull, report_on

if TYPE_CHECKING:
    from pathlib import Path

    from prodlens.metrics import PublishedRepository

NOW = datetime(2026, 7, 1, tzinfo=UTC)


def published(store: ProdLensStore, folder: Path, *repositories: str, **options: Any) -> list[PublishedRepository]:
    """Publish repositories of a store to a folder."""
    return list(
        publish_repositories(store, Place(folder), repositories or [REPO], Publishing(**{"now": NOW, **options}))
    )


def table(folder: Path, name: str, *columns: str) -> pa.Table:
    """Return a published table, or some of its columns."""
    read = [pq.read_table(file, columns=list(columns) or None) for file in published_files(folder, name)]
    return pa.concat_tables(read)


def rows(folder: Path, name: str, *columns: str) -> list[dict[str, Any]]:
    """Return the rows of a published table."""
    found: list[dict[str, Any]] = table(folder, name, *columns).to_pylist()
    return found


def test_a_list_price_is_that_of_the_moment(store: ProdLensStore, tmp_path: Path) -> None:
    """Each call has the list price of its own hour, day and modifier, as it has when it is priced by itself."""
    given = [
        {"model": model, "provider": provider, "price_modifier": modifier, "at": at}
        for model, provider in (
            ("deepseek-chat", "deepseek"),
            ("o3", None),
            ("claude-opus-4-6", None),
            ("none-v9", None),
        )
        for modifier in (None, "batch")
        for at in ("2025-06-09T10:00:00+00:00", "2025-06-11T10:00:00+00:00", "2025-06-11T20:00:00+00:00")
    ]
    store.insert_sessions(
        call(
            "5-01", **{key: value for key, value in each.items() if key != "at"}, timestamp=each["at"], tokens_in=10**6,
            tokens_out=10**5, cost_usd=1.0, cost_source="recorded", trace_hash=f"{number:032x}",
        )
        for number, each in enumerate(given)
    )  # fmt: skip
    published(store, tmp_path)
    found = {row["call"]: row["list_cost_usd"] for row in rows(tmp_path, "calls", "call", "list_cost_usd")}
    cards = [
        price_card(
            str(each["model"]), each["provider"], datetime.fromisoformat(str(each["at"])), each["price_modifier"]
        )
        for each in given
    ]
    costs = [None if card is None else call_cost(card, 10**6, 10**5) for card in cards]
    assert [found[f"{number:032x}"] for number in range(len(given))] == [
        None if cost is None else round(Decimal(str(cost)), 10) for cost in costs
    ]
    assert costs[1] != costs[2]  # cheaper at night
    assert costs[6] != costs[7] == costs[8]  # cheaper since the tenth of June
    assert costs[-1] is None


def test_a_call_is_published_as_the_report_knows_it(store: ProdLensStore, tmp_path: Path) -> None:
    """Every column of a call says what the store and the report say of it; unknown is null."""
    store.insert_sessions(
        [
            call(
                "5-02 10:00", trace_hash="a" * 32, session_id="s", developer_id="ann", source="claude-code-otel",
                model="anthropic/claude-sonnet-4-5-20250929", tokens_in=1000, tokens_out=100, latency_ms=1.5,
                status_code=200, accepted_flag=1, cost_usd=0.25, cost_source="recorded", cache_read_tokens=10,
                pull_request=7, provider="anthropic",
            ),
            call("5-03", trace_hash="b" * 32, acceptance_known=0, accepted_flag=0),
        ]
    )  # fmt: skip
    published(store, tmp_path)
    first, second = rows(tmp_path, "calls")
    assert {name: value for name, value in first.items() if value is not None} == {
        "repository": REPO,
        "call": "a" * 32,
        "at": datetime(2026, 5, 2, 10, tzinfo=UTC),
        "day": datetime(2026, 5, 2, tzinfo=UTC).date(),
        "developer": "ann",
        "session": "s",
        "tool": "claude-code",
        "source": "claude-code-otel",
        "provider": "anthropic",
        "model": "claude-sonnet-4-5",
        "tokens_in": 1000,
        "tokens_out": 100,
        "cache_read_tokens": 10,
        "latency_ms": 1.5,
        "status": 200,
        "accepted": True,
        "cost_usd": Decimal("0.25"),
        "list_cost_usd": Decimal("0.0044730000"),
        "cost_source": "recorded",
        "pull_request": 7,
        "pull_request_confidence": "high",
        "time_is_estimated": False,
    }
    assert [name for name, value in second.items() if value is not None] == [
        *("repository", "call", "at", "day", "tokens_in", "tokens_out", "time_is_estimated")
    ]


def test_pull_requests_commits_and_evidence(store: ProdLensStore, tmp_path: Path) -> None:
    """Each is published once, with the signs of AI on it, its cost, and whether it was taken back."""
    store.insert_pull_requests(
        [
            pull(7, "5-04", "5-06", title="Add", author="ann", head_ref="copilot/add", additions=3),
            pull(8, "5-07", "5-08", title='Revert "Add"', author="Bob"),
            pull(9, "6-01", title="Other", author="dependabot[bot]"),
            pull(10, "5-20", title="By hand", author="eve"),
        ]
    )
    store.insert_commits(
        [
            commit("c1", "5-06", author="ann", trailers='[["Co-authored-by", "Claude <noreply@anthropic.com>"]]'),
            commit("c2", "5-07", parents=2),
        ]
    )
    store.insert_sessions(
        [
            call("5-05", developer_id="bob", cost_usd=1.5, cost_source="recorded", branch="copilot/add", model="m-1"),
            call("5-05", developer_id="bob", cost_usd=None, branch="copilot/add", model="m-2", tokens_in=5),
            call("5-06", developer_id="ann", cost_usd=2.0, cost_source="recorded", pull_request=77),
        ]
    )
    published(store, tmp_path)
    shown = ("number", "state", "is_bot", "reverted", "is_revert", "assisted", "assisted_confidence", "cost_usd")
    assert [tuple(row.values()) for row in rows(tmp_path, "pull_requests", *shown)] == [
        (7, "merged", False, True, False, True, "high", Decimal("1.5")),
        (8, "merged", False, False, True, False, None, None),
        (10, "open", False, False, False, None, None, None),
        (9, "open", True, False, False, None, None, None),
    ]
    costs = rows(tmp_path, "pull_request_costs", "number", "cost_usd", "calls", "unpriced_calls", "tokens", "models")
    assert [tuple(row.values()) for row in costs] == [
        (7, Decimal("1.5"), 2, 1, 5, ["m-1", "m-2"]),
        (77, Decimal("2.0"), 1, 0, 0, []),
    ]
    assert [row["confidence"] for row in rows(tmp_path, "pull_request_costs", "confidence")] == ["medium", "high"]
    signs = rows(tmp_path, "evidence", "subject", "key", "kind", "tool", "confidence")
    assert [tuple(row.values()) for row in signs] == [
        ("pull_request", "7", "branch", "GitHub Copilot", "low"),
        ("pull_request", "7", "trace", None, "high"),
        ("commit", "c1", "trailer", "Claude Code", "high"),
    ]
    found = rows(tmp_path, "commits", "sha", "author", "assisted", "parents")
    assert [tuple(row.values()) for row in found] == [("c1", "ann", True, None), ("c2", None, None, 2)]


def test_a_month_is_that_of_the_beginning(store: ProdLensStore, tmp_path: Path) -> None:
    """A pull request stays in the month of its opening; a call at midnight UTC begins the next month."""
    store.insert_pull_requests([pull(7, "4-30 23:59", "6-02")])
    store.insert_sessions([call("5-01 00:00"), call("4-30 23:59:59.999999")])
    published(store, tmp_path)
    files = sorted(str(file.relative_to(tmp_path / "v1")) for file in tmp_path.rglob("month=*/*.parquet"))
    assert files == [
        "calls/month=2026-04/acme.web.parquet",
        "calls/month=2026-05/acme.web.parquet",
        "pull_requests/month=2026-04/acme.web.parquet",
    ]


def test_sums_are_those_of_the_ledger_and_the_report(store: ProdLensStore, tmp_path: Path) -> None:
    """Calls, costs and attributed costs add up to the ledger's and the report's, to the cent."""
    store.insert_pull_requests([pull(7, "5-04", "5-20", head_ref="feature", base_ref="main")])
    made = [
        call(
            f"5-{1 + number % 28} 11:00", cost_usd=None if number % 9 == 0 else number / 7, cost_source="recorded",
            branch="feature" if number % 3 else None, pull_request=5 if number % 10 == 1 else None, tokens_in=number,
        )
        for number in range(300)
    ]  # fmt: skip
    store.insert_sessions(made)
    published(store, tmp_path)
    whole, calls = ledger(store.conn).total, table(tmp_path, "calls")
    assert calls.num_rows == whole.calls == 300
    assert round(float(pc.sum(calls["cost_usd"]).as_py()), 2) == round(whole.cost_usd or 0, 2) == 5685.86
    assert calls["cost_usd"].null_count == whole.unpriced_calls == 34
    section = report_on(store)["pull_request_costs"]
    costs = table(tmp_path, "pull_request_costs")
    assert round(float(pc.sum(costs["cost_usd"]).as_py()), 2) == round(section["attributed"]["cost_usd"], 2)
    assert pc.sum(costs["calls"]).as_py() == section["attributed"]["sessions"] > 100


def test_vendors_days_say_which_of_them_count(store: ProdLensStore, tmp_path: Path) -> None:
    """A row that a more detailed source stands for is published and marked, as the report leaves it out."""
    with store.transaction() as conn:
        conn.executemany(
            "INSERT INTO usage_days (key, day, tool, source, person, repo_slug, net_usd, gross_usd) "
            "VALUES (?, ?, 'copilot', ?, 'ann', ?, ?, ?)",
            [
                ("k1", "2026-05-01", "copilot-ai-credits", REPO, 0.4, 0.5),
                ("k2", "2026-05-01", "copilot-metrics", REPO, None, None),
                ("k3", "2026-05-02", "copilot-metrics", None, None, 1.25),
                ("k4", "9999-05-02", "copilot-metrics", REPO, None, 1.25),
                ("k5", "not a day", "copilot-metrics", REPO, None, 1.25),
            ],
        )
    (outcome,) = published(store, tmp_path)
    found = rows(tmp_path, "usage_days", "repository", "key", "superseded", "cost_usd", "list_cost_usd")
    assert [tuple(row.values()) for row in found] == [
        (REPO, "k1", False, Decimal("0.4"), Decimal("0.5")),
        (REPO, "k2", True, None, None),
        (REPO, "k3", False, None, Decimal("1.25")),
    ]
    assert outcome.implausible == 2


def test_rows_without_a_repository(store: ProdLensStore, tmp_path: Path) -> None:
    """They belong to the only repository; if there are several, they are published once, without a name."""
    store.insert_sessions([call("5-01"), call("5-02", repo_slug=None, pull_request=3, cost_usd=1.0)])
    published(store, tmp_path / "one")
    assert rows(tmp_path / "one", "calls", "repository", "pull_request") == [
        {"repository": REPO, "pull_request": None},
        {"repository": REPO, "pull_request": 3},
    ]
    store.insert_sessions([call("5-03", repo_slug="acme/api")])
    for _ in range(2):
        published(store, tmp_path / "two", "acme/web", "ACME/api")
        found = rows(tmp_path / "two", "calls", "repository", "pull_request")
        assert [row["repository"] for row in found] == ["acme/api", None, REPO]
        assert [row["pull_request"] for row in found] == [None, None, None]
    published(store, tmp_path / "part", "acme/web")
    assert [row["repository"] for row in rows(tmp_path / "part", "calls")] == [REPO]


def test_how_far_sources_were_read(store: ProdLensStore, tmp_path: Path) -> None:
    """The repository's row says its team, its sources and what failed in the run."""
    with store.transaction() as conn:
        conn.execute(
            "INSERT INTO sync_streams (repo_slug, stream, covered_since, synced_at, last_run_at, stopped) "
            "VALUES (?, 'commits', '2026-01-01T00:00:00+00:00', '2026-06-30T00:00:00+00:00', "
            "'2026-06-30T00:00:00+00:00', 'budget')",
            (REPO,),
        )
    store.insert_sessions([call("5-01"), call("5-09")])
    published(store, tmp_path, team="web", missing={REPO: ["pull requests could not be read"]})
    (row,) = rows(tmp_path, "repositories")
    assert row.pop("files") == [{"table": "calls", "month": "2026-05", "rows": 2, "digest": row_digest(tmp_path)}]
    assert len(row.pop("store")) == 32
    assert {name: value for name, value in row.items() if value is not None} == {
        "repository": REPO,
        "team": "web",
        "simulated": False,
        "commits_since": datetime(2026, 1, 1, tzinfo=UTC),
        "commits_synced_at": datetime(2026, 6, 30, tzinfo=UTC),
        "commits_partial": True,
        "dead_letters": 0,
        "first_call_at": datetime(2026, 5, 1, 12, tzinfo=UTC),
        "last_call_at": datetime(2026, 5, 9, 12, tzinfo=UTC),
        "implausible": 0,
        "unusable_costs": 0,
        "missing": ["pull requests could not be read"],
    }


def row_digest(folder: Path) -> str:
    """Return the digest of the only file of calls."""
    (file,) = folder.glob("v1/calls/*/*.parquet")
    return digest(file.read_bytes())


HOSTILE: list[tuple[str, object]] = [
    ("cost_usd", float("inf")),
    ("cost_usd", -float("inf")),
    ("cost_usd", 1e300),
    ("latency_ms", float("inf")),
    ("diff_ratio", "text"),
    ("tokens_in", "many"),
    ("tokens_out", 2.5),
    ("status_code", "x"),
    ("model", b"\xff"),
    ("model", "m" * 1_000_000),
    ("developer_id", "\x00'\"\n"),
    ("timestamp", "2026-05-99T00:00:00+00:00"),
    ("timestamp", "2026-05-01 10:00"),
    ("event_date", "2026-99-01"),
    ("acceptance_known", "yes"),
    ("accepted_flag", 300),
    ("pull_request", 2**63 - 1),
    ("web_searches", "a"),
    ("price_modifier", 3.5),
]


@pytest.mark.parametrize(("column", "value"), HOSTILE, ids=[f"{name}-{str(value)[:12]}" for name, value in HOSTILE])
def test_no_value_ends_a_run(store: ProdLensStore, tmp_path: Path, column: str, value: object) -> None:
    """Whatever a column of the database holds, the other calls are published, and what is left out is counted."""
    store.insert_sessions([call("5-01", trace_hash="good", cost_usd=1.0), call("5-02", trace_hash="bad", model="m")])
    store.conn.execute(f"UPDATE sessions SET {column} = ? WHERE trace_hash = 'bad'", (value,))
    (outcome,) = published(store, tmp_path)
    found = {row["call"]: row for row in rows(tmp_path, "calls")}
    assert outcome.failure == ""
    assert found["good"]["cost_usd"] == Decimal(1)
    assert outcome.unusable_costs == (column == "cost_usd")
    assert ("bad" in found) == (outcome.implausible == 0) == (value != "2026-05-99T00:00:00+00:00")
    assert all(len(note) < 200 for note in outcome.notes)
    assert len(outcome.notes) == outcome.unusable_costs + outcome.implausible


def test_moments_that_cannot_be_true_are_left_out(store: ProdLensStore, tmp_path: Path) -> None:
    """Before 2005 and more than two days ahead: counted, in no file."""
    store.insert_sessions([call("5-01"), {**call("5-01"), "timestamp": datetime(1999, 1, 1, tzinfo=UTC)}])
    store.insert_commits([commit("c1", "7-03 00:00"), commit("c2", "7-03 00:01")])
    store.insert_pull_requests([{**pull(1, "5-01"), "created_at": datetime(2999, 1, 1, tzinfo=UTC)}])
    (outcome,) = published(store, tmp_path)
    assert [len(rows(tmp_path, name)) for name in ("calls", "commits")] == [1, 1]
    assert published_files(tmp_path, "pull_requests") == []
    assert outcome.implausible == 3
    assert outcome.notes == ["acme/web: 3 rows are left out, since their time cannot be true"]


def test_names_that_are_not_repositories(store: ProdLensStore) -> None:
    """A name that is not ``owner/name`` has no file; it is counted."""
    store.insert_sessions([call("5-01"), call("5-01", repo_slug="weird"), call("5-01", repo_slug=None)])
    store.conn.execute("UPDATE sessions SET repo_slug = '../../etc' WHERE repo_slug = 'weird'")
    assert stored_repositories(store) == ([REPO], 1)


def test_months_that_left_the_database_stay_published(store: ProdLensStore, tmp_path: Path) -> None:
    """After old rows have left, months that begin before or shortly after stay as they were published."""
    store.insert_sessions([call("3-05"), call("4-05"), call("5-05"), call("6-05")])
    published(store, tmp_path)
    store.conn.execute("DELETE FROM sessions WHERE timestamp < '2026-06-05'")
    store.set_note(PRUNED_BEFORE, "2026-04-01T00:00:00+00:00")
    (outcome,) = published(store, tmp_path)
    kept = [f"v1/calls/month=2026-0{month}/acme.web.parquet" for month in (3, 4, 5)]
    assert outcome.published is not None
    assert (outcome.published.kept, outcome.published.removed) == (kept, [])
    assert outcome.notes == ["acme/web: 3 files stay as published, since the database has less of them now"]
    assert [row["kept_from"] for row in rows(tmp_path, "repositories")] == ["2026-06"]
    store.set_note(PRUNED_BEFORE, "2026-03-31T00:00:00+00:00")
    (outcome,) = published(store, tmp_path)
    assert outcome.published is not None
    assert outcome.published.removed == ["v1/calls/month=2026-05/acme.web.parquet"]


def test_the_list_price_stands_beside_what_was_recorded(store: ProdLensStore, tmp_path: Path) -> None:
    """A computed cost is its own list price; a recorded one and the user's own have the list's beside them."""
    known = {"model": "claude-sonnet-4-5", "provider": "anthropic", "tokens_in": 1000, "tokens_out": 10}
    store.insert_sessions(
        [
            call("5-01", cost_usd=9.0, cost_source="computed", **known),
            call("5-02", cost_usd=9.0, cost_source="own-price", **known),
            call("5-03", cost_usd=9.0, cost_source="recorded", model="nobody's", tokens_in=5),
        ]
    )
    published(store, tmp_path)
    assert [row["list_cost_usd"] for row in rows(tmp_path, "calls")] == [Decimal(9), Decimal("0.00315"), None]


_COST = st.one_of(st.none(), st.floats(0, 1e6, allow_nan=False))


@examples(25)
@given(st.lists(st.tuples(st.integers(1, 6), _COST, st.sampled_from([None, 1, 2])), max_size=30))
def test_any_calls_add_up(tmp_path_factory: pytest.TempPathFactory, given_calls: list[tuple[Any, ...]]) -> None:
    """Whatever calls there are, published costs add up to the ledger, and those of pull requests to a part of it."""
    folder = tmp_path_factory.mktemp("place")
    made = [call(f"{month}-05", cost_usd=cost, pull_request=number) for month, cost, number in given_calls]
    with ProdLensStore(":memory:") as store:
        store.insert_sessions(made)
        published(store, folder)
        whole = ledger(store.conn).total
    found = [row for file in published_files(folder, "calls") for row in pq.read_table(file).to_pylist()]
    costs = [row for file in published_files(folder, "pull_request_costs") for row in pq.read_table(file).to_pylist()]
    assert len(found) == whole.calls == len(given_calls)
    assert sum(row["cost_usd"] is None for row in found) == whole.unpriced_calls
    total = sum((row["cost_usd"] or Decimal(0) for row in found), Decimal(0))
    assert abs(float(total) - (whole.cost_usd or 0)) < 0.005
    attributed = sum((row["cost_usd"] or Decimal(0) for row in found if row["pull_request"] is not None), Decimal(0))
    assert sum((row["cost_usd"] or Decimal(0) for row in costs), Decimal(0)) == attributed


def test_values_that_cannot_be_published_fail_their_repository_alone(store: ProdLensStore, tmp_path: Path) -> None:
    """If another program wrote bytes for a text, the repository that has them fails and the others are published."""
    store.insert_sessions([call("5-01"), call("5-01", repo_slug="acme/api")])
    store.insert_pull_requests([pull(1, "5-02", "5-03")])
    store.conn.execute("UPDATE pull_requests SET title = x'ff'")
    outcomes = {each.repository: each for each in published(store, tmp_path, "acme/api", "acme/web")}
    assert outcomes["acme/web"].failure.startswith("acme/web cannot be published, since a value of the database")
    assert [row["repository"] for row in rows(tmp_path, "calls")] == ["acme/api"]
