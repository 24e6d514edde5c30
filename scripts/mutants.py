"""Change one small thing at a time and see whether a test notices (mutmut); say which changes nobody noticed.

Usage: ``python scripts/mutants.py [GROUP ...]``. The groups, and the survivors that are explained, stand in
``mutants.toml``. Each group is a copy of the project below ``build/mutants``; a second run tests what has changed
since. Exits with 1 when a mutant survives that is not explained, or an explanation explains nothing any more.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tomllib
from collections import Counter
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
WORK = ROOT / "build" / "mutants"
MUTMUT = Path(sys.executable).with_name("mutmut")
# What mutmut says of a mutant by the exit code of its tests; everything else is a survivor or a mistake.
KILLED, TYPES, UNTESTED, TIMEOUTS = {1, 3}, {37}, {5, 33}, {36, -24, 24, 152, 255}
_SQL = re.compile(
    r"\b(?:SELECT|FROM|WHERE|(?:GROUP|ORDER) BY|INSERT|UPDATE|DELETE|CREATE|DROP|INTO|JOIN|AND|CASE|END|NULL|SAVEPOINT"
    r"|RELEASE|ROWID)\b"
)
# Of a group's copy of the project. Properties look for counterexamples longest: tests with literal values go first. No
# test builds on what another one made the code remember, nor on what the unchanged code did before the fork.
CONFTEST = '''"""Run literal tests first, and on nothing that the unchanged code remembered."""

import sys


def pytest_runtest_setup():
    for name, module in list(sys.modules.items()):
        if name.startswith("prodlens"):
            for variable, value in list(vars(module).items()):
                getattr(value, "cache_clear", int)()
                if isinstance(value, dict) and variable[0] == "_" != variable[1] and variable.islower():
                    value.clear()  # what is written in capitals is a constant


def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: hasattr(getattr(item, "obj", None), "hypothesis"))
'''


# What ``mutmut show`` prints, of many mutants at once.
DIFFS = """
import json, sys
from mutmut.mutation.diff_apply import get_diff_for_mutant
print(json.dumps({key: get_diff_for_mutant(key) for key in sys.argv[1:]}))
"""


@dataclass(frozen=True)
class Survivor:
    """A change that no test noticed: the function, and what was changed in it."""

    function: str
    change: str


@dataclass(frozen=True)
class Explanation:
    """Why survivors may live: a shell pattern of their functions, a pattern of their changes, and the reason."""

    function: str
    change: str
    reason: str

    def covers(self, survivor: Survivor) -> bool:
        """Tell whether the survivor is of this kind."""
        return fnmatchcase(survivor.function, self.function) and re.search(self.change, survivor.change) is not None


def main(names: list[str]) -> int:
    """Run the named groups (all by default), print the table and the unexplained survivors."""
    settings = tomllib.loads((ROOT / "scripts" / "mutants.toml").read_text("utf-8"))
    explanations = [Explanation(**each) for each in settings["explained"]]
    found: set[Survivor] = set()
    for name in names or list(settings["groups"]):
        folder = prepare(name, settings["groups"][name], settings["skip_lines"])
        subprocess.run([MUTMUT, "run", "--max-children", "1"], cwd=folder, check=True)
        found |= report(folder)
    open_ = {each for each in found if not is_same_sql(each.change)}
    left = {each for each in open_ if not any(explanation.covers(each) for explanation in explanations)}
    for survivor in sorted(left, key=lambda each: each.function):
        print(f"\nsurvived: {survivor.function}\n{survivor.change}")
    stale = [] if names else [one for one in explanations if not any(one.covers(each) for each in found)]
    for explanation in stale:
        print(f"\nexplains nothing: {explanation.function}: {explanation.change}")
    print(f"\n{len(found)} survived, {len(found) - len(left)} of them explained")
    return int(bool(left or stale))


def prepare(name: str, group: dict[str, Any], skip_lines: list[str]) -> Path:
    """Bring the group's copy of the project up to date; returns its folder."""
    folder = WORK / name
    for part in ("prodlens", "tests"):
        for stale in (folder / part, folder / "mutants" / "tests"):
            shutil.rmtree(stale, ignore_errors=True)
        shutil.copytree(ROOT / part, folder / part, dirs_exist_ok=True, ignore=shutil.ignore_patterns("node_modules"))
    options = {
        "source_paths": ["prodlens"],
        "only_mutate": group["mutate"],
        "also_copy": ["conftest.py"],
        "do_not_mutate_patterns": skip_lines,
        "pytest_add_cli_args_test_selection": group["tests"],
        "pytest_add_cli_args": ["-n", "0", "--no-cov", "--hypothesis-profile=mutants", "-p", "no:cacheprovider"],
        "timeout_multiplier": 8.0,
        "use_git_change_detection": False,
    }
    table = "".join(f"{key} = {json.dumps(value)}\n" for key, value in options.items())
    text = (ROOT / "pyproject.toml").read_text("utf-8")
    (folder / "pyproject.toml").write_text(f"{text}\n[tool.mutmut]\n{table}", "utf-8")
    (folder / "conftest.py").write_text(CONFTEST, "utf-8")
    (folder / "mutants" / "mutmut-stats.json").unlink(missing_ok=True)  # which tests reach what is found out anew
    for path in (folder / "mutants").rglob("*.py.meta"):
        forget_survivors(path)
    return folder


