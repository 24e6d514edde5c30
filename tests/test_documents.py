"""The documents: what they link to is there, every command is in the reference, and its library example runs."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from prodlens.cli import COMMANDS

ROOT = Path(__file__).parent.parent
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("examples/**/*.md")])
REFERENCE = (ROOT / "docs/reference.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_relative_links_lead_somewhere(document: Path) -> None:
    """Every link of a document to a file of the repository leads to one that is there."""
    targets = re.findall(r"\]\((?!https?:|#|mailto:)([^)#\s]+)", document.read_text(encoding="utf-8"))
    assert [target for target in targets if not (document.parent / target).exists()] == []


@pytest.mark.parametrize("name", COMMANDS)
def test_the_reference_lists_every_command(name: str) -> None:
    """Every command stands in the reference with what it does."""
    assert f"| `prod-lens {name}` | {COMMANDS[name][1]} |" in REFERENCE


def test_every_document_is_a_page_of_the_site_and_in_the_readme() -> None:
    """The site's navigation has each file of docs/ once, and the README's table of contents leads to each."""
    settings = yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))
    at_root = {"index.md", "CONTRIBUTING.md", "CHANGELOG.md"}
    named = [page for entry in settings["nav"] for value in entry.values() for page in as_list(value)]
    files = {path.name for path in ROOT.glob("docs/*.md")}
    assert sorted(named) == sorted(files | at_root), "add new pages to nav in mkdocs.yml"
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [name for name in sorted(files) if f"](docs/{name})" not in readme] == []
    assert settings["strict"] is True
    assert "mkdocs build --quiet" not in (ROOT / "Makefile").read_text(encoding="utf-8"), "quiet is never strict"


def as_list(value: str | list[str]) -> list[str]:
    """Return a page or a list of pages as a list."""
    return [value] if isinstance(value, str) else value


def test_links_lead_where_the_site_has_them() -> None:
    """A link to a page stays on the site, and one to another file leads to GitHub; addresses are left as they are."""
    spec = importlib.util.spec_from_file_location("site_pages", ROOT / "scripts/site_pages.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    there = "https://github.com/o/r"
    for source, text, expected in (
        ("README.md", "[a](docs/lake.md#x) ![b](docs/images/b.png)", "[a](lake.md#x) ![b](images/b.png)"),
        ("README.md", "[a](CONTRIBUTING.md)", "[a](CONTRIBUTING.md)"),
        ("docs/lake.md", "[a](tables.md) [b](../README.md)", "[a](tables.md) [b](index.md)"),
        ("docs/lake.md", "[a](../examples/workflows)", f"[a]({there}/tree/main/examples/workflows)"),
        ("docs/lake.md", "[a](../Makefile)", f"[a]({there}/blob/main/Makefile)"),
        ("docs/lake.md", "[a](#b) [c](https://d.example/e)", "[a](#b) [c](https://d.example/e)"),
    ):
        assert module.site_links(text, source, there) == expected


def test_the_library_example_runs(tmp_path: Path) -> None:
    """The reference's Python example works as it stands, on one reference record."""
    (example,) = re.findall(r"```python\n(.*?)```", REFERENCE, re.DOTALL)
    (tmp_path / "traces.jsonl").write_text(
        '{"timestamp": "2026-11-03T10:00:00Z", "usage": {"input_tokens": 5, "output_tokens": 2}}\n', encoding="utf-8"
    )
    program = f"import sys; sys.path.insert(0, {str(ROOT)!r})\n{example}\nprint(report['pr_throughput'])"
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "total_merged" in done.stdout
