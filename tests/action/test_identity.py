"""What tells one report from another's: workflow file, job and key."""

from __future__ import annotations

import pytest

from prodlens.action.identity import Identity, report_identity

WEEKLY = {"GITHUB_WORKFLOW_REF": "octo/hello/.github/workflows/weekly.yml@refs/heads/main", "GITHUB_JOB": "report"}


def test_the_runner_says_workflow_and_job() -> None:
    """Workflow file and job come from the runner, whatever branch the run is of; the key is the input."""
    assert report_identity(WEEKLY, "costs") == Identity(".github/workflows/weekly.yml", "report", "costs")
    assert report_identity({}, "").name == ""


@pytest.mark.parametrize(
    "other",
    [
        Identity("b.yml", "report", ""),
        Identity("a.yml", "other", ""),
        Identity("a.yml", "report", "costs"),
    ],
)
def test_each_part_makes_another_identity(other: Identity) -> None:
    """Another workflow, another job or another key has another comment and another name."""
    one = Identity("a.yml", "report", "")
    assert one.digest("octo/hello", 7) != other.digest("octo/hello", 7)
    assert one.name != other.name


def test_a_comment_belongs_to_one_pull_request() -> None:
    """A comment that somebody copies to another pull request or repository is not taken over there."""
    one = Identity("a.yml", "report", "")
    digests = {one.digest(slug, number) for slug in ("octo/hello", "octo/other") for number in (7, 8)}
    assert len(digests) == 4
    assert one.digest("Octo/Hello", 7) == one.digest("octo/hello", 7)


def test_a_name_holds_what_artifacts_may_be_called() -> None:
    """Characters that an artifact's name cannot have become hyphens, and a long key is cut."""
    assert Identity(".github/workflows/weekly.yml", "report", 'a/b: "c"').name == "weekly-report-a-b-c"
    assert len(Identity("w.yml", "job", "x" * 500).name) == 100
