"""The layout: which package may import which, through which door, and what only the programs may touch."""

from __future__ import annotations

import ast
import re
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from prodlens.storage import migrations

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parent.parent / "prodlens"
MODULES = sorted(ROOT.rglob("*.py"))
MOST_ROOT_MODULES = 12
MOST_LINES = 400
MOST_EXCEPTIONS = 60
MOST_FRONT_DOOR_LINES = 60

# What each package or root module may import. `docs/architecture.md` draws this table; a new import that it does not
# allow is a question of layout first.
GROUND = {
    "child_process",
    "errors",
    "files",
    "json_values",
    "lazy_names",
    "schemas",
    "slugs",
    "streams",
    "timestamps",
    "version",
}
RULES = GROUND | {"statistics"}
KNOWLEDGE = RULES | {"calls", "commits", "github"}
STORES = KNOWLEDGE | {"evidence", "storage", "trace_normalizer"}
SOURCES = STORES | {"github_etl", "lake", "trace_ingestion"}
FIGURES = SOURCES | {"aggregation", "metrics", "organisation"}
ALLOWED: dict[str, set[str]] = {
    **dict.fromkeys(GROUND, GROUND),
    "statistics": set(),
    **dict.fromkeys(["calls", "commits", "github"], RULES),
    **dict.fromkeys(["trace_normalizer", "storage", "evidence"], KNOWLEDGE),
    **dict.fromkeys(["lake", "github_etl"], STORES),
    "trace_ingestion": STORES | {"lake"},
    "metrics": SOURCES,
    "aggregation": SOURCES | {"metrics"},
    "organisation": GROUND | {"lake", "statistics"},
    "rendering": RULES,
    **dict.fromkeys(["commands", "action"], FIGURES | {"rendering"}),
    "cli": {"action", "commands", "version"},
    "__init__": GROUND | {"aggregation", "github_etl", "metrics", "storage", "trace_ingestion", "trace_normalizer"},
}

# The same inside the action: its folders, and the modules beside them.
ACTION_BASE = {"environment", "event", "identity", "inputs", "notices", "ownership", "anonymize"}
SETTINGS = ACTION_BASE | {"artifacts", "settings"}
RUN_PARTS = SETTINGS | {"github_access", "job"}
ALLOWED_IN_ACTION: dict[str, set[str]] = {
    **{name: set() for name in ("inputs", "event", "anonymize", "environment", "ownership")},
    "notices": {"environment"},
    "identity": {"event"},
    "artifacts": ACTION_BASE,
    "settings": ACTION_BASE | {"artifacts"},
    "workspace": {"environment", "settings"},
    "github_access": {"environment", "settings"},
    "job": SETTINGS | {"github_access"},
    "cache": SETTINGS | {"github_access"},
    **dict.fromkeys(["gathering", "publishing"], RUN_PARTS),
    "run": RUN_PARTS | {"cache", "gathering", "publishing", "workspace"},
    "program": SETTINGS | {"run"},
    "": ACTION_BASE | {"program"},
}

# Packages whose modules are imported directly by others, with the reason.
WITHOUT_A_FRONT_DOOR = {
    "statistics": "each module is a topic, and a common door would load numpy for a threshold",
}
# Modules that name the clock or sleep as the default of a parameter, since library callers pass neither.
CLOCK_DEFAULTS = {"github/client.py", "github_etl/etl.py", "metrics/generator.py"}
# Starts git, which must not see the environment's ``GIT_DIR`` and its kin.
CLEANS_THE_ENVIRONMENT = {"commits/git_history.py"}
PROCESS_MODULES = {"cli.py", "commands/__init__.py", "action/__init__.py"}


class Import(NamedTuple):
    """One imported module of the project, by its dotted path below ``prodlens``."""

    importer: str
    target: str

    @property
    def packages(self) -> tuple[str, str]:
        """Return importing and imported package or root module."""
        return self.importer.split(".")[0], self.target.split(".")[0]


def dotted(path: Path) -> str:
    """Return a module's path below the package: ``storage.store``, and ``storage`` for its front door."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)


def nodes_of(path: Path) -> Iterator[ast.AST]:
    """Return every node of a module."""
    return ast.walk(ast.parse(path.read_text(encoding="utf-8")))


def given_by(path: Path) -> set[str]:
    """Return the names that a front door gives; one can also be a module, as ``calls.merge`` is."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            return set(ast.literal_eval(node.value))
    return set()


NAMES = {dotted(path) for path in MODULES}
GIVEN = {dotted(path): given_by(path) for path in MODULES if path.name == "__init__.py"}


def imports_of(path: Path) -> set[Import]:
    """Return every import of the project's own modules, for types alone or not, at the top or in a function."""
    found = set()
    for node in nodes_of(path):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "prodlens":
            module = (node.module or "").removeprefix("prodlens").removeprefix(".")
            for alias in node.names:
                below = f"{module}.{alias.name}".removeprefix(".")
                found.add(below if below in NAMES and alias.name not in GIVEN.get(module, ()) else module)
        elif isinstance(node, ast.Import):
            found |= {
                alias.name.removeprefix("prodlens.") for alias in node.names if alias.name.startswith("prodlens.")
            }
    return {Import(dotted(path), target) for target in found if target}


