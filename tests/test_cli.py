"""The command line as a program."""

from __future__ import annotations

import subprocess
import sys

import pytest

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