def forget_survivors(path: Path) -> None:
    """Let mutmut try again what survived: it remembers by the function, and the tests may have become better."""
    told = json.loads(path.read_text("utf-8"))
    codes = told["exit_code_by_key"]
    told["exit_code_by_key"] = {key: code if kind_of(code) == "killed" else None for key, code in codes.items()}
    path.write_text(json.dumps(told), "utf-8")


def report(folder: Path) -> set[Survivor]:
    """Print a line for each module, and return the survivors."""
    unnoticed: list[str] = []
    print(f"{'module':48}{'mutants':>8}{'killed':>8}{'survived':>9}{'untested':>9}{'timeout':>8}")
    for path in sorted((folder / "mutants").rglob("*.py.meta")):
        codes: dict[str, int | None] = json.loads(path.read_text("utf-8"))["exit_code_by_key"]
        if not codes:
            continue
        counts = Counter("killed" if code in KILLED | TYPES else kind_of(code) for code in codes.values())
        module = path.relative_to(folder / "mutants").as_posix().removesuffix(".py.meta")
        line = f"{module:48}{len(codes):8}{counts['killed']:8}"
        print(f"{line}{counts['survived']:9}{counts['untested']:9}{counts['timeout']:8}", flush=True)
        unnoticed += [key for key, code in codes.items() if kind_of(code) in {"survived", "untested"}]
        for key in (key for key, code in codes.items() if kind_of(code) == "timeout"):
            print(f"  out of time, to be looked at: {key}")
    return survivors_of(folder, unnoticed) if unnoticed else set()


def is_same_sql(change: str) -> bool:
    """Tell whether a change is one of capitals in SQL, which reads keywords and names in any case."""
    old, new = ([line[2:] for line in change.splitlines() if line[0] == sign] for sign in "-+")
    return any(map(_SQL.search, old)) and [one.lower() for one in old] == [one.lower() for one in new]


def kind_of(code: int | None) -> str:
    """Say what an exit code means for a mutant that no test and no type killed."""
    if code in UNTESTED:
        return "untested"
    return "timeout" if code in TIMEOUTS else "killed" if code in KILLED | TYPES else "survived"


def survivors_of(folder: Path, keys: list[str]) -> set[Survivor]:
    """Read what mutants change, by the lines alone: numbers of mutants move with every edit."""
    command = [sys.executable, "-c", DIFFS, *keys]
    shown = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)
    found = set()
    for key, diff in json.loads(shown.stdout.splitlines()[-1]).items():
        lines = [line for line in diff.splitlines() if line[:1] in {"+", "-"} and line[:3] not in {"+++", "---"}]
        change = "\n".join(f"{line[0]} {line[1:].strip()}" for line in lines)
        found.add(Survivor(key.rpartition("__mutmut_")[0], change))
    return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
