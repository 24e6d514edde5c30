"""What pull requests cost."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prodlens.evidence import BranchUse
from prodlens.metrics import ReportGenerator, calls_of_pull_request
from prodlens.metrics.attributed_calls import Part, read_attributed_calls
from prodlens.metrics.pull_request_costs import first_calls, pull_request_costs
from prodlens.metrics.request import ReportRequest
from prodlens.metrics.timeline import Window
from prodlens.schemas import SessionBranch, SessionLink
from prodlens.storage import ProdLensStore, put_session_marks
from tests.metrics.situations import REPO, at, call, pull, report_on

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


def costs_of(
    calls: list[dict[str, Any]],
    pulls: list[dict[str, Any]],
    links: Iterable[SessionLink] = (),
    branches: Iterable[SessionBranch] = (),
    **options: Any,
) -> dict[str, Any]:
    """Report on calls, pull requests and what sessions say, and return what pull requests cost."""
    with ProdLensStore(":memory:") as store:
        store.insert_sessions(calls)
        store.insert_pull_requests(pulls)
        with store.transaction() as conn:
            put_session_marks(conn, links, branches)
        section: dict[str, Any] = report_on(store, **options)["pull_request_costs"]
        return section


def spent(when: str, cost: float | None, **changes: Any) -> dict[str, Any]:
    """Return a call that cost something."""
    return call(when, cost_usd=cost, model="m-1", total_tokens=100, **changes)


def feature(
    number: int, opened: str, merged: str | None = None, head: str = "feature", **changes: Any
) -> dict[str, Any]:
    """Return a pull request of the repository's own branch into main."""
    return pull(number, opened, merged, title=f"Change {number}", head_ref=head, base_ref="main", **changes)


def test_calls_go_to_the_number_that_they_name_and_else_to_their_branch() -> None:
    """A number beats the branch; a branch has the calls up to the merge; the rest is unattributed."""
    found = costs_of(
        [
            spent("5-02", 1.0, branch="feature"),
            spent("5-02", 2.0, branch="feature", pull_request=8),
            spent("5-04", 4.0, branch="feature"),
            spent("5-02", 8.0, branch="main"),
            spent("5-02", None, branch="feature"),
        ],
        [feature(7, "5-02", "5-03"), feature(8, "5-01", "5-05", "other")],
    )
    assert [(row["number"], row["cost_usd"], row["confidence"]) for row in found["pull_requests"]] == [
        (8, 2.0, "high"),
        (7, 1.0, "medium"),
    ]
    assert found["total"] == {"sessions": 5, "total_tokens": 500, "cost_usd": 15.0, "unpriced_sessions": 1}
    assert found["attributed"] == {"sessions": 3, "total_tokens": 300, "cost_usd": 3.0, "unpriced_sessions": 1}
    assert found["unattributed"] == {"sessions": 2, "total_tokens": 200, "cost_usd": 12.0, "unpriced_sessions": 0}
    assert found["by_confidence"]["high"]["cost_usd"] == 2.0
    assert found["by_confidence"]["medium"]["cost_usd"] == 1.0


def test_a_pull_request_has_the_cost_of_all_its_calls() -> None:
    """Work before the window is part of what a pull request cost, and no part of the window's total."""
    found = costs_of([spent("4-20", 3.0, branch="feature"), spent("5-02", 1.0, branch="feature")], [feature(7, "4-19")])
    assert found["pull_requests"][0]["cost_usd"] == 4.0
    assert found["total"]["cost_usd"] == found["attributed"]["cost_usd"] == 1.0


def test_the_distribution_is_over_pull_requests_merged_in_the_window_with_a_cost() -> None:
    """Six of seven merged ones have a cost: the median, its interval and the 90th percentile are theirs."""
    pulls = [feature(n, f"5-{n:02}", f"5-{n:02} 18:00", f"f-{n}") for n in range(1, 8)]
    calls = [spent(f"5-{n:02}", float(n), branch=f"f-{n}") for n in range(1, 7)]
    merged = costs_of([*calls, spent("4-02", 50.0, branch="early")], [*pulls, feature(99, "4-01", "4-03", "early")])[
        "merged"
    ]
    assert merged == {
        "pull_requests": 7,
        "with_cost": 6,
        "share_with_cost": pytest.approx(6 / 7),
        "cost_usd": 21.0,
        "median_usd": 3.5,
        "median_interval": {"low": 1.0, "high": 6.0, "level": 0.95},
        "percentile_90_usd": pytest.approx(5.5),
        "percentile_90_interval": None,
    }


