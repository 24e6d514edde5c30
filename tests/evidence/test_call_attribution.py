"""Which call belongs to which pull request."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from prodlens.evidence.call_attribution import BEGINNING, NEVER, BranchClaim, BranchUse, branch_claims

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
    assert branch_claims([use(7)], REPO) == [BranchClaim("feature", BEGINNING, "2026-05-07", 7)]
    assert branch_claims([use(7, ended_at=None)], REPO) == [BranchClaim("feature", BEGINNING, NEVER, 7)]


def test_a_name_that_is_used_again_goes_over_to_the_next_pull_request() -> None:
    """Of several pull requests of one branch name, each has the time between the end of the one before and its own."""
    uses = [use(20, ended_at=None), use(5), use(12)]
    assert branch_claims(uses, REPO) == [
        BranchClaim("feature", BEGINNING, "2026-05-05", 5),
        BranchClaim("feature", "2026-05-05", "2026-05-12", 12),
        BranchClaim("feature", "2026-05-12", NEVER, 20),
    ]


def test_of_two_open_pull_requests_of_a_branch_the_first_one_has_the_calls() -> None:
    """A call is attributed once: the pull request that was opened first has the branch."""
    uses = [use(9, ended_at=None, base="release"), use(8, ended_at=None)]
    assert branch_claims(uses, REPO) == [BranchClaim("feature", BEGINNING, NEVER, 8)]


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
        assert before.branch < after.branch or before.until <= after.after
    assert all(claim.after < claim.until for claim in claims)
