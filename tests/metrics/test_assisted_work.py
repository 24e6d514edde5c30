"""Which pull requests are assisted, which are not, and which take no part."""

from __future__ import annotations

import time
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prodlens.evidence import Evidence, stored_evidence
from prodlens.metrics.assisted_work import Findings, Work, read_levels, read_work
from prodlens.metrics.request import ReportRequest
from prodlens.metrics.timeline import Window
from prodlens.metrics.traced_people import read_traces
from prodlens.storage import ProdLensStore, revert_times
from tests.examples import examples
from tests.metrics.situations import REPO, at, call, pull, report_on

PERIOD = Window(at("5-01 00:00"), at("6-30 00:00"))


def change(number: int, opened: str, merged: str | None = None, **changes: Any) -> dict[str, Any]:
    """Return a pull request of Ada's into main, on a branch of its own."""
    row = pull(number, opened, merged, title=f"Change {number}", author="Ada", base_ref="main", head_ref=f"f-{number}")
    return {**row, "additions": 3, "deletions": 1, "changed_files": 2, "draft": False, **changes}


def traced(when: str, **changes: Any) -> dict[str, Any]:
    """Return a call of Ada's."""
    return call(when, developer_id="ada", **changes)


def counts(pulls: list[dict[str, Any]], calls: list[dict[str, Any]], **options: Any) -> dict[str, Any]:
    """Return how many pull requests of May and June are of which kind."""
    with ProdLensStore(":memory:") as store:
        store.insert_sessions(calls)
        store.insert_pull_requests(pulls)
        section = report_on(store, until=at("6-30 00:00"), **options)["assisted_pull_requests"]
        found: dict[str, Any] = section["pull_requests"]
        return found


def kinds(pulls: list[dict[str, Any]], calls: list[dict[str, Any]], **options: Any) -> dict[str, int]:
    """Return the kinds that occur."""
    names = ("traced", "signed", "nearby", "other", "unknown")
    found = counts(pulls, calls, **options)
    return {name: found[name] for name in names if found[name]}


def works(pulls: list[dict[str, Any]]) -> list[Work]:
    """Return pull requests as the comparison sees them; nobody is traced."""
    request = ReportRequest(repo=REPO, since=PERIOD.start)
    with ProdLensStore(":memory:") as store:
        store.insert_pull_requests(pulls)
        traces = read_traces(store.conn, request, PERIOD.end)
        return read_work(
            store.conn,
            request,
            PERIOD,
            traces,
            Findings({}, stored_evidence(store.conn, REPO), revert_times(store.conn, REPO)),
        )[0]


def test_a_call_on_the_branch_before_the_opening_makes_it_traced() -> None:
    """By its branch or by its number; the moment of the opening itself is early enough."""
    assert kinds([change(1, "5-06", "5-07")], [traced("5-05", branch="f-1")]) == {"traced": 1}
    assert kinds([change(1, "5-06", "5-07")], [traced("5-06", pull_request=1)]) == {"traced": 1}


def test_calls_after_the_opening_alone_decide_nothing() -> None:
    """A pull request whose calls all came after its opening is neither assisted nor other, and is counted."""
    found = counts([change(1, "5-06", "5-09")], [traced("5-08", branch="f-1")])
    assert found["excluded"]["calls_after_opening"] == 1
    assert (found["opened"], found["assisted"], found["other"]) == (1, 0, 0)


def test_calls_that_belong_by_their_person_alone_are_no_trace_of_it() -> None:
    """What is attributed by person and time has no sure first call, and hints at the pull request at most."""
    pulls, calls = [change(1, "5-06 10:00", "5-09")], [traced("5-06 18:00", cost_usd=1.0)]
    with ProdLensStore(":memory:") as store:
        store.insert_sessions(calls)
        store.insert_pull_requests(pulls)
        report = report_on(store, until=at("6-30 00:00"), attribute_by_person=True)
    assert [row["first_call_at"] for row in report["pull_request_costs"]["pull_requests"]] == [None]
    assert report["assisted_pull_requests"]["pull_requests"]["nearby"] == 1