def test_unmerged_and_reverted_work_has_its_cost() -> None:
    """Closed without a merge counts by its closing; reverted is what a later merged ``Revert "title"`` names."""
    closed = feature(3, "5-02", None, "given-up") | {"state": "closed", "closed_at": "2026-05-04T00:00:00Z"}
    pulls = [
        closed,
        feature(4, "5-02", "5-03", "bad"),
        feature(5, "5-04", "5-05", "back") | {"title": 'Revert "Change 4"'},
        feature(6, "5-04", None, "unsure") | {"title": 'Revert "Change 3"'},
    ]
    found = costs_of([spent("5-02", 2.0, branch="given-up"), spent("5-02", 5.0, branch="bad")], pulls)
    assert found["closed_unmerged"] == {"pull_requests": 1, "with_cost": 1, "cost_usd": 2.0}
    assert found["reverted"] == {"pull_requests": 1, "with_cost": 1, "cost_usd": 5.0}
    assert [(row["number"], row["reverted"]) for row in found["pull_requests"]] == [(4, True), (3, False)]


def test_work_of_the_period_is_distinguished_from_work_before_it() -> None:
    """A pull request is of the period by a call, its merge or its closing; a revert counts when it happens."""
    found = costs_of(
        [
            spent("4-02", 1.0, pull_request=1),
            spent("4-02", 2.0, pull_request=2),
            spent("4-02", 4.0, pull_request=3),
            spent("5-02", 8.0, pull_request=4),
        ],
        [
            feature(1, "4-01", "4-03"),
            feature(2, "4-01", "4-03"),
            feature(3, "4-01", "5-03"),
            feature(4, "4-01"),
            feature(5, "5-04", "5-05", reverts=2),
        ],
    )
    assert {row["number"]: row["in_period"] for row in found["pull_requests"]} == {1: False, 2: False, 3: True, 4: True}
    assert found["reverted"] == {"pull_requests": 1, "with_cost": 1, "cost_usd": 2.0}


def test_pull_requests_of_bots_are_not_among_the_merged() -> None:
    """The distribution is over the work of people, as every other figure is."""
    found = costs_of(
        [spent("5-02", 1.0, pull_request=1), spent("5-02", 9.0, pull_request=2), spent("5-02", 5.0, pull_request=3)],
        [
            feature(1, "5-01", "5-03"),
            feature(2, "5-01", "5-03", author="renovate[bot]"),
            feature(3, "5-01", "5-03", author="deployer", author_type="Bot"),
        ],
    )
    assert (found["merged"]["pull_requests"], found["merged"]["median_usd"]) == (1, 1.0)
    assert [row["number"] for row in found["pull_requests"]] == [2, 3, 1]


def test_a_model_has_one_name_in_a_row() -> None:
    """Two names of one model are one in the row of a pull request, as everywhere in reports."""
    names = ("claude-sonnet-4-5", "anthropic/claude-sonnet-4-5")
    calls = [spent("5-02", 1.0, pull_request=3) | {"model": name} for name in names]
    assert costs_of(calls, [])["pull_requests"][0]["models"] == ["claude-sonnet-4-5"]


def test_a_number_that_was_never_synced_is_attributed_all_the_same() -> None:
    """A call that names a pull request belongs to it, whether or not GitHub was asked about it."""
    row = costs_of([spent("5-02", 1.5, pull_request=41)], [])["pull_requests"][0]
    assert (row["number"], row["title"], row["state"], row["cost_usd"]) == (41, None, None, 1.5)


