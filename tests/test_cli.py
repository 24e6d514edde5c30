"""The command line as a program."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from prodlens.action.inputs import INPUTS, LOCAL_FLAGS
from prodlens.cli import COMMANDS, build_parser, main
from prodlens.storage import ProdLensStore
from tests.programs import run_command


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
    alone = subprocess.run(program, cwd=tmp_path, env=environ, capture_output=True, text=True, check=False)
    for done in (alone, run_command("--offline", environ=environ, folder=tmp_path)):
        assert done.returncode == 2
        assert "run this inside a clone of your repository, or name it: --repository owner/name" in done.stderr
    done = run_command("--no-such-flag")
    assert done.returncode == 2
    assert done.stderr == "usage: prod-lens [FLAGS]\nprod-lens: error: unrecognized arguments: --no-such-flag\n"


def test_help_has_the_commands_and_the_flags_of_the_local_run() -> None:
    """``--help`` names every command, and every flag that the program takes without one."""
    shown = run("--help").stdout
    assert shown.startswith("usage: prod-lens [FLAGS]\n       prod-lens COMMAND ...\n")
    assert [name for name in COMMANDS if f"    {name} " not in shown and f"    {name}\n" not in shown] == []
    assert [flag.name for flag in (*INPUTS, *LOCAL_FLAGS) if f"--{flag.name}" not in shown] == []
    assert run_command("ledger", "--help").stdout.startswith("usage: prod-lens ledger ")


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a database with one simulated week and a call whose model has a hostile name."""
    path = tmp_path_factory.mktemp("simulated") / "d.db"
    assert run_command("demo", "--db", str(path), "--weeks", "1").returncode == 0
    with ProdLensStore(path) as store:
        store.insert_sessions([{"timestamp": "2026-06-25T10:00:00Z", "model": "\x1b[31m\u2212red", "cost_usd": 1.0}])
    return path


def through_a_shell(script: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run the program as ``$P`` in a shell."""
    program = f"{sys.executable} -m prodlens.cli"
    return subprocess.run(
        ["sh", "-c", f'P="{program}"; {script}'],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **environ},
    )


def test_a_reader_who_stops_is_no_error(simulated: Path) -> None:
    """Of a pipe whose reader has gone nothing is said, whether it was closed before or after the first line."""
    for script in (
        f"$P ledger --db {simulated} | head -1",
        f"$P report --db {simulated} --repo a/b --since 2026-06-22 | :",
    ):
        done = through_a_shell(script)
        assert done.stderr == ""


def test_a_closed_output_is_no_error(simulated: Path) -> None:
    """Without a standard output the program does its work in silence."""
    done = through_a_shell(f"$P ledger --db {simulated} >&-")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_an_output_that_is_full_is_one_line(simulated: Path) -> None:
    """A full disk behind the output is said in one line, with exit status 1."""
    done = through_a_shell(f"$P ledger --db {simulated} >/dev/full")
    assert done.returncode == 1
    assert re.fullmatch(
        r"prod-lens: error: stopped, since something could not be [^\n]*No space left[^\n]*\n", done.stderr
    )


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_a_model_s_name_is_shown_in_any_encoding_and_obeyed_in_none(simulated: Path, encoding: str) -> None:
    """What an encoding lacks becomes ``?``; a control sequence in a trace does not reach the terminal."""
    done = through_a_shell(f"$P ledger --db {simulated}", PYTHONIOENCODING=encoding, PYTHONUTF8="0")
    assert done.returncode == 0
    assert "red  " in done.stdout
    assert "\x1b" not in done.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["ledger", "--since", "yesterday"], "not a day: 'yesterday' (expected YYYY-MM-DD, for example 2026-05-01)"),
        (["ledger", "--repo", "nix"], "not a repository: 'nix'"),
        (["publish", "--to", "x", "--repo", "nix"], "argument --repo: not a repository: 'nix' (expected owner/name"),
        (["sync-status", "--repo", "nix"], "not a repository: 'nix'"),
        (["ledger", "--since", "2026-05-02", "--until", "2026-05-02"], "--until: must be after --since: 2026-05-02"),
        (
            ["focus", "--repo", "a/b", "--output", "x.csv", "--since", "2026-05-02", "--until", "2026-05-01"],
            "--until: must be after --since: 2026-05-01",
        ),
        (
            ["demo", "--weeks", "0"],
            "--weeks, --last-day: must be 1 to 520 weeks that end in 1980 to 2999: 0, 2026-06-28",
        ),
        (["demo", "--last-day", "0001-01-05"], "weeks that end in 1980 to 2999: 12, 0001-01-05"),
        (["assign", "--seed", "s", "--authors", "a", "--from", "9999-12-31"], "--from: must be a day before 3000"),
        (["assign", "--seed", "s", "--spread", "1e308"], "a ratio so near 1 cannot be told from 1 at such a spread"),
    ],
)
def test_values_beyond_what_can_be_are_mistakes(simulated: Path, arguments: list[str], message: str) -> None:
    """A day, repository or number that nothing can be done with is named, with exit status 2."""
    done = run_command(*arguments, "--db", str(simulated))
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_the_first_day_and_odd_bytes_are_values_too(simulated: Path) -> None:
    """A ledger may end on the first day of the calendar, and a seed may be of bytes that are not text."""
    assert run_command("ledger", "--db", str(simulated), "--until", "0001-01-01").returncode == 0
    done = through_a_shell("$P assign --seed \"$(printf '\\377')\" --repo a/b --issues 1")
    assert (done.returncode, done.stderr) == (0, "")


def test_a_stop_before_anything_was_done_is_quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C while a command loads, and while the local run does, ends with 130 and without a traceback."""

    def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("prodlens.cli._load", stopped)
    assert main(["ledger"]) == 130
    monkeypatch.setattr("prodlens.action.settings.parse_settings", stopped)
    assert main(["--offline"]) == 130


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
