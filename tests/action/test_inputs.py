"""The inputs, said in four places: the code, action.yml, ``--help`` and docs/reference.md."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from prodlens.action import build_parser, collect_texts
from prodlens.action.inputs import INPUTS, LOCAL_FLAGS, Input
from prodlens.action.publishing.outputs import OUTPUTS

ROOT = Path(__file__).parent.parent.parent
ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
REFERENCE = (ROOT / "docs/reference.md").read_text(encoding="utf-8")


def test_action_yml_has_exactly_the_inputs_of_the_code() -> None:
    """Name, description and default of every input are the same in action.yml and in the code."""
    assert {
        item.name: {
            "description": item.description,
            "required": False,
            "default": item.expression or item.default,
        }
        for item in INPUTS
    } == ACTION["inputs"]


def test_action_yml_has_exactly_the_outputs_of_the_code() -> None:
    """Name and description of every output are the same in action.yml and in the code."""
    assert {name: {"description": text} for name, text in OUTPUTS.items()} == ACTION["outputs"]


@pytest.mark.parametrize("item", INPUTS, ids=lambda item: item.name)
def test_the_reference_says_the_default_and_meaning_of_every_input(item: Input) -> None:
    """Every input stands in the reference's table with the default and the meaning that the code has."""
    default = item.expression or item.default
    shown = f"`{default}`" if default else ""
    assert f"| `{item.name}` | {shown} | {item.description} |" in REFERENCE


@pytest.mark.parametrize("name", OUTPUTS)
def test_the_reference_says_what_every_output_is(name: str) -> None:
    """Every output stands in the reference's table with its meaning."""
    assert f"| `{name}` | {OUTPUTS[name]} |" in REFERENCE


def test_help_explains_every_flag() -> None:
    """``--help`` of the entry point names every input and every flag of a local run, its value and its meaning."""
    help_text = build_parser().format_help()
    shown = re.sub(r"\W", "", help_text)
    for flag in (*INPUTS, *LOCAL_FLAGS):
        assert f"--{flag.name} {flag.metavar}".rstrip() in help_text
        assert re.sub(r"\W", "", flag.name) in shown
        assert re.sub(r"\W", "", flag.description) in shown


def test_help_loads_no_heavy_library() -> None:
    """Asking the entry point for help loads neither pandas, pyarrow, scipy, requests nor the settings."""
    code = (
        "import sys, runpy, contextlib, io\n"
        "sys.argv = ['entrypoint.py', '--help']\n"
        "with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):\n"
        "    runpy.run_path('entrypoint.py', run_name='__main__')\n"
        "print(sorted({'pandas', 'pyarrow', 'scipy', 'numpy', 'requests', 'prodlens.storage'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_flag_wins_over_the_input_variable() -> None:
    """A flag is taken before ``INPUT_<NAME>`` (hyphens kept), a repeated flag becomes lines, nothing stays nothing."""
    flags = ["--since", "7d", "--holidays", "2026-01-01", "--holidays", "2026-01-02"]
    arguments = vars(build_parser().parse_args(flags))
    texts = collect_texts(arguments, {"INPUT_SINCE": "1d", "INPUT_LAG-DAYS": "2", "INPUT_CACHE-ARTIFACT": ""})
    assert texts == {"since": "7d", "lag-days": "2", "holidays": "2026-01-01\n2026-01-02", "cache-artifact": ""}