def test_a_sign_is_enough_without_any_trace() -> None:
    """A label of an assistant makes it assisted, also where calls came too late to tell."""
    assert kinds([change(1, "5-06", "5-07", labels=["claude-code-assisted"])], []) == {"signed": 1}
    late = [traced("5-06 18:00", branch="f-1")]
    assert kinds([change(1, "5-06", "5-07", labels=["claude-code-assisted"])], late) == {"signed": 1}


def test_other_needs_calls_of_the_author_in_that_week() -> None:
    """A call elsewhere in the week of the opening shows that calls were being received; weeks begin on Monday."""
    elsewhere = {"repo_slug": "acme/elsewhere"}
    assert kinds([change(1, "5-10", "5-11")], [traced("5-04", **elsewhere)]) == {"other": 1}
    assert kinds([change(1, "5-10", "5-11")], [traced("5-11", **elsewhere)]) == {"unknown": 1}
    assert kinds([change(1, "5-10", "5-11")], [call("5-05", developer_id="bob", **elsewhere)]) == {"unknown": 1}
    assert kinds([change(1, "5-10", "5-11")], []) == {"unknown": 1}


def test_calls_that_name_no_branch_are_weak_evidence() -> None:
    """Ada's calls on the repository from first commit to opening hint at it, unless they name another branch."""
    day = [change(1, "5-06", "5-07")]
    assert kinds(day, [traced("5-06")]) == {"nearby": 1}
    assert kinds(day, [traced("5-06"), traced("5-06", branch="else")]) == {"other": 1}
    assert kinds(day, [traced("5-05")]) == {"other": 1}
    assert kinds(day, [traced("5-07")]) == {"other": 1}


def test_the_life_of_a_branch_begins_with_its_first_commit() -> None:
    """A first commit two days before the opening makes calls of that day nearby."""
    with ProdLensStore(":memory:") as store:
        store.insert_sessions([traced("5-04")])
        store.insert_pull_requests([change(1, "5-06", "5-07")])
        with store.transaction() as conn:
            conn.execute(
                "INSERT INTO pull_request_commits (pull_request_id, sha, timestamp) VALUES (1, 'c', ?)",
                (at("5-04").isoformat(),),
            )
        found = report_on(store, until=at("6-30 00:00"))["assisted_pull_requests"]["pull_requests"]
    assert (found["nearby"], found["other"]) == (1, 0)


def test_what_is_left_out_is_counted() -> None:
    """Bots, other branches, a life of less than a minute, reverts: the first reason counts."""
    found = counts(
        [
            change(1, "5-06", "5-07", author="dependabot[bot]"),
            change(2, "5-06", "5-07", author=None),
            change(3, "5-06", "5-07", base_ref="release"),
            change(4, "5-06 12:00", "5-06 12:00"),
            change(5, "5-06", "5-07", title='Revert "Change 6"'),
            change(6, "5-06", "5-07"),
            change(7, "5-06", "5-07", base_ref=None),
            change(8, "7-06", "7-07"),
        ],
        [],
    )
    assert found["excluded"] == {
        "bots": 2,
        "other_base": 1,
        "under_a_minute": 1,
        "reverts": 1,
        "calls_after_opening": 0,
    }
    assert (found["opened"], found["unknown"]) == (7, 2)


def test_the_default_branch_is_what_github_says() -> None:
    """Only if GitHub does not name the default branch, the most frequent base counts as it."""
    pulls = [change(1, "5-06", "5-07", base_ref="dev"), change(2, "5-06", "5-07", base_ref="main")]
    assert counts(pulls, [])["excluded"]["other_base"] == 1
    with ProdLensStore(":memory:") as store:
        store.insert_pull_requests([*pulls, change(3, "5-06", "5-07")])
        store.conn.execute("INSERT INTO repositories (repo_slug, default_branch) VALUES (?, 'dev')", (REPO,))
        found = report_on(store, until=at("6-30 00:00"))["assisted_pull_requests"]["pull_requests"]
    assert (found["excluded"]["other_base"], found["unknown"]) == (2, 1)


