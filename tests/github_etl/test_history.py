"""Any history of a repository, read by any sequence of short runs, ends as one undisturbed sync of its last state."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hypothesis import given, settings
from hypothesis import strategies as st

from prodlens.github_etl import sync_state
from prodlens.storage import ProdLensStore
from tests.github_etl.test_sync import stored, sync
from tests.github_server.server import GithubServer
from tests.github_server.small import SLUG, at, commit, event, pull, sha
from tests.github_server.world import Repository, World

if TYPE_CHECKING:
    from collections.abc import Callable


class Project:
    """A repository that is worked on; an hour passes at every step."""

    def __init__(self) -> None:
        self.repository = Repository(SLUG)
        self.hour = 0
        self.repository.commits = [commit(0)]

    def opened(self, _: int) -> None:
        """Open a pull request."""
        number = len(self.repository.pulls) + 1
        state: dict[str, Any] = {"state": "open", "closed_at": None, "merged_at": None}
        self.repository.add_pulls([pull(number, **state, created_at=at(self.hour), updated_at=at(self.hour))])

    def opened_at_once(self, count: int) -> None:
        """Open several in one second, more than a page."""
        for _ in range(count % 5 + 4):
            self.opened(0)

    def closed_or_reopened(self, which: int) -> None:
        """Close an open pull request, or open a closed one again."""
        row = self._chosen(which)
        if row is not None and row["merged_at"] is None:
            now = at(self.hour)
            opening = row["state"] == "closed"
            changes = {"state": "open" if opening else "closed", "closed_at": None if opening else now}
            self.repository.add_pulls([{**row, **changes, "updated_at": now}])
            kind = "reopened" if opening else "closed"
            self.repository.events[row["number"]].append(event(row["number"], kind, self.hour))

    def merged(self, which: int) -> None:
        """Merge an open pull request, whose branch may have begun long ago: its commit lies deep in the log."""
        row = self._chosen(which)
        if row is None or row["state"] == "closed":
            return
        log, index = self.repository.commits, len(self.repository.commits)
        begun = which % len(log)
        date = log[begun]["committer_date"]
        branch = {**commit(index), "parents": [log[begun]["sha"]], "committer_date": date}
        merge = {**commit(index + 1, hours=self.hour), "parents": [log[0]["sha"], branch["sha"]]}
        log.insert(begun, branch)
        log.insert(0, merge)
        now = at(self.hour)
        changes = {"state": "closed", "closed_at": now, "merged_at": now, "updated_at": now}
        self.repository.add_pulls([{**row, **changes}])
        self.repository.pull_commits[row["number"]] = [branch]

    def reviewed(self, which: int) -> None:
        """Review and label a pull request, merged or not."""
        row = self._chosen(which)
        if row is not None:
            reviews = self.repository.reviews[row["number"]]
            reviews.append({"user": {"login": "reviewer"}, "submitted_at": at(self.hour)})
            self.repository.add_pulls([{**row, "labels": ["seen"], "updated_at": at(self.hour)}])

    def pushed(self, count: int) -> None:
        """Push commits to the default branch."""
        for _ in range(count % 6 + 1):
            log = self.repository.commits
            log.insert(0, {**commit(len(log), hours=self.hour), "parents": [log[0]["sha"]]})

    def _chosen(self, which: int) -> dict[str, Any] | None:
        rows = list(self.repository.pulls.values())
        return rows[which % len(rows)] if rows else None


STEPS: tuple[Callable[[Project, int], None], ...] = (
    Project.opened,
    Project.opened_at_once,
    Project.closed_or_reopened,
    Project.merged,
    Project.reviewed,
    Project.pushed,
)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.sampled_from([*STEPS, None, None]), st.integers(0, 40)), max_size=40))
def test_any_history_in_any_runs_ends_the_same(steps: list[tuple[Callable[[Project, int], None] | None, int]]) -> None:
    """Work and short runs may alternate in any way; what was removed is nothing, so nothing may be missing."""
    project = Project()
    world = World(repositories={SLUG: project.repository}, page_cap=3, hourly_limit=None)
    with (
        tempfile.TemporaryDirectory() as folder,
        GithubServer(world) as server,
        ProdLensStore(Path(folder) / "cache.db") as store,
        ProdLensStore(Path(folder) / "new.db") as new,
    ):
        for step, argument in steps:
            project.hour += 1
            if step is None:
                sync(store, server, budget=argument % 7 + 1)
            else:
                step(project, argument)
        for _ in range(3):
            sync(store, server)
        sync(new, server)
        assert stored(store) == stored(new)
        assert not sync_state(store, SLUG)["partial"]
        assert {row["sha"] for row in new.fetch_commits()} == {c["sha"] for c in project.repository.commits}
        assert len(new.fetch_pull_requests()) == len(project.repository.pulls)
        assert sha(0) in {row["sha"] for row in store.fetch_commits()}
