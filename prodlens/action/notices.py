"""How a run speaks: annotations on the runner, lines on standard error at a desk."""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from prodlens.action.environment import RunEnvironment

_SIGNATURE = re.compile(r"(?<=[?&]sig=)[^&\s'\"]+")


def error(world: RunEnvironment, text: str) -> None:
    """Say what went wrong; on the runner it becomes an annotation."""
    _say(world, "error", text)


def warning(world: RunEnvironment, text: str) -> None:
    """Say what the user should know though the run goes on."""
    _say(world, "warning", text)


def note(world: RunEnvironment, text: str) -> None:
    """Say what may be of interest; on the runner a line of the log."""
    if world.in_actions:
        from actions_toolkit import core

        core.info(harmless(text))
    else:
        world.stderr.write(f"{text}\n")


def mask(world: RunEnvironment, secret: str) -> None:
    """Have the runner replace a secret wherever it appears in the log from here on."""
    if world.in_actions:
        from actions_toolkit import core

        for line in filter(None, secret.splitlines()):
            core.set_secret(line)


def harmless(text: str) -> str:
    """Return text for the log in which the runner, which reads both streams, finds no command."""
    return "\n".join(_harmless_line(line.replace("##[", "#\N{WORD JOINER}#[")) for line in text.splitlines())


class HarmlessFormatter(logging.Formatter):
    """Formats a record of the log so that nothing in it is carried out by the runner, or opens a signed address."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as lines."""
        return harmless(_SIGNATURE.sub("***", super().format(record)))  # urllib3 logs the address of every retry


def _harmless_line(line: str) -> str:
    return line.replace("::", ":\N{WORD JOINER}:") if line.lstrip().startswith("::") else line


def _say(world: RunEnvironment, level: str, text: str) -> None:
    if world.in_actions:
        from actions_toolkit import core

        getattr(core, level)(text.replace("##[", "#\N{WORD JOINER}#["))
    else:
        world.stderr.write(f"{level}: {text}\n")
