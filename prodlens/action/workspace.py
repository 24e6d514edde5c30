"""What a run expects of its workspace, checked before GitHub is asked anything; every mistake is reported at once."""

from __future__ import annotations

import glob
from pathlib import Path
from typing import TYPE_CHECKING

from prodlens.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prodlens.action.environment import LocalOptions
    from prodlens.action.settings import Settings


def check_workspace(settings: Settings, options: LocalOptions) -> None:
    """Check the paths of a run.

    A glob may match nothing: an empty folder of traces is not a mistake.

    Raises:
        ConfigurationError: A path to read is not there, or a folder to write to cannot be one; it lists them all.
    """
    mistakes = [
        f"trace-paths: no such file or folder: {path}"
        for path in settings.trace_paths
        if not glob.has_magic(path) and not Path(path).exists()
    ]
    if settings.people is not None and not settings.people.is_file():
        mistakes.append(f"people: no such file: {settings.people}")
    if settings.prices is not None and not settings.prices.is_file():
        mistakes.append(f"prices: no such file: {settings.prices}")
    if settings.organisation_teams is not None and not settings.organisation_teams.is_file():
        mistakes.append(f"organisation-teams: no such file: {settings.organisation_teams}")
    if options.clone is not None and not options.clone.is_dir():
        mistakes.append(f"clone: no such folder: {options.clone}")
    mistakes += _not_folders("output-dir", settings.output_dir)
    mistakes += _not_folders("db", options.database.parent)
    if options.database.is_dir():
        mistakes.append(f"db: {options.database} is a folder; name a file in it")
    if mistakes:
        raise ConfigurationError(*mistakes)


def _not_folders(name: str, folder: Path) -> Iterator[str]:
    """Yield what stands where the folder is to be, at its own place or on the way to it: a file, or a link to none."""
    for path in (folder, *folder.parents):
        if path.exists() or path.is_symlink():
            if path.is_symlink() and not path.is_dir():
                yield f"{name}: {path} is a link, and nothing is written through links; remove it"
            elif not path.is_dir():
                yield f"{name}: {path} is not a folder, so {folder} cannot be written to; name another folder"
            return