def test_calls_that_name_no_repository_belong_to_none_where_they_are_shown_apart() -> None:
    """Beside several repositories a bare number is nobody's."""
    loose = [spent("5-02", 1.0, pull_request=7) | {"repo_slug": None}]
    found = costs_of(loose, [feature(7, "5-01")], unnamed="only")
    assert (found["pull_requests"], found["unattributed"]["cost_usd"]) == ([], 1.0)
    assert costs_of(loose, [feature(7, "5-01")])["attributed"]["cost_usd"] == 1.0
    ended = [feature(7, "5-01", "5-02"), feature(8, "5-01", None, "x", state="closed", closed_at=at("5-02"))]
    apart = costs_of(loose, ended, unnamed="only")
    assert (apart["merged"]["pull_requests"], apart["closed_unmerged"]["pull_requests"]) == (0, 0)


SHA = "c" * 40


def owners_of(found: dict[str, Any]) -> list[tuple[int, float, str]]:
    """Return number, cost and confidence of every pull request, by number."""
    return sorted((row["number"], row["cost_usd"], row["confidence"]) for row in found["pull_requests"])


def test_the_strongest_key_decides() -> None:
    """A number beats a link, a link beats a commit, a commit a branch and a branch the person, who is asked for."""
    pulls = [
        feature(1, "5-01"),
        feature(2, "5-01", head="linked"),
        feature(3, "5-01", head="committed", head_sha=SHA),
        feature(4, "5-01", head="own"),
        feature(5, "5-01", head="personal", author="Ada"),
    ]
    keys: dict[str, Any] = {"developer_id": "ada", "branch": "own", "commit_sha": SHA, "session_id": "s"}
    calls = [
        spent("5-03", 1.0, **keys, pull_request=1),
        spent("5-03", 2.0, **keys),
        spent("5-01", 4.0, **keys),
        spent("5-03", 8.0, **keys | {"session_id": "t"}),
        spent("5-03", 16.0, developer_id="ada", branch="own"),
        spent("5-03", 32.0, developer_id="ADA"),
        spent("5-03", 64.0),
    ]
    links = [SessionLink("s", at("5-02"), REPO, 2)]
    found = costs_of(calls, pulls, links, attribute_by_person=True)
    assert owners_of(found) == [
        (1, 1.0, "high"),
        (2, 6.0, "medium"),
        (3, 8.0, "medium"),
        (4, 16.0, "medium"),
        (5, 32.0, "low"),
    ]
    assert {name: line["cost_usd"] for name, line in found["by_confidence"].items()} == {
        "high": 3.0,
        "medium": 28.0,
        "low": 32.0,
    }
    assert found["unattributed"]["cost_usd"] == 64.0
    assert 5 not in {number for number, _, _ in owners_of(costs_of(calls, pulls, links))}


def test_a_persons_other_names_are_theirs_and_a_name_that_is_another_persons_is_not() -> None:
    """The people file says whose a name is, also where a login is spelled like it."""
    pulls = [feature(1, "5-01", author="ada-l"), feature(2, "5-01", head="b", author="ada")]
    calls = [spent("5-02", 1.0, developer_id="Ada"), spent("5-02", 2.0, developer_id="ada-l")]
    found = costs_of(calls, pulls, attribute_by_person=True, people={"ada": "ada-l"})
    assert owners_of(found) == [(1, 3.0, "low")]


def test_links_to_another_repository_are_for_calls_that_name_none() -> None:
    """A call that names this repository follows this one's links; one that names none follows the session's next."""
    links = [SessionLink("s", at("5-02"), REPO, 7), SessionLink("s", at("5-05"), "acme/api", 9)]
    calls = [
        spent("5-03", 1.0, session_id="s", branch="feature"),
        spent("5-03", 2.0, session_id="s", branch="feature") | {"repo_slug": None},
        spent("5-01", 4.0, session_id="s", branch="feature") | {"repo_slug": None},
    ]
    found = costs_of(calls, [feature(8, "5-01")], links)
    assert owners_of(found) == [(7, 5.0, "medium")]
    assert found["unattributed"]["cost_usd"] == 2.0


