"""The command line as a program."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from prodlens.action.inputs import INPUTS, LOCAL_FLAGS
from prodlens.cli import COMMANDS, build_parser


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command line the documented way."""
    return subprocess.run(
        [sys.executable, "-m", "prodlens.cli", *arguments], capture_output=True, text=True, check=False
    )


def test_help_loads_no_heavy_library() -> None:
    """Importing prodlens or asking for help loads neither pandas, pyarrow nor scipy."""
    code = (
        "import sys, prodlens, prodlens.cli, contextlib, io\n"
        "with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):\n"
        "    prodlens.cli.main(['--help'])\n"
        "print(sorted({'pandas', 'pyarrow', 'scipy', 'numpy', 'requests'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_without_a_command_it_is_the_local_run(tmp_path: Path) -> None:
    """No argument, or a flag first, is the program of ``entrypoint.py``: outside a clone it says what it needs."""
    program = [sys.executable, "-m", "prodlens.cli"]
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": str(Path(__file__).parent.parent), "HOME": str(tmp_path)}
    for arguments in ([], ["--offline"]):
        done = subprocess.run(
            [*program, *arguments], cwd=tmp_path, env=environ, capture_output=True, text=True, check=False
        )
        assert done.returncode == 2
        assert "run this inside a clone of it, or say --repository owner/name" in done.stderr
    done = run("--no-such-flag")
    assert done.returncode == 2
    assert "usage: prod-lens" in done.stderr


def test_help_has_the_commands_and_the_flags_of_the_local_run() -> None:
    """``--help`` names every command, and every flag that the program takes without one."""
    shown = run("--help").stdout
    assert shown.startswith("usage: prod-lens [FLAGS]\n       prod-lens COMMAND ...\n")
    assert [name for name in COMMANDS if f"    {name} " not in shown and f"    {name}\n" not in shown] == []
    assert [flag.name for flag in (*INPUTS, *LOCAL_FLAGS) if f"--{flag.name}" not in shown] == []
    assert run("ledger", "--help").stdout.startswith("usage: prod-lens ledger ")


def test_a_wrong_command_exits_2() -> None:
    """A command that does not exist is the user's mistake."""
    done = run("no-such-command")
    assert done.returncode == 2
    assert "no-such-command" in done.stderr


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(name: str) -> None:
    """Every command explains itself and every one of its flags."""
    subparsers = build_parser()._subparsers
    assert subparsers is not None
    parser = subparsers._group_actions[0].choices[name]  # type: ignore[index]
    assert parser.description
    assert [action.dest for action in parser._actions if not action.help] == []
