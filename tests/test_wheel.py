"""The built wheel, installed by itself: everything that a user installs works without the source beside it.

The wheel is the one that ``PRODLENS_WHEEL`` names, or else is built here, where hatchling is installed.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.trace_project import lines, record

ROOT = Path(__file__).parent.parent
GIVEN = os.environ.get("PRODLENS_WHEEL")
pytestmark = pytest.mark.skipif(
    not GIVEN and find_spec("hatchling") is None,
    reason="wheel layer: no wheel is named in PRODLENS_WHEEL, and hatchling is not installed to build one",
)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the wheel under test, built from the source unless one is given."""
    if GIVEN:
        return Path(GIVEN).resolve(strict=True)
    folder = tmp_path_factory.mktemp("dist")
    built = "from hatchling.build import build_wheel; import sys; build_wheel(sys.argv[1])"
    subprocess.run([sys.executable, "-c", built, str(folder)], cwd=ROOT, check=True, capture_output=True)
    (found,) = folder.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def site(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder into which the wheel alone is installed; what it depends on comes from this environment."""
    folder = tmp_path_factory.mktemp("site")
    options = ["--quiet", "--disable-pip-version-check", "--no-index", "--no-deps", "--target", str(folder)]
    subprocess.run([sys.executable, "-m", "pip", "install", *options, str(wheel)], check=True, capture_output=True)
    return folder


def run(site: Path, folder: Path, *command: str) -> str:
    """Run a command in a folder without any source, on the installed wheel; returns its standard output."""
    done = subprocess.run(
        command,
        cwd=folder,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(site), "PYTHONSAFEPATH": "1", "HOME": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_wheel_holds_every_file_of_the_package_and_nothing_else(wheel: Path) -> None:
    """Modules, migrations, schema, signatures, templates and vendored scripts are in it, and no test or cache is."""
    kept = subprocess.run(["git", "ls-files", "prodlens"], cwd=ROOT, check=True, capture_output=True, text=True)
    with zipfile.ZipFile(wheel) as archive:
        found = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert found == set(kept.stdout.splitlines())


def test_the_package_that_runs_is_the_wheels(site: Path, tmp_path: Path) -> None:
    """Imported from outside, ``prodlens`` is the installed one: the source is not there to help."""
    where = run(site, tmp_path, sys.executable, "-c", "import prodlens; print(prodlens.__file__)")
    assert Path(where.strip()) == site / "prodlens" / "__init__.py"


def test_every_front_door_opens(site: Path, tmp_path: Path) -> None:
    """``prodlens``, ``prod-lens`` and ``python -m prodlens.cli`` are one program; the action's program starts too."""
    module = run(site, tmp_path, sys.executable, "-m", "prodlens.cli", "--help")
    scripts = {script.name: run(site, tmp_path, str(script), "--help") for script in (site / "bin").glob("prod*lens")}
    assert scripts == {"prodlens": module, "prod-lens": module}
    assert "ingest-traces" in module
    action = "import sys; from prodlens.action import main; sys.exit(main())"
    assert "--trace-paths" in run(site, tmp_path, sys.executable, "-c", action, "--help")


def test_in_any_clone_a_report_needs_no_flag(site: Path, tmp_path: Path) -> None:
    """``prodlens`` in a clone of somebody's repository reports on it: what ``uvx prodlens`` runs."""
    clone = tmp_path / "clone"
    identity = ("-c", "user.name=Ada", "-c", "user.email=ada@example.com")
    commands = (
        ("init", "-q", "-b", "main", str(clone)),
        ("-C", str(clone), "remote", "add", "origin", "https://github.com/octo/hello.git"),
        ("-C", str(clone), *identity, "commit", "-q", "--allow-empty", "-m", "First"),
    )
    for command in commands:
        subprocess.run(["git", *command], check=True)
    assert "octo/hello" in run(site, clone, str(site / "bin" / "prodlens"))
    report = json.loads((clone / ".prod-lens/report/report.json").read_text(encoding="utf-8"))
    assert (report["metadata"]["repo"], report["commit_frequency"]["total_commits"]) == ("octo/hello", 1)


def test_traces_become_a_report_in_every_format(site: Path, tmp_path: Path) -> None:
    """Migrations, templates, vendored scripts and the schema are where the installed program looks for them."""
    (tmp_path / "traces.jsonl").write_bytes(lines(record(1), record(2)))
    names = ("report.json", "report.html", "report.md", "report.csv")
    installed = (
        "from importlib.resources import files; from pathlib import Path; from prodlens.cli import main\n"
        "assert main(['ingest-traces', 'traces.jsonl']) == 0\n"
        "asked = ['report', '--repo', 'acme/web', '--since', '2026-05-01']\n"
        f"for name in {names}: assert main([*asked, '--output', name]) == 0\n"
        "Path('schema.json').write_bytes((files('prodlens.metrics') / 'report.schema.json').read_bytes())"
    )
    run(site, tmp_path, sys.executable, "-c", installed)
    figures = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert figures["ai_interaction_velocity"]["total_sessions"] == 2
    schema = json.loads((tmp_path / "schema.json").read_text(encoding="utf-8"))
    assert min((tmp_path / name).stat().st_size for name in names) > 100
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
