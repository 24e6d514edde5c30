"""Where a call was made, by what its record says of the program and of the folder that it worked in."""

from __future__ import annotations

import re

from prodlens.json_values import clean_text
from prodlens.schemas import DESK, WORKFLOW

# How a program was started, as Claude Code and Codex name it. What can run in both places (``claude -p``, an SDK) tells
# nothing.
_STARTED = {
    "claude-code-github-action": WORKFLOW,
    "cli": DESK,
    "claude-desktop": DESK,
    "claude-vscode": DESK,
    "codex_cli_rs": DESK,
    "codex-tui": DESK,
    "codex_vscode": DESK,
}
# Where GitHub's runners check out, on Linux, macOS and Windows, and in a container.
_RUNNER_FOLDER = re.compile(
    r"(?:/home/runner|/Users/runner)/(?:work|_work)/|/github/workspace(?:/|$)|/__w/|[A-Z]:[\\/]a[\\/]"
)
_USER_AGENT = re.compile(r"claude-cli/\S+ \([a-z]+, (?P<started>[a-z-]+)")


def origin_of(started: object, folder: object = None) -> str | None:
    """Return ``workflow`` or ``desk``; None where neither is known.

    Args:
        started: How the program was started, as it names it itself.
        folder: The folder that it worked in, which is looked at and never kept.
    """
    if isinstance(folder, str) and _RUNNER_FOLDER.match(folder):
        return WORKFLOW
    return _STARTED.get(clean_text(started) or "")


def origin_of_user_agent(value: object) -> str | None:
    """Return where the program of a user agent was started, such as ``claude-cli/2.1.197 (external, cli)``."""
    found = _USER_AGENT.match(value) if isinstance(value, str) else None
    return _STARTED.get(found["started"]) if found else None
