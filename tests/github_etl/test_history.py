"""Any history of a repository, read by any runs, even while it changes, ends as one undisturbed sync of its last state.

What happens includes what takes something away: pull requests that vanish, forced pushes, another default branch, and
a repository that is made anew under its name.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hypothesis import given
from hypothesis import strategies as st

from prodlens.github_etl import GithubETL, sync_state
from prodlens.storage import ProdLensStore
from tests.examples import examples
from tests.github_etl.test_sync import TOKEN, stored
from tests.github_server.faults import Fault
from tests.github_server.in_process import InProcessSession
from tests.github_server.server import GithubServer
from tests.github_server.small import SLUG, at, commit, event, pull
from tests.github_server.world import Repository, World

if TYPE_CHECKING:
    from collections.abc import Callable

Step = tuple["Callable[[Project, int], None]", int]
_DAY_SECONDS = 86_400.0


class Project:
    """A repository that is worked on; an hour passes at every step."""

    def __init__(self) -> None:
        self.repository = Repository(SLUG)
        self.hour = 0
        self.generation = 1
        self.made = 0
        self.repository.commits = [self._commit()]

    def take(self, step: Step) -> None:
        """Do one thing, an hour after the one before."""
        self.hour += 1
        step[0](self, step[1])

    def opened(self, _: int) -> None:
        """Open a pull request."""
        number = max(self.repository.pulls, default=0) + 1
        base = {"ref": "main", "sha": "b" * 40, "repo": {"full_name": SLUG, "id": self.generation}}
        identity = {"id": self.generation * 10_000 + number, "node_id": f"PR_{self.generation}_{number}", "base": base}
        state: dict[str, Any] = {"state": "open", "closed_at": None, "merged_at": None}
        row = pull(number, **identity, **state, created_at=at(self.hour), updated_at=at(self.hour))
        self.repository.add_pulls([row])

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
        log = self.repository.commits
        begun = which % len(log)
        branch = {**self._commit(log[begun]["sha"]), "committer_date": log[begun]["committer_date"]}
        log.insert(begun, branch)
        head = self._commit(log[0]["sha"] if begun else log[1]["sha"], branch["sha"])
        log.insert(0, head)
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

    def vanished(self, which: int) -> None:
        """Take a pull request away, as GitHub does with those of banned accounts."""
        row = self._chosen(which)
        if row is not None:
            del self.repository.pulls[row["number"]]
            for table in (self.repository.events, self.repository.reviews, self.repository.pull_commits):
                table.pop(row["number"], None)

    def pushed(self, count: int) -> None:
        """Push commits to the default branch."""
        for _ in range(count % 6 + 1):
            self.repository.commits.insert(0, self._commit(self.repository.commits[0]["sha"]))

    def force_pushed(self, count: int) -> None:
        """Put others in the place of the newest commits, which GitHub may forget at once or keep for a while."""
        log = self.repository.commits
        kept = log[min(count % 7 + 1, len(log) - 1)]
        replaced = [row for row in log if row["sha"] not in self._history(kept["sha"])]
        self.repository.detached = [*replaced, *self.repository.detached] if count % 2 else []
        self.repository.commits = [row for row in log if row not in replaced]
        self.pushed(count)

    def another_default_branch(self, count: int) -> None:
        """Make a branch the default one that left the other some commits ago."""
        self.force_pushed(count | 1)
        self.repository.default_branch = f"branch-{count}"

    def made_anew(self, count: int) -> None:
        """Delete the repository and make another one of the same name, with as many pull requests or others."""
        before = len(self.repository.pulls)
        self.generation += 1
        for name, fresh in _fresh().items():
            setattr(self.repository, name, fresh)
        self.repository.commits = [self._commit()]
        for _ in range(before if count % 2 else count % 4):
            self.opened(0)

    def _commit(self, *parents: str) -> dict[str, Any]:
        self.made += 1
        return {**commit(self.made, hours=self.hour), "parents": list(parents)}

    def _history(self, sha: str) -> set[str]:
        parents = {row["sha"]: row["parents"] for row in self.repository.commits}
        found, waiting = set(), [sha]
        while waiting:
            name = waiting.pop()
            if name not in found:
                found.add(name)
                waiting += parents.get(name, [])
        return found

    def _chosen(self, which: int) -> dict[str, Any] | None:
        rows = list(self.repository.pulls.values())
        return rows[which % len(rows)] if rows else None


def _fresh() -> dict[str, Any]:
    """Return the fields of a repository in which nothing has happened."""
    fresh = Repository(SLUG)
    return {name: getattr(fresh, name) for name in Repository.__slots__ if name != "slug"}


STEPS: tuple[Callable[[Project, int], None], ...] = (
    Project.opened,
    Project.opened_at_once,
    Project.closed_or_reopened,
    Project.merged,
    Project.reviewed,
    Project.vanished,
    Project.pushed,
    Project.force_pushed,
    Project.another_default_branch,
    Project.made_anew,
)


@dataclass(frozen=True, slots=True)
class Turn:
    """What happens before a run, before which of its requests what happens, and how many requests it may send."""

    before: list[Step]
    during: dict[int, Step] = field(default_factory=dict)
    budget: int | None = None


_STEP = st.tuples(st.sampled_from(STEPS), st.integers(0, 40))
_TURN = st.builds(
    Turn,
    before=st.lists(_STEP, max_size=6),
    during=st.dictionaries(st.integers(1, 14), _STEP, max_size=5),
    budget=st.one_of(st.none(), st.integers(2, 9)),
)


@examples(60)
@given(st.lists(_TURN, min_size=1, max_size=6), st.sampled_from([None, None, 12]))
def test_any_history_in_any_runs_ends_the_same(turns: list[Turn], since_hour: int | None) -> None:
    """Whatever happens between any two requests, the store ends with what GitHub has, and with nothing else."""
    project, now = Project(), [1_800_000_000.0]
    world = World(repositories={SLUG: project.repository}, page_cap=3, hourly_limit=None, clock=lambda: now[0])
    since = None if since_hour is None else datetime.fromisoformat(at(since_hour))
    with (
        tempfile.TemporaryDirectory() as folder,
        GithubServer(world) as server,
        ProdLensStore(Path(folder) / "cache.db") as store,
        ProdLensStore(Path(folder) / "new.db") as new,
    ):
        for turn in turns:
            for step in turn.before:
                project.take(step)
            server.faults.restart({n: Fault(then=partial(project.take, s)) for n, s in turn.during.items()})
            _sync(store, server, now, since, turn.budget)
        server.faults.restart()
        now[0] += _DAY_SECONDS
        for _ in range(3):
            _sync(store, server, now, since)
        _sync(new, server, now, since)
        assert not sync_state(store, SLUG)["partial"]
        assert _rows(store, since) == _rows(new, since)
        repository = project.repository
        first = "" if since_hour is None else at(since_hour)
        assert {row["sha"] for row in _since(store.fetch_commits(), "timestamp", since)} == {
            row["sha"] for row in repository.commits if row["committer_date"] >= first
        }
        assert {row["id"] for row in _since(store.fetch_pull_requests(), "updated_at", since)} == {
            row["id"] for row in repository.pulls.values() if row["updated_at"] >= first
        }
        if repository.pulls and since is None:
            assert {row["branch"] for row in store.fetch_commits()} == {repository.default_branch}


def _sync(
    store: ProdLensStore, server: GithubServer, now: list[float], since: datetime | None, budget: int | None = None
) -> None:
    urls = {"api_url": server.url, "graphql_url": server.graphql_url}
    etl = GithubETL(store, InProcessSession(server), budget=budget, clock=lambda: now[0], patience_seconds=0.0, **urls)  # type: ignore[arg-type]  # get and post are enough
    assert etl.sync(*SLUG.split("/"), token=TOKEN, since=since).exit_status == 0


def _since(rows: list[dict[str, Any]], column: str, since: datetime | None) -> list[dict[str, Any]]:
    """Return the rows from a moment on."""
    return [row for row in rows if since is None or datetime.fromisoformat(row[column]) >= since]


def _rows(store: ProdLensStore, since: datetime | None) -> dict[str, Any]:
    """Return what is stored, but for what only a store that saw more can know: the newest moment and a branch."""
    if since is not None:
        commits = _since(store.fetch_commits(), "timestamp", since)
        pulls = _since(store.fetch_pull_requests(), "updated_at", since)
        commits.sort(key=lambda row: row["sha"])
        pulls.sort(key=lambda row: row["id"])
        return {"pulls": pulls, "commits": [{**row, "id": None, "branch": None} for row in commits]}
    rows = stored(store)
    return {
        **rows,
        "commits": [(*row[:5], *row[6:]) for row in rows["commits"]],
        "sync_streams": [(*row[:3], row[4]) for row in rows["sync_streams"]],
    }
