"""An organisation of twelve repositories: each one runs the action and publishes, and one report is on all."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from prodlens.metrics import ledger
from prodlens.storage import ProdLensStore
from tests.action.conftest import ROOT, Workplace
from tests.action.runner import Runner
from tests.github_server.artifact_host import ArtifactHost
from tests.github_server.server import GithubServer
from tests.github_server.small import commit, pull
from tests.github_server.world import Repository, World
from tests.lake.s3_server import s3_server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.action.runner import Run
    from tests.lake.s3_server import S3Server

SLUGS = tuple(f"acme/service-{number:02}" for number in range(12))
PEOPLE = ("ann", "bea", "cem", "dan", "eva", "flo")
MAY = ("--since", "2026-05-01", "--until", "2026-06-01")


def repository(slug: str) -> Repository:
    """Return a repository with one commit and six pull requests, each merged in May by somebody else."""
    made = Repository(slug)
    home = {"full_name": slug, "id": made.id}
    for number, who in enumerate(PEOPLE, 1):
        sides = {
            side: {"ref": ref, "sha": f"{number + more:040x}", "repo": home}
            for side, ref, more in (("head", f"topic-{number}", 500), ("base", "main", 900))
        }
        made.add_pulls([pull(number, user={"login": who, "id": number, "type": "User"}, labels=[], **sides)])
    made.commits = [commit(0)]
    return made


def trace(slug: str, number: int, who: str, cost: float) -> str:
    """Return a line of LiteLLM's log."""
    call: dict[str, Any] = {"id": f"{slug}-{number}", "start_time": f"2026-05-{number % 28 + 1:02}T10:00:00Z"}
    call |= {"model": "m-1", "response_cost": cost, "usage": {"prompt_tokens": 10, "completion_tokens": 5}}
    return json.dumps(call | {"metadata": {"user": who, "repo": slug}}) + "\n"


class Service:
    """One of the repositories, with a workspace of its own."""

    def __init__(self, folder: Path, number: int, server: GithubServer, host: ArtifactHost) -> None:
        folder.mkdir()
        self.slug = SLUGS[number]
        self.calls = 0
        self._random = Random(number)
        self._folder = folder
        self._runner = Runner(
            Workplace(folder),
            server,
            host,
            _credentials(),
            repository=repository(self.slug),
            number=1000 * (number + 1),
        )

    def publish(self, place: str) -> Run:
        """Add a call of every person, and run the action on the schedule."""
        with (self._folder / "calls.jsonl").open("a", encoding="utf-8") as stream:
            for who in PEOPLE:
                stream.write(trace(self.slug, self.calls, who, self._random.choice((0.07, 1.1, 12.345678))))
                self.calls += 1
        home = {"id": self._runner.repository.id, "full_name": self.slug, "private": False, "default_branch": "main"}
        return self._runner.run(
            "schedule",
            {"schedule": "0 6 * * 1", "repository": home},
            trace_paths="calls.jsonl",
            publish_to=place,
            publish_team=f"team-{self._random.randrange(2)}",
            anonymize_key="the same in every repository",
        )

    def ledger_usd(self) -> float:
        """Return what the store that the last run left says of cost."""
        with ProdLensStore(self._folder / ".prod-lens/cache.db") as store:
            return ledger(store.conn).total.cost_usd or 0.0


def _credentials() -> dict[str, str]:
    return {name: text for name, text in os.environ.items() if name.startswith("AWS_")}


@pytest.fixture
def s3() -> Iterator[S3Server]:
    """Run an S3 server on loopback with an empty place."""
    with s3_server() as server, server.place_of("organisation") as found:
        yield found


@pytest.fixture
def services(tmp_path: Path, s3: S3Server) -> Iterator[list[Service]]:
    """Start one GitHub with all repositories."""
    assert s3.address  # its credentials are in the environment now
    with ExitStack() as stack:
        host = stack.enter_context(ArtifactHost())
        world = World(repositories={slug: repository(slug) for slug in SLUGS}, artifacts=host)
        server = stack.enter_context(GithubServer(world))
        yield [Service(tmp_path / f"service-{number}", number, server, host) for number in range(len(SLUGS))]


def reported(place: str) -> dict[str, Any]:
    """Report on the organisation as the command does."""
    command = [sys.executable, "-m", "prodlens.cli", "organisation", "--from", place, *MAY]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    report: dict[str, Any] = json.loads(done.stdout)
    return report


@pytest.mark.timeout(600)  # sixteen runs
def test_twelve_runs_publish_and_one_report_tells_what_their_ledgers_say(services: list[Service], s3: S3Server) -> None:
    """Two runs at a time; four publish once more. The report and the ledgers are equal to the cent, each and in all."""
    with ThreadPoolExecutor(2) as pool:
        for done in pool.map(lambda service: service.publish(s3.address), services):
            assert done.returncode == 0, done.log
        first = reported(s3.address)
        assert first["cost"]["calls"] == 72
        for done in pool.map(lambda service: service.publish(s3.address), services[:4]):
            assert done.returncode == 0, done.log
    ledgers = {service.slug: service.ledger_usd() for service in services}
    report = reported(s3.address)
    cost = report["cost"]
    assert cost["calls"] == sum(service.calls for service in services) == 96
    assert round(cost["cost_usd"], 2) == round(sum(ledgers.values()), 2) > round(first["cost"]["cost_usd"], 2) > 0
    assert {row["name"]: round(row["cost_usd"], 2) for row in cost["by_repository"]["rows"]} == {
        slug: round(usd, 2) for slug, usd in ledgers.items()
    }
    assert round(sum(row["cost_usd"] for row in cost["by_team"]["rows"]), 2) == round(cost["cost_usd"], 2)
    assert report["pull_requests"]["whole"]["merged"] == 72
    assert (report["repositories"]["count"], report["repositories"]["with_traces"]) == (12, 12)
    assert {one["problem"] for one in report["repositories"]["attention"]} == {"stale"}