def test_people_are_matched_by_login() -> None:
    """A name in traces becomes the login, whatever its case; a pseudonym works like a name."""
    day, elsewhere = [change(1, "5-06", "5-07")], {"repo_slug": "acme/elsewhere"}
    calls = [call("5-05", developer_id="Ada@Example.org", **elsewhere)]
    assert kinds(day, calls) == {"unknown": 1}
    assert kinds(day, calls, people={"ada@example.org": "ADA"}) == {"other": 1}
    hidden = [change(1, "5-06", "5-07", author="p-123456789abc")]
    assert kinds(hidden, [call("5-05", developer_id="p-123456789abc", **elsewhere)]) == {"other": 1}


def test_calls_without_a_repository_alone_have_no_pull_requests() -> None:
    """Where only loose calls are reported on, no pull request belongs to them."""
    assert counts([change(1, "5-06", "5-07")], [], unnamed="only")["opened"] == 0


def test_unknown_is_not_no() -> None:
    """What was not read is None: size, files, draft, rework, rounds; a reopening is known without the reviews."""
    bare = {"additions": None, "changed_files": None, "draft": None}
    (one,) = works([change(1, "5-06", "5-07", **bare)])
    assert (one.size, one.files, one.draft, one.reworked, one.rounds, one.review_hours) == (None,) * 6
    (reopened,) = works([change(1, "5-06", "5-07", reopened=True)])
    assert reopened.reworked is True
    (ready,) = works([change(1, "5-06", "5-07", ready_at=at("5-06 18:00"), changes_requested=0, review_rounds=1)])
    assert (ready.draft, ready.reworked, ready.rounds, ready.size, ready.files) == (True, False, 1, 4, 2)


def test_times_run_from_the_opening() -> None:
    """Hours to the merge or, for an open one, to the end of what is known; the first review as well."""
    merged, closed, still = works(
        [
            change(1, "5-06", "5-07", first_review_at=at("5-06 15:00")),
            change(2, "5-06", None, state="closed", closed_at=at("5-08")),
            change(3, "6-29", "7-02", first_review_at=at("7-01")),
        ]
    )
    assert (merged.hours, merged.merged, merged.open, merged.review_hours) == (24.0, True, False, 3.0)
    assert (closed.hours, closed.merged, closed.open) == (None, False, False)
    assert (still.hours, still.merged, still.open, still.review_hours) == (12.0, False, True, None)


@pytest.mark.parametrize(("days", "reverted"), [(13, True), (15, False)])
def test_reverted_within_two_weeks(days: int, reverted: bool) -> None:
    """What a merged pull request takes back, by title or number, counts as reverted up to 14 days after its merge."""
    again = at("5-07") + timedelta(days=days)
    (one,) = works(
        [
            change(1, "5-06", "5-07", title="Try"),
            change(2, "5-08", None, title='Revert "Try"', merged_at=again, closed_at=again, state="closed"),
        ]
    )
    assert one.reverted is reverted
    (named, _) = works(
        [
            change(1, "5-06", "5-07", title="Try"),
            change(2, "5-08", None, title="Take it back", reverts=1, merged_at=again, closed_at=again, state="closed"),
        ]
    )
    assert named.reverted is reverted


def test_whether_it_is_reverted_is_known_after_two_weeks() -> None:
    """One that was merged eleven days before the end may still be reverted in time."""
    (recent,) = works([change(1, "6-18", "6-19")])
    assert recent.reverted is None


def test_a_pull_request_whose_times_are_not_known_takes_no_part() -> None:
    """A pull request with no known opening, never merged, stops neither the section nor the report."""
    with ProdLensStore(":memory:") as store:
        store.insert_sessions([traced("5-05"), traced("5-12"), traced("1-01", timestamp="1970-01-01T00:00:00Z")])
        store.insert_pull_requests([change(1, "5-06")])
        store.conn.execute("UPDATE pull_requests SET created_at = NULL, state = 'closed'")
        found = report_on(store, until=at("6-30 00:00"))["assisted_pull_requests"]
    assert (found["pull_requests"]["opened"], found["adoption"]["authors"]) == (0, 0)
    assert found["adoption"]["first_week"] == "2026-05-04"


