"""Who is who: a small file that joins the names people have in traces to their logins on GitHub."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

from prodlens.errors import ConfigurationError, InputNotFoundError

if TYPE_CHECKING:
    from pathlib import Path


def read_people(path: Path) -> dict[str, str]:
    """Return the login of each name in traces, from a TOML file with a table of logins.

    The file reads ``[people]``, then a line for each login with one name or a list of them::

        octocat = ["octocat@example.com", "device-1234"]

    Raises:
        InputNotFoundError: The file is not there.
        ConfigurationError: It is not such a file, or one name is given to two logins.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise InputNotFoundError(f"no such file: {path}") from error
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"cannot read {path}: {error}") from error
    try:
        table = tomllib.loads(text).get("people")
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{path} is not a TOML file: {error}") from error
    if not isinstance(table, dict):
        raise ConfigurationError(f'{path} has no [people] table with lines like octocat = ["octocat@example.com"]')
    people: dict[str, str] = {}
    mistakes = []
    for login, names in table.items():
        for name in names if isinstance(names, list) else [names]:
            if not isinstance(name, str):
                mistakes.append(f"{path}: {login}: not a name: {name!r}")
            elif people.setdefault(name, login) != login:
                mistakes.append(f"{path}: {name!r} belongs to both {people[name]!r} and {login!r}")
    if mistakes:
        raise ConfigurationError(*mistakes)
    return people
