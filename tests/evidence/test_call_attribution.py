"""Which call belongs to which pull request."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from prodlens.evidence.call_attribution import (
    BEGINNING,
    ELSEWHERE,
    NEVER,
    BranchUse,
    Claim,
    Link,
    branch_claims,
    commit_claims,
    link_claims,
    person_claims,
)

REPO = "acme/web"


def use(number: int, head: str = "feature", **changes: Any) -> BranchUse:
    """Return a merged pull request of the repository's own branch; its number is the day of its merge."""
    given_ = {
        "head_repo": REPO,
        "base": "main",
        "opened_at": f"2026-05-{number - 1:02}",
        "ended_at": f"2026-05-{number:02}",
    }
    return BranchUse(number, head, **(given_ | changes))


def test_a_branch_that_is_used_once_belongs_to_its_pull_request_until_that_ends() -> None:
    """Calls on a branch before the pull request was opened are work on it; calls after its end are not."""
    assert branch_claims([use(7)], REPO) == [Claim("feature", BEGINNING, "2026-05-07", 7)]
    assert branch_claims([use(7, ended_at=None)], REPO) == [Claim("feature", BEGINNING, NEVER, 7)]


def test_a_name_that_is_used_again_goes_over_to_the_next_pull_request() -> None:
    """Of several pull requests of one branch name, each has the time between the end of the one before and its own."""
    uses = [use(20, ended_at=None), use(5), use(12)]
    assert branch_claims(uses, REPO) == [
        Claim("feature", BEGINNING, "2026-05-05", 5),
        Claim("feature", "2026-05-05", "2026-05-12", 12),
        Claim("feature", "2026-05-12", NEVER, 20),
    ]


def test_of_two_open_pull_requests_of_a_branch_the_first_one_has_the_calls() -> None:
    """A call is attributed once: the pull request that was opened first has the branch."""
    uses = [use(9, ended_at=None, base="release"), use(8, ended_at=None)]
    assert branch_claims(uses, REPO) == [Claim("feature", BEGINNING, NEVER, 8)]


def test_which_was_opened_first_is_a_question_of_time() -> None:
    """A number that was given later can have been opened before, as where pull requests were imported."""
    uses = [use(8, ended_at=None, opened_at="2026-05-20"), use(9, ended_at=None, opened_at="2026-05-10")]
    assert branch_claims(uses, REPO) == [Claim("feature", BEGINNING, NEVER, 9)]


def test_a_pull_request_without_a_branch_claims_no_branch() -> None:
    """Where its name is not known, calls without a branch are not its own."""
    assert branch_claims([use(7, "")], REPO) == []


def test_base_branches_belong_to_no_pull_request() -> None:
    """A branch that others are merged into, or that is the default one, is nobody's."""
    uses = [use(3, "develop"), use(4, "feature", base="develop"), use(6, "trunk")]
    assert [claim.number for claim in branch_claims(uses, REPO, "trunk")] == [4]


def test_branches_of_forks_are_left_out() -> None:
    """A fork's branch of the same name says nothing about this repository; letter case makes no fork."""
    fork, own, gone = use(3, head_repo="eve/web"), use(5, head_repo="Acme/Web"), use(7, head_repo=None)
    assert [claim.number for claim in branch_claims([fork, own, gone], REPO)] == [5]
    assert [claim.number for claim in branch_claims([fork, gone], REPO)] == [7]


USES = st.lists(
    st.builds(
        use,
        st.integers(2, 28),
        st.sampled_from(["a", "b", "main"]),
        ended_at=st.none() | st.integers(1, 28).map("2026-05-{:02}".format),
        head_repo=st.sampled_from([REPO, None, "eve/web"]),
    ),
    max_size=8,
    unique_by=lambda one: one.number,
)


@given(USES, st.randoms(use_true_random=False))
def test_claims_never_overlap_and_do_not_depend_on_the_order(uses: list[BranchUse], random: Any) -> None:
    """Every moment on a branch belongs to at most one pull request, in whatever order they are given."""
    claims = branch_claims(uses, REPO)
    shuffled = uses[:]
    random.shuffle(shuffled)
    assert branch_claims(shuffled, REPO) == claims
    for before, after in pairwise(claims):
        assert before.key < after.key or before.until <= after.after
    assert all(claim.after < claim.until for claim in claims)