def test_everything_that_is_known_of_a_pull_request() -> None:
    """Sums, flags, times and names of one whose every column is stored, in the zone of its text."""
    opened = "2026-05-04T01:00:00+02:00"  # still Sunday in UTC
    (one,) = works(
        [
            change(
                1,
                "5-03",
                created_at=opened,
                state="closed",
                merged_at=at("5-04 05:00"),
                closed_at=at("5-04 05:00"),
                first_review_at=at("5-04 00:30"),
                changes_requested=2,
                review_rounds=3,
                draft=True,
                head_ref="ada/12-what-it-is-about",
            )
        ]
    )
    assert one == Work(
        author="ada",
        level="unknown",
        opened_at=at("5-03 23:00"),
        hours=6.0,
        merged=True,
        open=False,
        size=4,
        files=2,
        draft=True,
        review_hours=1.5,
        reworked=True,
        reverted=False,
        rounds=3,
        week=date(2026, 4, 27),
        issue=12,
    )


@pytest.mark.parametrize(
    ("branch", "issue"),
    [("12", 12), ("12-x", 12), ("a/b/7-x", 7), ("12x", None), ("x-12", None), ("12/x", None), ("1234567890-x", None)],
)
def test_a_branch_that_is_named_for_an_issue(branch: str, issue: int | None) -> None:
    """The number stands at the beginning of the last part, alone or before a hyphen."""
    assert [one.issue for one in works([change(1, "5-06", head_ref=branch)])] == [issue]
    assert works([change(1, "5-06", head_ref=None)])[0].issue is None


def test_the_edges_of_what_is_known() -> None:
    """What happens at the end of the period is not known yet; a review before the opening is of another time."""
    end = "6-30 00:00"
    at_end, before_end = works(
        [
            change(1, "6-29 00:00", end, first_review_at=at(end)),
            change(2, "6-29 00:00", "6-29 23:59", first_review_at=at("6-29 00:00")),
        ]
    )
    assert (at_end.open, at_end.merged, at_end.hours, at_end.review_hours) == (True, False, 24.0, None)
    # An hour is at least a minute of it: a review at the opening itself took one.
    assert (before_end.open, before_end.merged, before_end.review_hours) == (False, True, 1 / 60)
    (early,) = works([change(3, "5-06", "5-07", first_review_at=at("5-05"))])
    assert early.review_hours is None
    assert works([change(4, "6-29", reopened=True, changes_requested=1)])[0].reworked is None
    assert [one.author for one in works([change(5, "5-01 00:00"), change(6, end)])] == ["ada"]


def test_a_life_of_a_minute_is_long_enough() -> None:
    """Sixty seconds take part, fifty-nine do not; the reason that comes first is the one that counts."""
    pulls = [change(1, "5-06 12:00:00", "5-06 12:01:00"), change(2, "5-06 12:00:00", "5-06 12:00:59")]
    assert counts(pulls, [])["excluded"]["under_a_minute"] == 1
    closed: dict[str, Any] = {"state": "closed", "closed_at": at("5-06 12:00")}
    every = [
        change(1, "5-06", author="x[bot]", base_ref="dev", title='Revert "A"', **closed),
        change(2, "5-06", base_ref="dev", title='Revert "A"', **closed),
        change(3, "5-06", title='Revert "A"', **closed),
        change(4, "5-06", **closed),
        change(5, "5-06", author_type="Bot"),
        change(6, "5-06"),
    ]
    assert counts(every, [])["excluded"] == {
        "bots": 2,
        "other_base": 1,
        "under_a_minute": 1,
        "reverts": 1,
        "calls_after_opening": 0,
    }


def test_two_weeks_to_the_minute() -> None:
    """A revert exactly 14 days after the merge counts, and a merge exactly 14 days before the end is judged."""
    for minute, reverted in (("00:00", True), ("00:01", False)):
        again = at(f"5-21 {minute}")
        (one,) = works(
            [
                change(1, "5-06", "5-07 00:00", title="Try"),
                change(2, "5-08", None, title='Revert "Try"', merged_at=again, closed_at=again, state="closed"),
            ]
        )
        assert one.reverted is reverted
    judged, waiting = works([change(1, "6-15", "6-16 00:00"), change(2, "6-15", "6-16 00:01")])
    assert (judged.reverted, waiting.reverted) == (False, None)
    assert works([change(1, "5-06", state="closed", closed_at=at("5-07"))])[0].reverted is None