def test_in_a_worktree_the_branch_is_the_worktrees() -> None:
    """From entering to leaving a worktree the session's calls are on its branch, whatever their lines name."""
    calls = [spent(f"5-0{day}", float(2**day), session_id="s", branch="feature") for day in range(1, 6)]
    marks = [SessionBranch("s", at("5-02"), "tree"), SessionBranch("s", at("5-04"), None)]
    found = costs_of(calls, [feature(7, "5-01"), feature(8, "5-01", head="tree")], branches=marks)
    assert owners_of(found) == [(7, 38.0, "medium"), (8, 24.0, "medium")]


def test_work_in_workflows_stands_apart_from_work_at_desks() -> None:
    """The parts add up to what is attributed, and a row says what workflows spent on it."""
    calls = [
        spent("5-02", 1.0, pull_request=7, origin="workflow"),
        spent("5-02", 2.0, pull_request=7, origin="desk"),
        spent("5-02", 4.0, pull_request=7),
        spent("5-02", 8.0, pull_request=8, origin="elsewhere"),
        spent("5-02", 16.0, origin="workflow"),
    ]
    found = costs_of(calls, [])
    assert {name: line["cost_usd"] for name, line in found["by_origin"].items()} == {
        "workflow": 1.0,
        "desk": 2.0,
        "unknown": 12.0,
    }
    assert [row["workflow_cost_usd"] for row in found["pull_requests"]] == [None, 1.0]


CALLS = st.lists(
    st.fixed_dictionaries(
        {
            "day": st.integers(1, 20),
            "cost": st.floats(0.01, 50) | st.none(),
            "branch": st.sampled_from(["a", "b", "main", None]),
            "pull_request": st.none() | st.integers(1, 4),
            "session_id": st.sampled_from(["s", "t", None]),
            "commit_sha": st.sampled_from([SHA, "d" * 40, None]),
            "developer_id": st.sampled_from(["ada", "eve", None]),
            "origin": st.sampled_from(["workflow", "desk", None]),
            "repo_slug": st.sampled_from([REPO, None]),
        }
    ),
    max_size=12,
)
PULLS = st.lists(
    st.tuples(
        st.integers(1, 4),
        st.integers(1, 20),
        st.none() | st.integers(1, 20),
        st.sampled_from(["a", "b"]),
        st.sampled_from(["ada", "eve"]),
        st.sampled_from([SHA, None]),
    ),
    max_size=4,
    unique_by=lambda one: one[0],
)
LINKS = st.lists(
    st.tuples(st.sampled_from(["s", "t"]), st.integers(1, 20), st.sampled_from([REPO, "acme/api"]), st.integers(1, 4)),
    max_size=4,
)
STATES = st.lists(st.tuples(st.sampled_from("st"), st.integers(1, 20), st.sampled_from(["a", None])), max_size=3)
Calls = list[dict[str, Any]]
Pulls = list[tuple[int, int, int | None, str, str, str | None]]
Links = list[tuple[str, int, str, int]]
States = list[tuple[str, int, str | None]]


def rows_of(calls: Calls) -> list[dict[str, Any]]:
    """Return the rows of drawn calls."""
    return [
        spent(f"5-{each['day']:02}", each["cost"]) | {k: v for k, v in each.items() if k not in ("day", "cost")}
        for each in calls
    ]


def pulls_of(pulls: Pulls) -> list[dict[str, Any]]:
    """Return the rows of drawn pull requests."""
    return [
        feature(n, f"5-{opened:02}", f"5-{end:02}" if end else None, head, author=author, head_sha=sha)
        for n, opened, end, head, author, sha in pulls
    ]


def marks_of(links: Links, states: States) -> tuple[list[SessionLink], list[SessionBranch]]:
    """Return what drawn sessions say."""
    return (
        [SessionLink(session, at(f"5-{day:02}"), repo, number) for session, day, repo, number in links],
        [SessionBranch(session, at(f"5-{day:02}"), branch) for session, day, branch in states],
    )


