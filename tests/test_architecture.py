"""The house: which module may import which."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "prodlens"

# From the ground up. A module imports its own floor and the floors below; a new module is given a floor here.
GROUND = "version lazy_names files child_process errors schemas timestamps slugs json_values statistics"
STORES_AND_FORMATS = "trace_normalizer storage calls lake"
SOURCES = "trace_ingestion commits evidence github github_etl"
REPORTS = "aggregation metrics"
FACES = "rendering"
PROGRAMS = "action commands cli"
FLOORS = (GROUND, STORES_AND_FORMATS, SOURCES, REPORTS, FACES, PROGRAMS)
FLOOR_OF = {name: floor for floor, names in enumerate(FLOORS) for name in names.split()}
MODULES = sorted(path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py")


def part_of(module: str) -> str:
    """Return the module or folder directly below ``prodlens`` that a dotted name belongs to."""
    return module.split(".")[1] if module.startswith("prodlens.") else ""


def imports(path: Path) -> set[str]:
    """Return the parts of the package that a module imports, for types alone or not."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            found |= {part_of(node.module)} if node.module != "prodlens" else {alias.name for alias in node.names}
        elif isinstance(node, ast.Import):
            found |= {part_of(alias.name) for alias in node.names}
    return found & set(FLOOR_OF)


def test_every_module_has_a_floor() -> None:
    """A module that is new, or gone, is new or gone in the plan of the house too."""
    parts = {path.relative_to(PACKAGE).parts[0].removesuffix(".py") for path in MODULES}
    assert parts == set(FLOOR_OF)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_downwards(path: Path) -> None:
    """No module imports from a floor above its own."""
    own = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    assert {name for name in imports(path) if FLOOR_OF[name] > FLOOR_OF[own]} == set()


def test_statistics_stand_alone() -> None:
    """The statistics import nothing of the project but themselves."""
    paths = [path for path in MODULES if path.relative_to(PACKAGE).parts[0].removesuffix(".py") == "statistics"]
    assert paths
    assert set().union(*(imports(path) for path in paths)) <= {"statistics"}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_only_the_programs_touch_the_process(path: Path) -> None:
    """Environment, arguments, standard streams, the clock and exit are read in the programs' own modules alone."""
    touched = {"os.environ", "os.getenv", "sys.argv", "sys.stdin", "sys.stdout", "sys.stderr", "sys.exit"}
    touched |= {"datetime.now", "datetime.utcnow", "date.today"}
    own = path.relative_to(PACKAGE).parts
    if own in {("cli.py",), ("commands", "__init__.py"), ("action", "__init__.py")}:
        return
    found = {
        ast.unparse(node)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute)
    }
    assert found & touched == set()


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_modules_stay_small(path: Path) -> None:
    """A module of more than 400 lines is two."""
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 400