def test_how_far_back_a_branch_is_looked_at() -> None:
    """Calls of 60 days before the opening are nearby, of 61 not; a first commit after the opening changes nothing."""
    for first, when, found in (
        ("4-01", "5-06", "nearby"),
        ("4-01", "4-30", "nearby"),
        ("4-01", "4-29", "other"),
        ("7-01", "6-29", "nearby"),
        ("7-01", "6-28", "other"),
    ):
        with ProdLensStore(":memory:") as store:
            store.insert_sessions([traced(when), traced("6-29", repo_slug="acme/elsewhere")])
            store.insert_pull_requests([change(1, "6-29")])
            with store.transaction() as conn:
                conn.executemany(
                    "INSERT INTO pull_request_commits (pull_request_id, sha, timestamp) VALUES (1, ?, ?)",
                    [("c", at(first).isoformat()), ("d", at("7-02").isoformat())],
                )
            section = report_on(store, until=at("6-30 00:00"))["assisted_pull_requests"]["pull_requests"]
        assert {name: section[name] for name in ("nearby", "other")} == {"nearby": 0, "other": 0} | {found: 1}


def test_calls_on_the_branch_itself_and_on_none_are_nearby() -> None:
    """Calls that name the branch but came too late to be the pull request's first are no other branch."""
    own = [traced("5-06"), traced("5-06 18:00", branch="f-1")]
    # The late call is the first that belongs for sure, so that the pull request is neither.
    assert counts([change(1, "5-06", "5-09")], own)["excluded"]["calls_after_opening"] == 1
    before = [traced("5-06 10:00", branch="else"), traced("5-05", repo_slug="acme/elsewhere")]
    assert kinds([change(1, "5-06", "5-07")], before) == {"other": 1}


def test_moments_that_cannot_be_true_leave_a_pull_request_out() -> None:
    """One that was opened, merged or closed outside the plausible time is counted nowhere, nor for its base."""
    plausible = Window(at("5-02 00:00"), at("6-01 00:00"))
    request = ReportRequest(repo=REPO, since=PERIOD.start)
    pulls = [
        change(1, "5-02 00:00", "5-31 23:59:59"),
        change(2, "5-01 23:59:59", "5-06"),
        change(3, "5-03", "6-01 00:00"),
        change(4, "5-03", state="closed", closed_at=at("6-01 00:00")),
        change(5, "5-04", base_ref="main"),
    ]
    with ProdLensStore(":memory:") as store:
        store.insert_pull_requests(pulls)
        traces = read_traces(store.conn, request, PERIOD.end)
        work, excluded = read_work(store.conn, request, PERIOD, traces, Findings({}, {}, {}), plausible)
        everything, _ = read_work(store.conn, request, PERIOD, traces, Findings({}, {}, {}))
    assert [one.opened_at for one in work] == [at("5-02 00:00"), at("5-04")]
    assert excluded == dict.fromkeys(("bots", "other_base", "under_a_minute", "reverts", "calls_after_opening"), 0)
    assert len(everything) == 5


def test_the_level_of_every_pull_request() -> None:
    """By number, of bots too; without a level where calls came after the opening alone; none without an opening."""
    request = ReportRequest(repo=REPO, since=PERIOD.start)
    pulls = [
        change(1, "5-06 12:00"),
        change(2, "5-06 12:00"),
        change(3, "5-06 12:00"),
        change(4, "5-06 12:00", author="x[bot]"),
        change(5, "5-06 12:00", author=None),
        change(6, "5-06 12:00", author="bob"),
        change(7, "5-06 12:00"),
    ]
    first = {1: "2026-05-06T12:00:00+00:00", 2: "2026-05-06T12:00:01+00:00", 3: "2026-05-06T12:00:01+00:00"}
    signs = {
        3: frozenset({Evidence("", "trace", "high"), Evidence("Cursor", "label", "high")}),
        6: frozenset({Evidence("", "trace", "high")}),
    }
    with ProdLensStore(":memory:") as store:
        store.insert_sessions([traced("5-05", repo_slug="acme/elsewhere")])
        store.insert_pull_requests(pulls)
        store.conn.execute("UPDATE pull_requests SET created_at = NULL WHERE number = 7")
        traces = read_traces(store.conn, request, PERIOD.end)
        levels = read_levels(store.conn, request, traces, first, signs)
    assert levels == {1: "traced", 2: None, 3: "signed", 4: "unknown", 5: "unknown", 6: "unknown"}


