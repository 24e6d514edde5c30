"""The workflow files: one set of inputs, everything pinned, nothing allowed that is not needed."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from prodlens.action.inputs import INPUTS
from prodlens.action.publishing.outputs import OUTPUTS

if TYPE_CHECKING:
    from types import ModuleType

ROOT = Path(__file__).parent.parent
WORKFLOWS = sorted([*ROOT.glob(".github/workflows/*.yml"), *ROOT.glob("examples/workflows/*.yml")])
ACTIONS = [ROOT / "action.yml", *sorted(ROOT.glob(".github/actions/*/action.yml"))]
NAMES = {item.name for item in INPUTS}
SECRETS = {"token", "anonymize-key"}
EXAMPLES = {
    "weekly-summary",
    "pull-request-comment",
    "two-stage-1-tests",
    "two-stage-2-comment",
    "traces-from-claude-code",
    "traces-from-litellm-bucket",
    "several-repositories",
    "organisation",
    "organisation-with-the-action",
    "publish-to-s3",
    "publish-to-google-cloud",
    "publish-to-azure",
}
# The container action, and the composite one that runs on the runner itself.
OUR_ACTIONS = {"prodlens/prodlens-action", "prodlens/prodlens-action/.github/actions/report"}
_USES = re.compile(r"^\s*(?:- )?uses: (?P<what>\S+)(?: # (?P<comment>.*))?$", re.MULTILINE)


def read(path: Path) -> dict[Any, Any]:
    """Return a file's YAML; the key ``on`` is read as True."""
    parsed: dict[Any, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return parsed


@pytest.fixture(scope="module")
def writer() -> ModuleType:
    """Return scripts/write_inputs.py as a module."""
    spec = importlib.util.spec_from_file_location("write_inputs", ROOT / "scripts/write_inputs.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_generated_stretches_are_up_to_date(writer: ModuleType) -> None:
    """What scripts/write_inputs.py writes is what stands in the files."""
    for name in writer.FILES:
        text = (ROOT / name).read_text(encoding="utf-8")
        assert writer.written(text) == text, f"run scripts/write_inputs.py: {name} is out of date"


@pytest.mark.parametrize("path", ACTIONS, ids=lambda path: path.parent.name)
def test_actions_have_the_inputs_and_outputs(path: Path) -> None:
    """The container action and the composite one have the inputs and outputs of the program, all described."""
    action = read(path)
    assert set(action["inputs"]) == NAMES
    assert set(action["outputs"]) == set(OUTPUTS)
    assert all(entry["description"] for entry in [*action["inputs"].values(), *action["outputs"].values()])
    for item in INPUTS:
        assert action["inputs"][item.name]["default"] == (item.expression or item.default)


def test_reusable_workflow_has_the_inputs_and_outputs() -> None:
    """The reusable workflow takes every input, secrets as secrets, hands each on, and asks for no permission."""
    workflow = read(ROOT / ".github/workflows/report.yml")
    call, job = workflow[True]["workflow_call"], workflow["jobs"]["report"]
    assert set(call["inputs"]) | set(call["secrets"]) == NAMES
    assert set(call["secrets"]) == SECRETS
    assert set(call["outputs"]) == set(job["outputs"]) == set(OUTPUTS)
    step = job["steps"][-1]
    assert set(step["with"]) == NAMES
    for item in INPUTS:
        assert f".{item.name} " in step["with"][item.name]
    assert "permissions" not in workflow
    assert "permissions" not in job
    assert job["concurrency"]["queue"] == "max"
    assert job["concurrency"]["cancel-in-progress"] is False


def test_reusable_workflow_runs_the_action_of_its_own_commit() -> None:
    """Callers in other repositories run the action at the ref that they call: fetched by the workflow's own commit."""
    fetch, step = read(ROOT / ".github/workflows/report.yml")["jobs"]["report"]["steps"]
    assert fetch["uses"].startswith("actions/checkout@")
    assert fetch["with"]["repository"] == "${{ job.workflow_repository }}"
    assert fetch["with"]["ref"] == "${{ job.workflow_sha }}"
    assert step["uses"] == f"./{fetch['with']['path']}"


@pytest.mark.parametrize("path", [*WORKFLOWS, *ACTIONS], ids=lambda path: str(path.relative_to(ROOT)))
def test_own_files_are_named_by_a_path(path: Path) -> None:
    """A reference to the repository itself has a path behind the ``$/``: the runner refuses the root alone."""
    for match in _USES.finditer(path.read_text(encoding="utf-8")):
        assert not match["what"].startswith("$") or re.fullmatch(r"\$/[\w.-]+(/[\w.-]+)*", match["what"]), match[0]


def test_composite_hands_every_input_on() -> None:
    """The composite action passes its inputs as one object, so that none can be forgotten and no shell drops one."""
    steps = read(ROOT / ".github/actions/report/action.yml")["runs"]["steps"]
    [step] = [step for step in steps if step.get("id") == "report"]
    assert step["env"]["PRODLENS_INPUTS"] == "${{ toJSON(inputs) }}"


def test_composite_s_artifacts_give_way_to_their_own_alone() -> None:
    """Cache and report under the job's own name replace an earlier attempt's; the plain name is not taken over."""
    steps = read(ROOT / ".github/actions/report/action.yml")["runs"]["steps"]
    uploads = {
        step["id"]: step["with"] for step in steps if step.get("uses", "").startswith("actions/upload-artifact@")
    }
    assert {name: given.get("overwrite") for name, given in uploads.items()} == {
        "cache": True,
        "upload": None,
        "upload-beside": True,
        "upload-organisation": True,
    }
    assert uploads["upload-beside"]["name"] == "${{ steps.report.outputs.report-name }}"
    assert uploads["upload-organisation"]["name"] == "${{ steps.report.outputs.report-name }}-organisation"


def test_composite_goes_on_when_the_server_refuses_uploads() -> None:
    """An upload that a server without the artifact service refuses is a warning, not a failed job."""
    steps = read(ROOT / ".github/actions/report/action.yml")["runs"]["steps"]
    uploads = [step for step in steps if step.get("uses", "").startswith("actions/upload-artifact@")]
    assert [step["continue-on-error"] for step in uploads] == [True, True, True, True]
    [warning] = [step for step in steps if "::warning" in step.get("run", "")]
    for name in ("cache", "upload-beside", "upload-organisation"):
        assert f"steps.{name}.outcome == 'failure'" in warning["if"]


def test_composite_names_the_report_by_its_job(tmp_path: Path) -> None:
    """The composite action's program says under which name a report goes beside another job's."""
    output = tmp_path / "output"
    environ = {
        "PATH": os.environ["PATH"],
        "GITHUB_OUTPUT": str(output),
        "GITHUB_WORKFLOW_REF": "octo/hello/.github/workflows/weekly.yml@refs/heads/main",
        "GITHUB_JOB": "report",
        "PRODLENS_INPUTS": json.dumps({"comment-key": "a b", "since": "never"}),
    }
    program = [sys.executable, str(ROOT / ".github/actions/report/run.py")]
    done = subprocess.run(program, cwd=tmp_path, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 2, done.stderr
    assert output.read_text() == "report-name=prodlens-report-weekly-report-a-b\n"


def test_every_example_is_there() -> None:
    """There is an example for each way of use that the documentation names."""
    assert {path.stem for path in ROOT.glob("examples/workflows/*")} == EXAMPLES


@pytest.mark.parametrize("path", [*WORKFLOWS, *ACTIONS], ids=lambda path: str(path.relative_to(ROOT)))
def test_actions_are_pinned(path: Path) -> None:
    """Every action of others is pinned by its full hash, with the version in words; ours is named by its major tag."""
    for match in _USES.finditer(path.read_text(encoding="utf-8")):
        name, _, ref = match["what"].partition("@")
        if name.startswith(("$/", "./")):
            continue
        if name.startswith("prodlens/"):
            assert (name in OUR_ACTIONS, ref) == (True, "v1")
        else:
            assert re.fullmatch(r"[0-9a-f]{40}", ref), match[0]
            assert re.fullmatch(r"v\d+\.\d+\.\d+", match["comment"] or ""), match[0]


# The first major version of each action that runs on Node 24, or on no Node at all.
ON_A_SUPPORTED_NODE = {
    "actions/attest": 4,
    "actions/checkout": 5,
    "actions/create-github-app-token": 3,
    "actions/setup-python": 6,
    "actions/upload-artifact": 6,
    "anthropics/claude-code-action": 1,
    "aws-actions/configure-aws-credentials": 6,
    "azure/login": 3,
    "google-github-actions/auth": 3,
    "pypa/gh-action-pypi-publish": 1,
}


@pytest.mark.parametrize("path", [*WORKFLOWS, *ACTIONS], ids=lambda path: str(path.relative_to(ROOT)))
def test_actions_run_on_a_supported_node(path: Path) -> None:
    """No action of others is older than its first release on a Node that is supported."""
    for match in _USES.finditer(path.read_text(encoding="utf-8")):
        if match["comment"]:
            name, major = match["what"].partition("@")[0], re.match(r"v(\d+)\.", match["comment"])
            assert major is not None
            assert int(major[1]) >= ON_A_SUPPORTED_NODE[name], match[0]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: str(path.relative_to(ROOT)))
def test_workflows_are_bounded(path: Path) -> None:
    """A workflow grants nothing at the top, each job what it needs, and no job runs for hours."""
    workflow = read(path)
    reusable = "workflow_call" in workflow[True]
    assert reusable or workflow["permissions"] == {}
    for job in workflow["jobs"].values():
        assert reusable or "permissions" in job
        assert "uses" in job or 0 < job["timeout-minutes"] <= 60


@pytest.mark.parametrize("path", sorted(ROOT.glob("examples/workflows/*.yml")), ids=lambda path: path.stem)
def test_examples_use_real_inputs(path: Path) -> None:
    """An example gives the action only inputs that it has."""
    for job in read(path)["jobs"].values():
        for step in job["steps"]:
            if step.get("uses", "").startswith("prodlens/"):
                assert set(step.get("with", {})) <= NAMES


def test_release_moves_the_major_tag_last() -> None:
    """Nothing public names an image before it is built on both platforms, tested, pushed, attested and pullable."""
    jobs = read(ROOT / ".github/workflows/release.yml")["jobs"]
    order = {name: job.get("needs") for name, job in jobs.items()}
    assert order == {
        "check": None,
        "image": "check",
        "publish": "image",
        "tag": "publish",
        "package": "tag",
        "major": ["tag", "package"],
    }
    assert {row["platform"] for row in jobs["image"]["strategy"]["matrix"]["include"]} == {"amd64", "arm64"}
    names = [step.get("name") for step in jobs["image"]["steps"]]
    assert names[names.index("Build") :] == ["Build", "Test what was built on the bundled traces", "Push", "Log out"]
    assert jobs["publish"]["steps"][-1]["uses"].startswith("actions/attest@")
    assert 'git push --force "$REMOTE" "FETCH_HEAD:refs/tags/$major"' in jobs["major"]["steps"][-1]["run"]
    assert read(ROOT / "action.yml")["runs"]["image"] == "Dockerfile"


def test_release_publishes_the_package_without_a_password() -> None:
    """The package is published by trusted publishing, and files that are there already are left alone."""
    job = read(ROOT / ".github/workflows/release.yml")["jobs"]["package"]
    assert job["permissions"]["id-token"] == "write"
    publish = job["steps"][-1]
    assert publish["uses"].startswith("pypa/gh-action-pypi-publish@")
    assert publish["with"] == {"skip-existing": True}


@dataclass(frozen=True)
class Remote:
    """A bare repository in the place of the one on GitHub, and a clone of it in which steps of the release run."""

    origin: Path
    clone: Path

    def git(self, *arguments: str) -> str:
        """Run git in the clone."""
        command = ["git", *arguments]
        done = subprocess.run(command, cwd=self.clone, env=self.environ, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    @property
    def environ(self) -> dict[str, str]:
        """The environment of a step: git knows no settings of this machine, and ``gh`` is not asked anything."""
        return {
            "PATH": f"{self.clone.parent / 'bin'}:{os.environ['PATH']}",
            "HOME": str(self.clone.parent),
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_AUTHOR_DATE": "2026-11-26T12:00:00Z",
            "GIT_COMMITTER_DATE": "2026-11-26T12:00:00Z",
            "IMAGE": "ghcr.io/prodlens/prodlens-action",
            "DIGEST": f"sha256:{'a' * 64}",
            "REMOTE": str(self.origin),
        }

    def step(self, job: str, name: str, version: str) -> int:
        """Run the shell text of a step as the runner does, in a fresh checkout of main; returns its exit status."""
        steps = read(ROOT / ".github/workflows/release.yml")["jobs"][job]["steps"]
        [text] = [step["run"] for step in steps if step.get("name") == name]
        self.git("reset", "-q", "--hard", "origin/main")
        environ = {**self.environ, "VERSION": version, "GITHUB_SHA": self.git("rev-parse", "HEAD")}
        command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", text]
        return subprocess.run(command, cwd=self.clone, env=environ, capture_output=True, check=False).returncode

    def tags(self) -> dict[str, str]:
        """Return the tags on the remote, by name."""
        rows = (line.split("\trefs/tags/") for line in self.git("ls-remote", "--tags", str(self.origin)).splitlines())
        return {name: sha for sha, name in rows}


@pytest.fixture
def remote(tmp_path: Path) -> Remote:
    """Return a remote whose main has this repository's action.yml, and a clone of it."""
    found = Remote(tmp_path / "origin.git", tmp_path / "clone")
    found.clone.mkdir()
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/gh").write_text("#!/bin/sh\n")
    (tmp_path / "bin/gh").chmod(0o755)
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", str(found.origin)], check=True)
    (found.clone / "action.yml").write_text((ROOT / "action.yml").read_text(encoding="utf-8"))
    for arguments in (
        ("init", "-q", "-b", "main"),
        ("remote", "add", "origin", str(found.origin)),
        ("config", "user.name", "Somebody"),
        ("config", "user.email", "somebody@example.com"),
        ("add", "action.yml"),
        ("commit", "-q", "-m", "First"),
        ("push", "-q", "-u", "origin", "main"),
    ):
        found.git(*arguments)
    return found


TAG = ("tag", "Tag a commit whose action.yml names the image by its digest")
MOVE = ("major", "Move it to this version, unless a newer one has it")
CHECK = ("check", "The version was not released from another commit")


def test_a_release_can_be_repeated_from_any_point(remote: Remote) -> None:
    """Tagging and moving the major tag a second time change nothing and do not fail."""
    assert remote.step(*CHECK, "1.4.0") == 0
    assert [remote.step(*TAG, "1.4.0") for _ in range(2)] == [0, 0]
    assert remote.step(*CHECK, "1.4.0") == 0
    [tagged] = remote.tags().values()
    assert [remote.step(*MOVE, "1.4.0") for _ in range(2)] == [0, 0]
    assert remote.tags() == {"v1.4.0": tagged, "v1": tagged}
    text = remote.git("--git-dir", str(remote.origin), "show", "v1.4.0:action.yml")
    assert f"image: docker://ghcr.io/prodlens/prodlens-action@sha256:{'a' * 64}" in text


def test_the_major_tag_never_moves_back(remote: Remote) -> None:
    """A release that is repeated after a newer one leaves the major tag at the newer one."""
    for version in ("1.9.0", "1.10.0"):
        assert remote.step(*TAG, version) == 0
    assert [remote.step(*MOVE, version) for version in ("1.10.0", "1.9.0")] == [0, 0]
    assert remote.tags()["v1"] == remote.tags()["v1.10.0"]


def test_a_version_is_released_from_one_commit_alone(remote: Remote) -> None:
    """The release stops at once where the version's tag is on another commit."""
    assert remote.step(*TAG, "1.4.0") == 0
    remote.git("commit", "-q", "--allow-empty", "-m", "Second")
    remote.git("push", "-q", "origin", "main")
    assert remote.step(*CHECK, "1.4.0") != 0
