"""From texts to an exit status: settings checked, the run made, every error said where the user looks for it."""

from __future__ import annotations

import logging
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING

from prodlens.action import notices
from prodlens.action.environment import DEFAULT_DATABASE, LocalOptions
from prodlens.action.ownership import hand_over
from prodlens.errors import ProdLensError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from prodlens.action.environment import RunEnvironment

FAILED = 1
STOPPED = 130


def run_program(texts: Mapping[str, str], arguments: Mapping[str, object], world: RunEnvironment) -> int:
    """Check the settings, run, and turn errors into lines and an exit status."""
    from prodlens.action.run import run
    from prodlens.action.settings import parse_settings

    handler = logging.StreamHandler(world.stderr)
    handler.setFormatter(notices.HarmlessFormatter("%(levelname)s: %(message)s"))
    logging.basicConfig(handlers=[handler], level=logging.WARNING)
    desk, made = _desk(arguments), []
    try:
        settings = parse_settings(texts, world.now)
        made = [settings.output_dir, desk.database.parent]
        notices.mask(world, settings.anonymize_key)
        return run(settings, desk, world)
    except ProdLensError as error:
        for line in str(error).splitlines():
            notices.error(world, line)
        return error.exit_status
    except (OSError, sqlite3.Error) as error:  # where no one closer to it says what could not be read or written
        notices.error(
            world, f"stopped, since something could not be read or written: {error}; what was committed is kept"
        )
        return FAILED
    except KeyboardInterrupt:
        notices.error(world, "stopped; what was committed is kept, and the next run goes on from there")
        return STOPPED
    finally:
        if world.in_actions and (workspace := world.environ.get("GITHUB_WORKSPACE")):
            hand_over(Path(workspace), made)


def _desk(arguments: Mapping[str, object]) -> LocalOptions:
    clone = arguments.get("clone")
    return LocalOptions(
        offline=bool(arguments.get("offline")),
        database=Path(str(arguments.get("db") or DEFAULT_DATABASE)),
        clone=Path(str(clone)) if clone else None,
    )
