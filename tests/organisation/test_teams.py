"""Whose each repository is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from prodlens.errors import ConfigurationError, InputNotFoundError
from prodlens.organisation import read_teams
from prodlens.organisation.teams import teams_of

if TYPE_CHECKING:
    from pathlib import Path


def test_a_file_names_the_repositories_of_teams(tmp_path: Path) -> None:
    """Patterns are read in lower case, as repositories are published."""
    file = tmp_path / "teams.toml"
    file.write_text('[teams]\npayments = ["Acme/Pay", "acme/billing-*"]\n', encoding="utf-8")
    assert read_teams(file) == {"payments": ("acme/pay", "acme/billing-*")}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("teams = 3", "teams must be a table"),
        ("[teams]\npay = 'acme/pay'", "pay must be a list"),
        ("[teams]\npay = [1]", "pay must be a list"),
        ("[team]\npay = []", "'team' is not known"),
        ("[teams", "cannot read"),
    ],
)
def test_mistakes_are_named(tmp_path: Path, text: str, message: str) -> None:
    """A file that is not one of teams is refused with the reason."""
    file = tmp_path / "teams.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError, match=message):
        read_teams(file)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    """The path is in the message."""
    with pytest.raises(InputNotFoundError, match=r"no file at .*teams\.toml"):
        read_teams(tmp_path / "teams.toml")


def test_the_first_team_with_a_pattern_has_a_repository() -> None:
    """Of two teams the first counts; a row without a repository has no team."""
    rows = [{"repository": "acme/pay", "team": None}, {"repository": None, "team": "x"}]
    assert teams_of(rows, {"a": ("acme/*",), "b": ("acme/pay",)}) == {"acme/pay": "a"}
