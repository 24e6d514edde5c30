"""From the texts of the inputs to an exit status; every error is reported where the user looks for it."""

from __future__ import annotations

import logging
import re
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING

from prodlens.action import notices
from prodlens.action.environment import LocalOptions
from prodlens.action.ownership import hand_over
from prodlens.errors import ConfigurationError, ProdLensError
from prodlens.files import DEFAULT_DATABASE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from prodlens.action.environment import RunEnvironment

FAILED = 1
STOPPED = 130
_NUMBER = re.compile(r"[1-9][0-9]{0,9}")


def run_program(texts: Mapping[str, str], arguments: Mapping[str, object], environment: RunEnvironment) -> int:
    """Check the settings, run, and turn errors into lines and an exit status."""
    handler = logging.StreamHandler(environment.stderr)
    handler.setFormatter(notices.HarmlessFormatter("%(levelname)s: %(message)s"))
    logging.basicConfig(handlers=[handler], level=logging.WARNING)
    made: list[Path] = []
    try:
        from prodlens.action.run import run  # takes a second or two, in which somebody may press Ctrl-C
        from prodlens.action.settings import parse_settings

        options = _local_options(arguments)
        settings = parse_settings(texts, environment.now)
        made = [settings.output_dir, options.database.parent]
        made += [Path(settings.publish_to)] if settings.publish_to and "://" not in settings.publish_to else []
        notices.mask(environment, settings.anonymize_key)
        return run(settings, options, environment)
    except ProdLensError as error:
        for line in str(error).splitlines():
            notices.error(environment, line)
        return error.exit_status
    except (OSError, sqlite3.Error) as error:  # fallback for errors of the disk that nothing further down translates
        notices.error(
            environment, f"stopped, since something could not be read or written: {error}; what was committed is kept"
        )
        return FAILED
    except KeyboardInterrupt:
        notices.error(environment, "stopped; what was committed is kept, and the next run goes on from there")
        return STOPPED
    finally:
        if environment.in_actions and (workspace := environment.environ.get("GITHUB_WORKSPACE")):
            hand_over(Path(workspace), made)


def _local_options(arguments: Mapping[str, object]) -> LocalOptions:
    clone, number = arguments.get("clone"), str(arguments.get("pr") or "")
    if number and not _NUMBER.fullmatch(number):
        raise ConfigurationError(f"pr: {number!r} is not the number of a pull request; write it like 12")
    return LocalOptions(
        offline=bool(arguments.get("offline")),
        database=Path(str(arguments.get("db") or DEFAULT_DATABASE)),
        clone=Path(str(clone)) if clone else None,
        pull_request=int(number) if number else None,
    )