def test_the_most_frequent_base_is_the_first_by_name_of_several() -> None:
    """Two bases as frequent as each other: the first by its name stands for the default branch."""
    pulls = [
        change(1, "5-06", "5-07", base_ref="main"),
        change(2, "5-06", "5-07", base_ref="dev"),
        change(3, "5-06", "5-07", base_ref="main", author="bob"),
        change(4, "5-06", "5-07", base_ref="dev", author="bob"),
        change(5, "5-06", "5-07", base_ref=None),
    ]
    assert sorted(one.author for one in works(pulls)) == ["ada", "ada", "bob"]
    with ProdLensStore(":memory:") as store:
        store.insert_pull_requests([*pulls, change(6, "5-06", base_ref="main", author="eve")])
        store.conn.execute("INSERT INTO repositories (repo_slug, default_branch) VALUES (?, NULL)", (REPO,))
        found = report_on(store, until=at("6-30 00:00"))["assisted_pull_requests"]["pull_requests"]
    assert (found["excluded"]["other_base"], found["unknown"]) == (2, 4)


def test_the_zone_of_the_machine_does_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    """Weeks and days are those of UTC, wherever a report is made."""
    monkeypatch.setenv("TZ", "Pacific/Kiritimati")  # 14 hours ahead
    time.tzset()
    try:
        (one,) = works([change(1, "5-03 23:00", "5-04")])
        assert one.week == date(2026, 4, 27)
        sunday, elsewhere = change(1, "5-03 23:00", "5-04"), {"repo_slug": "acme/elsewhere"}
        assert kinds([sunday], [traced("4-28", **elsewhere)]) == {"other": 1}
        assert kinds([sunday], [traced("5-04 01:00", **elsewhere)]) == {"unknown": 1}
        assert kinds([sunday], [traced("5-03 01:00")]) == {"nearby": 1}
        with ProdLensStore(":memory:") as store:
            store.insert_sessions([traced("5-02 23:00")])
            store.insert_pull_requests([sunday])
            with store.transaction() as conn:
                row = (at("5-02 23:30").isoformat(),)
                conn.execute(
                    "INSERT INTO pull_request_commits (pull_request_id, sha, timestamp) VALUES (1, 'c', ?)", row
                )
            found = report_on(store, until=at("6-30 00:00"))["assisted_pull_requests"]["pull_requests"]
        assert found["nearby"] == 1
    finally:
        monkeypatch.undo()
        time.tzset()


def test_calls_on_the_branch_that_belong_elsewhere_are_no_other_branch() -> None:
    """Beside calls that name no branch, one on the branch itself that names another pull request hints no less."""
    calls = [traced("5-06 10:00"), traced("5-06 10:00", branch="f-1", pull_request=9)]
    assert kinds([change(1, "5-06", "5-07")], calls) == {"nearby": 1}


def test_single_answers() -> None:
    """One request for changes is rework, no base at all is the default branch, and what came before is passed over."""
    before, one = change(1, "4-06", "4-07"), change(2, "5-06", "5-07", changes_requested=1, base_ref=None)
    (found,) = works([before | {"base_ref": None}, one])
    assert (found.opened_at, found.reworked) == (at("5-06"), True)
    assert works([change(3, "5-06", "5-07", changes_requested=0)])[0].reworked is False


@given(st.permutations(range(6)))
@examples(10)
def test_the_order_of_rows_does_not_matter(order: list[int]) -> None:
    """However rows came in, the same pull requests are of the same kinds."""
    pulls = [change(n, f"5-{n + 4:02}", f"5-{n + 5:02}") for n in range(1, 4)]
    calls = [traced("5-04", branch="f-1"), traced("5-12", repo_slug="acme/elsewhere"), traced("5-05")]
    rows = [*pulls, *calls]
    shuffled = [rows[index] for index in order]
    first = kinds(pulls, calls)
    assert first == kinds([row for row in shuffled if "id" in row], [row for row in shuffled if "id" not in row])
    assert sum(first.values()) == 3