@given(CALLS, PULLS, LINKS, STATES, st.booleans())
def test_attributed_and_unattributed_add_up_to_the_total(
    calls: Calls, pulls: Pulls, links: Links, states: States, by_person: bool
) -> None:
    """Whatever names, branches and times there are, every call is counted once and no cent is lost."""
    found = costs_of(rows_of(calls), pulls_of(pulls), *marks_of(links, states), attribute_by_person=by_person)
    for key in ("sessions", "total_tokens", "unpriced_sessions"):
        assert found["total"][key] == found["attributed"][key] + found["unattributed"][key]
        for parts in ("by_confidence", "by_origin"):
            assert found["attributed"][key] == sum(line[key] for line in found[parts].values())
    assert found["total"]["sessions"] == len(calls)
    for parts in ("by_confidence", "by_origin"):
        part_costs = [line["cost_usd"] or 0.0 for line in found[parts].values()]
        assert sum(part_costs) == pytest.approx(found["attributed"]["cost_usd"] or 0.0)
    known = [row["cost_usd"] or 0.0 for row in found["pull_requests"]]
    assert sum(known) == pytest.approx(found["attributed"]["cost_usd"] or 0.0)
    assert by_person or found["by_confidence"]["low"]["sessions"] == 0


@given(CALLS, PULLS, LINKS, STATES, st.randoms(use_true_random=False))
def test_order_repetition_and_split_change_nothing(
    calls: Calls, pulls: Pulls, links: Links, states: States, random: Any
) -> None:
    """Rows, links and states give the same figures in any order, given twice and in parts."""
    rows, requests, marks = rows_of(calls), pulls_of(pulls), marks_of(links, states)
    expected = costs_of(rows, requests, *marks, attribute_by_person=True)
    given_: list[Any] = [*rows, *requests, *marks[0], *marks[1]] * 2
    random.shuffle(given_)
    with ProdLensStore(":memory:") as store:
        for each in given_:
            if isinstance(each, SessionLink | SessionBranch):
                links_, branches = ([each], []) if isinstance(each, SessionLink) else ([], [each])
                with store.transaction() as conn:
                    put_session_marks(conn, links_, branches)
            elif "created_at" in each:
                store.insert_pull_requests([each])
            else:
                store.insert_sessions([each])
        found = report_on(store, attribute_by_person=True)["pull_request_costs"]
    for section in (expected, found):
        section["pull_requests"] = sorted(section["pull_requests"], key=lambda row: row["number"])
    assert json.dumps(rounded(found)) == json.dumps(rounded(expected))


def rounded(value: Any) -> Any:
    """Return JSON values with numbers to the millionth of a dollar: sums depend on their order beyond that."""
    if isinstance(value, dict):
        return {key: rounded(each) for key, each in value.items()}
    if isinstance(value, list):
        return [rounded(each) for each in value]
    return round(value, 6) if isinstance(value, float) else value


def test_the_repository_can_be_asked_for_in_any_case() -> None:
    """``Acme/Web`` and ``acme/web`` are one repository, whose branch a pull request names in either way."""
    with ProdLensStore(":memory:") as store:
        store.insert_sessions([spent("5-02", 1.0, branch="feature")])
        store.insert_pull_requests([feature(7, "5-01", head_repo="Acme/Web")])
        found = ReportGenerator(store).generate_report(repo="Acme/WEB", since=at("5-01"))
    assert found["pull_request_costs"]["attributed"]["cost_usd"] == 1.0
    assert found["ai_share"]["merged_pull_requests"]["total"] == 0


def test_a_store_on_disk_is_only_read(tmp_path: Path) -> None:
    """The section leaves no table behind in the store."""
    with ProdLensStore(tmp_path / "cache.db") as store:
        store.insert_sessions([spent("5-02", 1.0, branch="feature")])
        report_on(store)
        names = {row[0] for row in store.conn.execute("SELECT name FROM sqlite_master")}
    assert "branch_claim" not in names


