"""A runner: starts the action for an event as GitHub would, as a subprocess or as the built container.

With ``PRODLENS_IMAGE`` and ``PRODLENS_RUN_ACTION`` (the image, and the program that runs one) in the environment, every
run is one of the container. Each run gets a new workspace: only what the tests put there, nothing of the run before.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from tests.github_server.artifact_host import ArtifactHost, workflow_run
from tests.github_server.server import GithubServer
from tests.github_server.small import SLUG, small_repository
from tests.github_server.world import World

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.action.conftest import Workplace
    from tests.github_server.artifact_host import StoredArtifact
    from tests.github_server.world import Repository

ROOT = Path(__file__).parent.parent.parent
ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
TOKEN = "ghs_secret"
NUMBER = 11  # an open pull request of the small repository
REPOSITORY_ID = small_repository().id
REPOSITORY = {"id": REPOSITORY_ID, "full_name": SLUG, "private": False, "default_branch": "main"}
SCHEDULE = {"schedule": "0 6 * * 1", "repository": REPOSITORY}
PUSH = {"ref": "refs/heads/main", "repository": REPOSITORY, "sender": {"login": "dev1"}}
WORKFLOW = ".github/workflows/prodlens.yml"
CACHE, TRACES, REPORT = "prodlens-cache", "prodlens-traces", "prodlens-report"


@dataclass(slots=True)
class Run:
    """A run that has ended."""

    returncode: int
    stdout: str
    stderr: str
    outputs: dict[str, str]
    summary: str

    @property
    def log(self) -> str:
        """Return what the runner showed: both streams."""
        return self.stdout + self.stderr

    def said(self, kind: str) -> list[str]:
        """Return the annotations of a kind."""
        return [line for line in self.stdout.splitlines() if line.startswith(f"::{kind}")]


@dataclass
class Runner:
    """A runner with a workspace and GitHub behind it.

    Attributes:
        environ: Added to the environment of every run.
        in_process: Whether runs are made in the process of the tests, which is several times as fast.
        repository: The repository that the workflow is of.
    """

    workplace: Workplace
    server: GithubServer
    host: ArtifactHost
    environ: dict[str, str] = field(default_factory=dict)
    in_process: bool = False
    repository: Repository = field(default_factory=small_repository)
    outputs: dict[str, str] = field(default_factory=dict)
    summary: str = ""
    number: int = 700  # of the last run

    def run(self, event: str, payload: dict[str, Any], ref: str = "refs/heads/main", **inputs: str) -> Run:
        """Run the action for an event; inputs are given with underscores for hyphens, the others take their default."""
        self.workplace.remove(".prod-lens")
        return self.run_again(event, payload, ref, **inputs)

    def run_again(self, event: str, payload: dict[str, Any], ref: str = "refs/heads/main", **inputs: str) -> Run:
        """Run in the workspace as it is, as a second step of a job does."""
        self.number += 1
        given = {name.replace("_", "-"): text for name, text in inputs.items()}
        given = {"since": "2026-04-01", **given}
        environ = {**self._environment(event, ref), **self.environ}
        in_image = os.environ.get("PRODLENS_IMAGE") and not self.in_process
        start = self._container if in_image else self._subprocess
        done = start(json.dumps(payload), environ, given)
        self.outputs, self.summary = done.outputs, done.summary
        assert TOKEN not in done.log + done.summary
        return done

    @property
    def comments(self) -> list[dict[str, Any]]:
        """Every comment on GitHub."""
        return self.server.world.comments.rows

    def saved(self, name: str = CACHE) -> list[StoredArtifact]:
        """Return the artifacts of a name, oldest first."""
        return self.host.named(name)

    def trusted_run(self, **changes: Any) -> dict[str, Any]:
        """Return a run whose cache is trusted, unless changed."""
        self.number += 1
        return workflow_run(self.number, self.repository.slug, self.repository.id, **{"path": WORKFLOW, **changes})

    def _environment(self, event: str, ref: str) -> dict[str, str]:
        branch = ref.removeprefix("refs/heads/")
        token = self.host.start_run(self.trusted_run(event=event, head_branch=branch))
        return {
            "GITHUB_ACTIONS": "true",
            "GITHUB_REPOSITORY": self.repository.slug,
            "GITHUB_REPOSITORY_ID": str(self.repository.id),
            "GITHUB_EVENT_NAME": event,
            "GITHUB_REF": ref,
            "GITHUB_RUN_ID": str(self.number),
            "GITHUB_SERVER_URL": "https://github.com",
            "GITHUB_JOB": "prodlens",
            "GITHUB_WORKFLOW_REF": f"{self.repository.slug}/{WORKFLOW}@{ref}",
            "GITHUB_API_URL": self.server.url,
            "GITHUB_GRAPHQL_URL": self.server.graphql_url,
            "GITHUB_TOKEN": TOKEN,  # for the defaults of action.yml, as github.token is
            "ACTIONS_RESULTS_URL": self.host.url,
            "ACTIONS_RUNTIME_TOKEN": token,
        }

    def _subprocess(self, event: str, environ: Mapping[str, str], inputs: Mapping[str, str]) -> Run:
        folder = self.workplace.folder
        files = {name: folder / f"{name}.txt" for name in ("output", "summary")}
        for file in files.values():
            file.write_text("")
        (folder / "event.json").write_text(event)
        runner = {
            "GITHUB_EVENT_PATH": str(folder / "event.json"),
            "GITHUB_WORKSPACE": str(folder),
            "GITHUB_OUTPUT": str(files["output"]),
            "GITHUB_STEP_SUMMARY": str(files["summary"]),
        }
        texts = {name: _default(name, environ) for name in ACTION["inputs"]} | dict(inputs)
        given = {f"INPUT_{name.upper()}": text for name, text in texts.items()}
        start = self.workplace.run_in_process if self.in_process else self.workplace.run
        done = start(environ={**environ, **runner, **given})
        outputs, summary = _outputs(files["output"].read_text()), files["summary"].read_text()
        return Run(done.returncode, done.stdout, done.stderr, outputs, summary)

    def _container(self, event: str, environ: Mapping[str, str], inputs: Mapping[str, str]) -> Run:
        file = self.workplace.folder / "event.json"
        file.write_text(event)
        image, tool = os.environ["PRODLENS_IMAGE"], os.environ["PRODLENS_RUN_ACTION"]
        command = [sys.executable, tool, image, "--workspace", str(self.workplace.folder), "--event", str(file)]
        for name, text in environ.items():
            command += ["--env", f"{name}={text}"]
        for name, text in inputs.items():
            command += ["--with", f"{name}={text}"]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        said = json.loads(done.stdout)
        return Run(said["exit_code"], said["stdout"], said["stderr"], said["outputs"], said["summary"])


@contextmanager
def started_runner(workplace: Workplace) -> Iterator[Runner]:
    """Start a runner whose GitHub has the small repository."""
    with ArtifactHost() as host:
        world = World(repositories={SLUG: small_repository()}, artifacts=host)
        with GithubServer(world) as server:
            yield Runner(workplace, server, host)


def event_of(number: int, head: str = SLUG, sender: str = "dev1") -> dict[str, Any]:
    """Return the payload of a pull request event."""
    head_id = REPOSITORY_ID if head == SLUG else 2
    sides = {"head": {"ref": "topic", "repo": {"id": head_id}}, "base": {"repo": {"id": REPOSITORY_ID}}}
    return {
        "pull_request": {"number": number, "additions": 5, "deletions": 2, **sides},
        "repository": REPOSITORY,
        "sender": {"login": sender},
    }


def _default(name: str, environ: Mapping[str, str]) -> str:
    """Return the default of an input as the runner gives it."""
    default = str(ACTION["inputs"][name].get("default") or "")
    return re.sub(r"\$\{\{ github\.(\w+) \}\}", lambda match: environ[f"GITHUB_{match[1].upper()}"], default)


def _outputs(text: str) -> dict[str, str]:
    lines, found = iter(text.splitlines()), {}
    for line in lines:
        name, _, delimiter = line.partition("<<")
        value = []
        for inner in lines:
            if inner == delimiter:
                break
            value.append(inner)
        found[name] = "\n".join(value)
    return found
