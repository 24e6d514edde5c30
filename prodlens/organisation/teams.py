"""The team of each repository: from ``teams.toml``, else from what the repository's own runs published."""

from __future__ import annotations

import tomllib
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from prodlens.errors import ConfigurationError, InputNotFoundError, StorageError
from prodlens.files import Folder

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

_MOST_BYTES = 4 * 1024**2


def read_teams(path: Path, option: str = "--teams", *, of_checkout: bool = False) -> dict[str, tuple[str, ...]]:
    """Return the patterns of each team's repositories.

    The file says::

        [teams]
        payments = ["acme/pay", "acme/billing-*"]

    Args:
        path: The file.
        option: What it was given by, for messages.
        of_checkout: Whether it is in a checkout, where no link is followed.

    Raises:
        InputNotFoundError: There is no such file.
        ConfigurationError: It is not such a file; every mistake is named.
    """
    try:
        with Folder.of(path).open(path.name) if of_checkout else path.open("rb") as stream:
            text = stream.read(_MOST_BYTES + 1)
        found = tomllib.loads(text[:_MOST_BYTES].decode())
    except FileNotFoundError as error:
        raise InputNotFoundError(f"{option}: no file at {path}") from error
    except (OSError, StorageError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigurationError(f"{option}: cannot read {path}: {error}") from error
    mistakes = [f"{option}: {path}: {name!r} is not known (expected [teams])" for name in found.keys() - {"teams"}]
    teams = found.get("teams", {})
    if not isinstance(teams, dict):
        raise ConfigurationError(f"{option}: {path}: teams must be a table", *mistakes)
    for name, patterns in teams.items():
        if not isinstance(patterns, list) or not all(isinstance(pattern, str) for pattern in patterns):
            mistakes.append(f"{option}: {path}: {name} must be a list of repositories, owner/name or patterns")
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