@given(CALLS, PULLS, LINKS, STATES)
def test_what_is_asked_of_one_pull_request_is_its_row(calls: Calls, pulls: Pulls, links: Links, states: States) -> None:
    """Asked for one pull request or for all of them, the same calls are its own; an unknown one has none."""
    with ProdLensStore(":memory:") as store:
        store.insert_sessions(rows_of(calls))
        store.insert_pull_requests(pulls_of(pulls))
        with store.transaction() as conn:
            put_session_marks(conn, *marks_of(links, states))
        found = report_on(store, attribute_by_person=True)
        rows = {row["number"]: row for row in found["pull_request_costs"]["pull_requests"]}
        for number in range(6):
            parts = calls_of_pull_request(store.conn, REPO, number, by_person=True)
            assert sum(part.calls for part in parts) == (rows[number]["sessions"] if number in rows else 0)
            known = [part.cost_usd for part in parts if part.cost_usd is not None]
            assert sum(known) == pytest.approx((rows[number]["cost_usd"] if number in rows else None) or 0.0)


def test_a_pull_request_that_is_not_stored_yet_claims_the_branch_that_it_is_said_to_have() -> None:
    """Before the first sync what GitHub says of it counts; once it is stored, what is stored does."""
    said = BranchUse(9, "feature", REPO, "main", "2026-05-03T00:00:00+00:00", None)
    with ProdLensStore(":memory:") as store:
        store.insert_sessions([spent("5-02", 1.0, branch="feature"), spent("5-04", 2.0, branch="feature")])
        assert [part.cost_usd for part in calls_of_pull_request(store.conn, REPO, 9)] == []
        assert [part.cost_usd for part in calls_of_pull_request(store.conn, REPO, 9, said)] == [3.0]
        store.insert_pull_requests([feature(7, "5-01", "5-03", head_repo=REPO)])
        assert [part.cost_usd for part in calls_of_pull_request(store.conn, REPO, 9, said)] == [2.0]
        store.insert_pull_requests([feature(9, "5-03", None, "other")])
        assert [part.cost_usd for part in calls_of_pull_request(store.conn, REPO, 9, said)] == []


def test_a_row_says_everything_of_its_pull_request() -> None:
    """The newest row of a number gives title and state; models, times, tokens and costs are those of all its calls."""
    calls = [
        spent("5-02 10:00", 1.0, pull_request=7, origin="workflow"),
        spent("5-02 09:00", 2.0, branch="feature") | {"model": "m-2"},
        spent("5-01 08:00", 4.0, developer_id="ada"),
        spent("4-20 07:00", None, branch="feature", origin="workflow"),
    ]
    older = feature(7, "4-01", "4-19", author="eve") | {"id": 1, "title": "Old"}
    pulls = [older, feature(7, "4-20 07:00", "5-03", author="ada"), feature(9, "5-04", state="closed")]
    found = costs_of(calls, pulls, attribute_by_person=True)
    assert found["pull_requests"] == [
        {
            "number": 7,
            "title": "Change 7",
            "state": "merged",
            "reverted": False,
            "in_period": True,
            "models": ["m-1", "m-2"],
            "confidence": "low",
            "first_call_at": "2026-04-20T07:00:00+00:00",
            "sessions": 4,
            "total_tokens": 400,
            "cost_usd": 7.0,
            "unpriced_sessions": 1,
            "workflow_cost_usd": 1.0,
        }
    ]
    assert found["total"] == {"sessions": 3, "total_tokens": 300, "cost_usd": 7.0, "unpriced_sessions": 0}
    assert found["by_confidence"]["low"] == {
        "sessions": 1,
        "total_tokens": 100,
        "cost_usd": 4.0,
        "unpriced_sessions": 0,
    }


def test_the_dearest_stands_first_then_the_one_with_most_calls() -> None:
    """Pull requests of one cost come by their calls, and then by their number; those without a cost come last."""
    costs: dict[int, list[float | None]] = {9: [1.0], 3: [1.0], 5: [0.5, 0.5], 2: [None], 1: [None, None], 8: [3.0]}
    calls = [spent("5-02", cost, pull_request=number) for number, own in costs.items() for cost in own]
    assert [row["number"] for row in costs_of(calls, [])["pull_requests"]] == [8, 5, 3, 9, 1, 2]