@cache
def all_imports() -> list[Import]:
    """Return the imports of every module."""
    return sorted(set().union(*map(imports_of, MODULES)))


def test_the_layout_names_every_package() -> None:
    """Every package and root module has a row in the table, and the table names nothing else."""
    assert {dotted(path).split(".")[0] for path in MODULES} == set(ALLOWED)


@pytest.mark.parametrize("package", sorted(ALLOWED))
def test_packages_import_what_they_may(package: str) -> None:
    """A package imports itself and what the table allows it."""
    targets = {found.packages[1] for found in all_imports() if found.packages[0] == package}
    assert targets - ALLOWED[package] - {package} == set()


def test_the_parts_of_the_action_import_what_they_may() -> None:
    """Inside the action, cache, gathering and publishing do not know each other; only the program knows the run."""
    inside = [found for found in all_imports() if found.packages == ("action", "action")]
    arrows = {(part_of(found.importer), part_of(found.target)) for found in inside}
    parts = {part_of(dotted(path)) for path in MODULES if dotted(path).split(".")[0] == "action"}
    assert parts == set(ALLOWED_IN_ACTION)
    assert {(one, other) for one, other in arrows if one != other and other not in ALLOWED_IN_ACTION[one]} == set()


def part_of(name: str) -> str:
    """Return the folder or module of the action that a dotted name is in; empty for the front door itself."""
    return f"{name}.".split(".")[1]


def test_no_import_runs_in_a_circle() -> None:
    """Neither packages nor modules import each other in a circle, imports for types included."""
    packages: dict[str, set[str]] = {}
    modules: dict[str, set[str]] = {}
    for found in all_imports():
        importer, target = found.packages
        if importer != target:
            packages.setdefault(importer, set()).add(target)
        if found.importer not in {found.target, "__init__"}:
            modules.setdefault(found.importer, set()).add(found.target)
    assert list(TopologicalSorter(packages).static_order())
    assert list(TopologicalSorter(modules).static_order())


def test_other_packages_come_through_the_front_door() -> None:
    """A module inside a package is imported by that package alone, whatever the exceptions do not name."""
    deep = {
        (found.importer, found.target)
        for found in all_imports()
        if found.packages[0] != found.packages[1]
        and "." in found.target
        and found.packages[1] not in WITHOUT_A_FRONT_DOOR
    }
    assert deep == set()


def test_few_modules_stand_at_the_root() -> None:
    """The root holds the front door, the ground, the command line and the aggregates: at most twelve modules."""
    assert len(list(ROOT.glob("*.py"))) <= MOST_ROOT_MODULES


def test_front_doors_only_give_names() -> None:
    """The ``__init__`` of a package defines nothing of its own, except where a program starts."""
    for path in MODULES:
        if path.name != "__init__.py" or str(path.relative_to(ROOT)) in PROCESS_MODULES:
            continue
        body = ast.parse(path.read_text(encoding="utf-8")).body
        defined = [node for node in body if isinstance(node, ast.FunctionDef | ast.ClassDef)]
        assert (path, defined) == (path, []) or dotted(path) in DOORS_WITH_A_RULE
        assert len(path.read_text(encoding="utf-8").splitlines()) <= MOST_FRONT_DOOR_LINES


# The migrations in the order of their numbers.
DOORS_WITH_A_RULE = {"storage.migrations"}


def test_only_the_programs_touch_the_process() -> None:
    """Environment, arguments, streams, clock, sleep and exit are used in the programs' own modules alone."""
    assert {name: found for path in MODULES if (found := touched_by(path)) for name in [dotted(path)]} == {}


def touched_by(path: Path) -> set[str]:
    """Return what a module uses of the process, and may not."""
    name = str(path.relative_to(ROOT))
    if name in PROCESS_MODULES:
        return set()
    touched = {"os.environ", "os.getenv", "sys.argv", "sys.stdin", "sys.stdout", "sys.stderr", "sys.exit"}
    touched |= {"datetime.now", "datetime.utcnow", "date.today"}
    if name in CLEANS_THE_ENVIRONMENT:
        touched -= {"os.environ"}
    if name not in CLOCK_DEFAULTS:
        touched |= {"time.time", "time.sleep"}
    last = {each.rpartition(".")[2] for each in touched}
    found = (node for node in nodes_of(path) if isinstance(node, ast.Attribute) and node.attr in last)
    return touched & set(map(ast.unparse, found))