def link(day: int, number: int, repo: str = REPO, session: str = "s") -> Link:
    """Return a link of a session on a day of May."""
    return Link(session, f"2026-05-{day:02}", repo, number)


def test_calls_between_links_belong_to_the_link_that_follows_them() -> None:
    """Before the first link of a pull request calls are likely, after it they are certain; the last one goes on."""
    assert link_claims([link(9, 8), link(5, 7), link(7, 7)], REPO) == [
        Claim("s", BEGINNING, "2026-05-05", 7, "medium"),
        Claim("s", "2026-05-05", "2026-05-07", 7, "high"),
        Claim("s", "2026-05-07", "2026-05-09", 8, "medium"),
        Claim("s", "2026-05-09", NEVER, 8, "high"),
    ]


def test_a_link_to_another_repository_claims_calls_for_none_of_this_one() -> None:
    """Its number says nothing here, and the calls are not another link's either."""
    assert link_claims([link(5, 7), link(9, 7, "acme/api")], REPO) == [
        Claim("s", BEGINNING, "2026-05-05", 7, "medium"),
        Claim("s", "2026-05-05", "2026-05-09", ELSEWHERE, "medium"),
        Claim("s", "2026-05-09", NEVER, ELSEWHERE, "high"),
    ]


def test_two_links_of_one_moment() -> None:
    """What came before belongs to the first of them by number, what comes after to the other one."""
    assert link_claims([link(5, 8), link(5, 7)], REPO) == [
        Claim("s", BEGINNING, "2026-05-05", 7, "medium"),
        Claim("s", "2026-05-05", NEVER, 8, "high"),
    ]


LINKS = st.lists(
    st.builds(
        link,
        st.integers(1, 9),
        st.integers(1, 3),
        st.sampled_from([REPO, "acme/api"]),
        st.sampled_from(["s", "t"]),
    ),
    max_size=8,
)


@given(LINKS, st.randoms(use_true_random=False))
def test_links_in_any_order_and_number_claim_the_same_and_every_moment_once(links: list[Link], random: Any) -> None:
    """A linked session's time is claimed from its beginning to its end without a gap or an overlap."""
    claims = link_claims(links, REPO)
    shuffled = links * 2
    random.shuffle(shuffled)
    assert link_claims(shuffled, REPO) == claims
    for session in {each.session for each in links}:
        own = [claim for claim in claims if claim.key == session]
        assert (own[0].after, own[-1].until) == (BEGINNING, NEVER)
        assert all(before.until == after.after for before, after in pairwise(own))


def test_a_commit_belongs_to_its_only_pull_request_until_that_has_ended() -> None:
    """A commit of two pull requests, one upon the other, is neither's; work from it after the merge is new work."""
    owners = [("c1", use(7)), ("c1", use(7)), ("c2", use(7)), ("c2", use(9)), ("c3", use(9, ended_at=None))]
    assert commit_claims(owners) == [
        Claim("c1", BEGINNING, "2026-05-07", 7),
        Claim("c3", BEGINNING, NEVER, 9),
    ]


def test_a_person_with_one_open_pull_request_works_on_that() -> None:
    """With two open, or none, nothing can be said; bots and those without a known opening say nothing."""
    uses = [
        use(8, opened_at="2026-05-03", author="Ada"),
        use(12, opened_at="2026-05-06", author="ada", ended_at=None),
        use(20, author="renovate[bot]"),
        use(21, author="eve", opened_at=None),
        use(22),
    ]
    assert person_claims(uses) == [
        Claim("ada", "2026-05-03", "2026-05-06", 8, "low"),
        Claim("ada", "2026-05-08", NEVER, 12, "low"),
    ]


def test_two_that_were_opened_at_one_moment_leave_nothing_in_between() -> None:
    """Nobody worked on one of them alone before one had ended."""
    uses = [use(number, opened_at="2026-05-03", author="ada") for number in (8, 12)]
    assert person_claims(uses) == [Claim("ada", "2026-05-08", "2026-05-12", 12, "low")]