def test_the_start_of_the_window_is_inside_and_its_end_outside() -> None:
    """Merged, closed or reverted at 00:00 of the first day counts, at 00:00 of the day after the last one does not."""
    ends = {1: "4-30 23:59:59", 2: "5-01 00:00", 3: "5-31 23:59:59", 4: "6-01 00:00"}
    merged = [feature(n, "4-01", end, f"m-{n}") for n, end in ends.items()]
    closed = [feature(10 + n, "4-01", None, f"c-{n}", state="closed", closed_at=at(end)) for n, end in ends.items()]
    reverting = [feature(20 + n, "4-01", end, f"r-{n}", reverts=30 + n) for n, end in ends.items()]
    reverted = [feature(30 + n, "3-01", "3-02", f"t-{n}") for n in ends]
    numbers = [*ends, *(10 + n for n in ends), *(30 + n for n in ends)]
    calls = [spent("3-01", float(2**n), pull_request=number) for n, number in enumerate(numbers)]
    found = costs_of(calls, [*merged, *closed, *reverting, *reverted], until=at("6-01 00:00"))
    assert found["closed_unmerged"] == {"pull_requests": 2, "with_cost": 2, "cost_usd": 2.0**5 + 2.0**6}
    assert found["reverted"] == {"pull_requests": 2, "with_cost": 2, "cost_usd": 2.0**9 + 2.0**10}
    # The two that take something back were merged too, and cost nothing that is known.
    names = ("pull_requests", "with_cost", "share_with_cost", "cost_usd")
    assert [found["merged"][name] for name in names] == [4, 2, 0.5, 2.0**1 + 2.0**2]
    in_period = {row["number"] for row in found["pull_requests"] if row["in_period"]}
    assert in_period == {2, 3, 12, 13}


def test_where_nothing_was_merged_or_nothing_cost_anything_known() -> None:
    """Without a merge there is no share, without a cost there is a share of nothing, and neither has an amount."""
    nothing = {
        "pull_requests": 0,
        "with_cost": 0,
        "share_with_cost": None,
        "cost_usd": None,
        "median_usd": None,
        "median_interval": None,
        "percentile_90_usd": None,
        "percentile_90_interval": None,
    }
    found = costs_of([spent("5-02", 1.0, pull_request=7)], [feature(7, "5-01")])
    assert found["merged"] == nothing
    assert found["closed_unmerged"] == found["reverted"] == {"pull_requests": 0, "with_cost": 0, "cost_usd": None}
    found = costs_of([spent("5-02", None, pull_request=7)], [feature(7, "5-01", "5-02")])
    assert found["merged"] == nothing | {"pull_requests": 1, "share_with_cost": 0.0}
    assert found["by_confidence"]["high"]["cost_usd"] is None


def test_costs_that_leave_the_range_of_numbers_are_unknown_here_too() -> None:
    """Two costs that each are a number and add up to none leave every sum of both unknown, and each row known."""
    pulls = [
        *(feature(n, "4-01", "5-02", author="ada") for n in (1, 2)),
        *(feature(n, "4-01", state="closed", closed_at=at("5-02"), author="ada") for n in (3, 4)),
    ]
    found = costs_of([spent("4-02", 1.7e308, pull_request=n) for n in range(1, 5)], pulls)
    assert [row["cost_usd"] for row in found["pull_requests"]] == [1.7e308] * 4
    assert (found["merged"]["cost_usd"], found["closed_unmerged"]["cost_usd"]) == (None, None)


