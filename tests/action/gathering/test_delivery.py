"""Where a run's commits come from: the clone in the workspace, or GitHub."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from prodlens.storage import ProdLensStore
from tests.action.runner import SCHEDULE

if TYPE_CHECKING:
    from tests.action.runner import Runner


def checked_out(runner: Runner, how: str) -> None:
    """Leave a checkout in the workspace as actions/checkout does."""
    git = runner.workplace.git
    git("init", "-q", "-b", "main")
    git("remote", "add", "origin", "https://github.com/Octo/Hello")
    for message in ("First", "Second"):
        git("commit", "-q", "--allow-empty", "-m", message)
    git("update-ref", "refs/remotes/origin/main", "HEAD")
    git("checkout", "-q", "--detach")
    git("branch", "-q", "-D", "main")
    if how == "depth of 1":
        folder = runner.workplace.folder / ".git"
        (folder / "shallow").write_text((folder / "HEAD").read_text())
    if how == "pull request's merge commit":
        git("commit", "-q", "--allow-empty", "-m", "Merge pull request")
        git("update-ref", "-d", "refs/remotes/origin/main")


@pytest.mark.parametrize("how", ["whole", "depth of 1", "pull request's merge commit"])
def test_commits_come_from_a_whole_clone_or_from_github(runner: Runner, how: str) -> None:
    """A checkout with a depth, or of another commit than the default branch's, leaves the commits to GitHub."""
    checked_out(runner, how)
    done = runner.run("schedule", SCHEDULE)
    assert done.returncode == 0, done.log
    asked = any("/commits?" in path for _, path, _ in runner.server.log)
    with ProdLensStore(runner.workplace.folder / ".prod-lens/cache.db") as store:
        from_github = {row["from_github"] for row in store.fetch_commits()}
    assert (asked, from_github) == ((False, {0}) if how == "whole" else (True, {1}))