def test_few_modules_start_programs() -> None:
    """Only our own child processes, git, the GitHub CLI and pip are started."""
    starting = {
        dotted(path)
        for path in MODULES
        if "subprocess" in path.read_text(encoding="utf-8")
        for node in nodes_of(path)
        if isinstance(node, ast.Import) and "subprocess" in {alias.name for alias in node.names}
    }
    assert starting == {
        "child_process",
        "commits.git_history",
        "action.github_access",
        "action.publishing.extra",
    }


def test_modules_stay_small() -> None:
    """A module of more than 400 lines is two."""
    sizes = {dotted(path): len(path.read_text(encoding="utf-8").splitlines()) for path in MODULES}
    assert {name: size for name, size in sizes.items() if size > MOST_LINES} == {}


# Downloads to a temporary folder that the run made for itself, which nobody else writes to.
WRITE_TO_TEMPORARY_FOLDERS = {"action.artifacts.listing", "action.cache.trust", "action.gathering.trace_artifacts"}


def test_files_are_written_in_one_place() -> None:
    """Only ``prodlens.files``, which follows no link, opens files for writing and makes folders."""
    others = [path for path in MODULES if dotted(path).split(".")[0] != "files"]
    written = {dotted(path): names for path in others if (names := writes_of(path))}
    assert {name: found for name, found in written.items() if name not in WRITE_TO_TEMPORARY_FOLDERS} == {}


def writes_of(path: Path) -> list[str]:
    """Return the calls of a module that write a file or make a folder by themselves."""
    writing = {"write_text", "write_bytes", "mkdir", "makedirs", "mkstemp", "touch", "rename", "symlink_to", "chmod"}
    found = []
    for node in nodes_of(path):
        if not isinstance(node, ast.Call):
            continue
        name = ast.unparse(node.func)
        modes = []
        if name.endswith(".open") and "files" not in name and "archive" not in name:
            modes = [value.value for value in node.args[:1] if isinstance(value, ast.Constant)]
        opens = any(set(str(mode)) & set("wax+") for mode in modes)
        if opens or (name != "files.rename" and name.rpartition(".")[2] in writing):
            found.append(name)
    return found


def test_few_exceptions_from_the_linter() -> None:
    """At most 60 lines are exempt from a rule, and each says why on the line."""
    folders = ("prodlens", "tests", "benchmarks", "scripts", ".ci", ".github")
    files = [path for folder in folders for path in (ROOT.parent / folder).rglob("*.py")]
    mark = "# no" + "qa"
    exempt = [line for path in files for line in path.read_text(encoding="utf-8").splitlines() if mark in line]
    assert [line for line in exempt if not re.search(mark + r": [A-Z0-9, ]+ - \S", line)] == []
    assert len(exempt) <= MOST_EXCEPTIONS


# The package that owns each table: it alone has text that inserts, updates or deletes its rows. The action prunes its
# copy of the database, which is a file of its own.
OWNERS = {
    "storage": {
        "call_aliases", "checkpoints", "commits", "daily_github_metrics", "daily_session_metrics", "decisions", "etags",
        "notes", "pull_requests", "session_branches", "session_links", "session_parts", "sessions",
        "tool_uses", "usage_days",
    },
    "github_etl": {
        "ai_notes", "commit_parents", "missing_commits", "pull_request_commits", "repositories", "seen_pull_requests",
        "sync_streams",
    },
    "trace_ingestion": {"ingestions", "known_files", "lake_pending"},
    "action": {"artifact_walks", "trace_artifacts"},
}  # fmt: skip
# The details of a pull request and the branch of a commit are read by walks of the sync; the rows go with their keys.
WRITTEN_BY_OTHERS = {
    ("github_etl", "pull_requests"),
    ("github_etl", "commits"),
    ("storage", "pull_request_commits"),
}
THE_COPY = "action.cache.snapshot"
_WRITES = re.compile(r"\b(?:INSERT (?:OR \w+ )?INTO|UPDATE|DELETE FROM) (?P<table>[a-z_]{3,})\b")


def test_tables_are_written_by_their_owners() -> None:
    """SQL that writes to a table stands in the package that owns it, and every table has one owner."""
    owner = {table: package for package, tables in OWNERS.items() for table in tables}
    created = {
        name
        for _, script in migrations()
        for name in re.findall(r"CREATE TABLE (\w+)", script)
        if not re.search(rf"DROP TABLE {name}\b", script)
    }
    assert created == set(owner)
    foreign = set()
    for path in MODULES:
        if dotted(path) == THE_COPY:
            continue
        for node in nodes_of(path):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                package = dotted(path).split(".")[0]
                written = {match["table"] for match in _WRITES.finditer(node.value)} & set(owner)
                foreign |= {(package, table) for table in written if owner[table] != package}
    assert foreign <= WRITTEN_BY_OTHERS


def test_placeholders_are_joined_in_one_place() -> None:
    """Queries that look rows up by many values are made by ``storage.in_queries`` alone."""
    joining = {
        dotted(path) for path in MODULES if re.search(r"join\(\s*[\"']\?[\"']", path.read_text(encoding="utf-8"))
    }
    assert joining == {"storage.in_queries"}
