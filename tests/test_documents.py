"""The documents: what they link to is there, every command is in the reference, and its library example runs."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

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
