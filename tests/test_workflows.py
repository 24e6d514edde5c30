"""The workflow files: one set of inputs, everything pinned, nothing allowed that is not needed."""

from __future__ import annotations

import importlib.util
import re
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
}
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
    [step] = job["steps"]
    assert set(step["with"]) == NAMES
    for item in INPUTS:
        assert f".{item.name} " in step["with"][item.name]
    assert "permissions" not in workflow
    assert "permissions" not in job
    assert job["concurrency"]["queue"] == "max"
    assert job["concurrency"]["cancel-in-progress"] is False


def test_composite_hands_every_input_on() -> None:
    """The composite action passes its inputs as one object, so that none can be forgotten and no shell drops one."""
    steps = read(ROOT / ".github/actions/report/action.yml")["runs"]["steps"]
    [step] = [step for step in steps if step.get("id") == "report"]
    assert step["env"]["PRODLENS_INPUTS"] == "${{ toJSON(inputs) }}"


def test_composite_s_artifacts_give_way_to_later_ones() -> None:
    """What the composite action uploads takes the place of an earlier attempt's, as what the container uploads does."""
    steps = read(ROOT / ".github/actions/report/action.yml")["runs"]["steps"]
    uploads = [step["with"] for step in steps if step.get("uses", "").startswith("actions/upload-artifact@")]
    assert [given.get("overwrite") for given in uploads] == [True, True]


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
            assert (name, ref) == ("prodlens/prodlens-action", "v1")
        else:
            assert re.fullmatch(r"[0-9a-f]{40}", ref), match[0]
            assert re.fullmatch(r"v\d+\.\d+\.\d+", match["comment"] or ""), match[0]


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
    release = read(ROOT / ".github/workflows/release.yml")
    jobs = release["jobs"]
    assert (jobs["image"]["needs"], jobs["publish"]["needs"], jobs["tag"]["needs"]) == ("check", "image", "publish")
    assert {row["platform"] for row in jobs["image"]["strategy"]["matrix"]["include"]} == {"amd64", "arm64"}
    assert [step.get("name") for step in jobs["image"]["steps"]][-3:] == [
        "Build",
        "Test what was built on the bundled traces",
        "Push",
    ]
    assert jobs["publish"]["steps"][-1]["uses"].startswith("actions/attest@")
    last = jobs["tag"]["steps"][-1]["run"].strip().splitlines()
    assert last[-1] == 'git push --force origin "refs/tags/$major"'
    assert read(ROOT / "action.yml")["runs"]["image"] == "Dockerfile"
    edit = jobs["tag"]["steps"][2]["run"]
    assert r"s|^  image: Dockerfile\$|" in edit