def test_the_models_of_one_pull_request_have_all_their_sums() -> None:
    """Calls, tokens, costs and times of each model as it is stored; without calls that name no repository if asked."""
    calls = [
        spent("5-02 10:00", 1.0, pull_request=7),
        spent("5-02 09:00", None, pull_request=7),
        spent("5-03 09:00", 2.0, pull_request=7) | {"repo_slug": None, "model": "m-2"},
        spent("5-03 09:00", 4.0, pull_request=7) | {"repo_slug": "acme/api"},
        spent("5-03 09:00", 8.0, pull_request=8),
        spent("5-03 09:00", 16.0, developer_id="ada@example.org"),
    ]
    first = ("m-1", 2, 200, 1.0, 1, "2026-05-02T09:00:00+00:00", "2026-05-02T10:00:00+00:00")
    second = ("m-2", 1, 100, 2.0, 1, "2026-05-03T09:00:00+00:00", "2026-05-03T09:00:00+00:00")
    with ProdLensStore(":memory:") as store:
        store.insert_sessions(calls)
        store.insert_pull_requests([feature(7, "5-01", author="ada")])
        people = {"ada@example.org": "ada"}
        assert calls_of_pull_request(store.conn, "Acme/Web", 7, people=people) == [first, second]
        assert calls_of_pull_request(store.conn, REPO, 7, unnamed=False) == [first]
        by_person = calls_of_pull_request(store.conn, REPO, 7, by_person=True, people=people)
        assert [(part.model, part.calls, part.cost_usd) for part in by_person] == [("m-1", 3, 17.0), ("m-2", 1, 2.0)]


def test_the_first_sure_call_of_each_pull_request() -> None:
    """The first call by number or branch, before or in the window; one by its person alone does not count."""
    calls = [
        spent("5-03", 1.0, pull_request=7),
        spent("4-20", 1.0, branch="feature"),
        spent("4-10", 1.0, developer_id="ada"),
        spent("5-02", 1.0, developer_id="eve"),
        spent("5-02", 1.0),
    ]
    pulls = [feature(7, "4-01", author="ada"), feature(8, "4-01", head="other", author="eve")]
    request = ReportRequest(repo=REPO, since=at("5-01 00:00"), attribute_by_person=True)
    with ProdLensStore(":memory:") as store:
        store.insert_sessions(calls)
        store.insert_pull_requests(pulls)
        parts = read_attributed_calls(store.conn, request, Window(at("5-01 00:00"), at("6-01 00:00"))).parts
        assert first_calls(parts) == {7: "2026-04-20T12:00:00+00:00"}
        rows = report_on(store, attribute_by_person=True)["pull_request_costs"]["pull_requests"]
    assert {row["number"]: row["first_call_at"] for row in rows} == {7: "2026-04-20T12:00:00+00:00", 8: None}


def test_parts_that_do_not_make_the_total_are_never_reported() -> None:
    """Half a cent is rounding; more, or a total that is missing, is an error of ours; infinite parts are unknown."""
    request = ReportRequest(repo=REPO, since=at("5-01 00:00"))
    window = Window(at("5-01 00:00"), at("6-01 00:00"))

    def balanced(total: float | None, *costs: float) -> None:
        parts = [
            Part(
                number or None,
                "high" if number else None,
                "desk",
                True,
                {"m"},
                1,
                1,
                cost,
                1,
                "2026-05-02T00:00:00+00:00",
            )
            for number, cost in enumerate(costs)
        ]
        with ProdLensStore(":memory:") as store:
            pull_request_costs(store.conn, request, window, total, parts, {})

    balanced(3.0, 1.0, 2.0)
    balanced(3.004, 1.0, 2.0)
    balanced(3e12, 1e12, 2e12 + 1.0)
    balanced(None)
    balanced(0.0, float("inf"))
    for total, costs in ((3.006, (1.0, 2.0)), (None, (1.0, 2.0)), (1.0, ())):
        with pytest.raises(AssertionError, match="do not balance: "):
            balanced(total, *costs)


def test_many_costs_have_an_interval_of_their_90th_percentile() -> None:
    """Of the costs 1 to 40, the 90th percentile is 36.1, between the 32nd and the 40th of them."""
    pulls = [feature(n, "5-01", "5-20", f"f-{n}") for n in range(1, 41)]
    merged = costs_of([spent("5-02", float(n), pull_request=n) for n in range(1, 41)], pulls)["merged"]
    assert merged["percentile_90_usd"] == pytest.approx(36.1)
    assert merged["percentile_90_interval"] == {"low": 32.0, "high": 40.0, "level": 0.95}
