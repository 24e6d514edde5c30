"""The team of each repository: from ``teams.toml``, else from what the repository's own runs published."""

from __future__ import annotations

import tomllib
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from prodlens.errors import ConfigurationError, InputNotFoundError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

_MOST_BYTES = 4 * 1024**2


def read_teams(path: Path) -> dict[str, tuple[str, ...]]:
    """Return the patterns of each team's repositories.

    The file says::

        [teams]
        payments = ["acme/pay", "acme/billing-*"]

    Raises:
        InputNotFoundError: There is no such file.
        ConfigurationError: It is not such a file; every mistake is named.
    """
    try:
        with path.open("rb") as stream:
            text = stream.read(_MOST_BYTES + 1)
        found = tomllib.loads(text[:_MOST_BYTES].decode())
    except FileNotFoundError as error:
        raise InputNotFoundError(f"--teams: no file at {path}") from error
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigurationError(f"--teams: cannot read {path}: {error}") from error
    mistakes = [f"--teams: {path}: {name!r} is not known (expected [teams])" for name in found.keys() - {"teams"}]
    teams = found.get("teams", {})
    if not isinstance(teams, dict):
        raise ConfigurationError(f"--teams: {path}: teams must be a table", *mistakes)
    for name, patterns in teams.items():
        if not isinstance(patterns, list) or not all(isinstance(pattern, str) for pattern in patterns):
            mistakes.append(f"--teams: {path}: {name} must be a list of repositories, owner/name or patterns")
    if mistakes:
        raise ConfigurationError(*sorted(mistakes))
    return {name: tuple(pattern.lower() for pattern in patterns) for name, patterns in teams.items()}


def teams_of(repositories: Iterable[Mapping[str, str | None]], teams: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    """Return the team of each repository that has one: of the first team with a pattern for it, else as published."""
    found = {}
    for row in repositories:
        repository = row["repository"] or ""
        named = (name for name, patterns in teams.items() if any(fnmatchcase(repository, p) for p in patterns))
        team = next(named, row["team"])
        if repository and team:
            found[repository] = team
    return found
