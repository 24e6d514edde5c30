"""What five known situations read like, word for word.

After a wanted change: ``python -m pytest tests/rendering/test_golden.py --update-golden``, then read the diff.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from prodlens.rendering import render_markdown, render_terminal
from tests.rendering.conftest import SITUATIONS

if TYPE_CHECKING:
    from collections.abc import Mapping

GOLDEN = Path(__file__).parent / "golden"


def compare(name: str, text: str, request: pytest.FixtureRequest) -> None:
    """Hold the text against its golden file, or rewrite that when asked to."""
    path = GOLDEN / name
    if request.config.getoption("--update-golden"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("situation", SITUATIONS)
def test_summary(situation: str, reports: Mapping[str, list[dict[str, Any]]], request: pytest.FixtureRequest) -> None:
    """The job summary of every situation is its golden file."""
    compare(f"{situation}.md", render_markdown(reports[situation]), request)


def test_comment(reports: Mapping[str, list[dict[str, Any]]], request: pytest.FixtureRequest) -> None:
    """The comment on a pull request is its golden file."""
    compare("rich-comment.md", render_markdown(reports["rich"], kind="comment"), request)


@pytest.mark.parametrize("situation", ["empty", "rich", "partial-sync"])
def test_terminal(situation: str, reports: Mapping[str, list[dict[str, Any]]], request: pytest.FixtureRequest) -> None:
    """The terminal text is its golden file."""
    compare(f"{situation}.txt", render_terminal(reports[situation]), request)
