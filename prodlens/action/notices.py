"""How a run speaks: annotations on the runner, lines on standard error in a local run."""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING, Literal

from prodlens.streams import plain_text

if TYPE_CHECKING:
    from prodlens.action.environment import RunEnvironment

_SIGNATURE = re.compile(r"(?<=[?&]sig=)[^&\s'\"]+")


def error(environment: RunEnvironment, text: str) -> None:
    """Say what went wrong; on the runner it becomes an annotation."""
    _say(environment, "error", text)


def warning(environment: RunEnvironment, text: str) -> None:
    """Say what the user should know though the run goes on."""
    _say(environment, "warning", text)


def note(environment: RunEnvironment, text: str) -> None:
    """Say what may be of interest; on the runner a line of the log."""
    if environment.in_actions:
        from actions_toolkit import core

        core.info(harmless(text))
    else:
        environment.stderr.write(f"{plain_text(text)}\n")


def mask(environment: RunEnvironment, secret: str) -> None:
    """Have the runner replace a secret wherever it appears in the log from here on."""
    if environment.in_actions:
        from actions_toolkit import core

        for line in filter(None, secret.splitlines()):
            core.set_secret(line)


def set_output(environment: RunEnvironment, name: str, text: str) -> None:
    """Give the runner an output of the action; a local run has none."""
    if environment.in_actions:
        from actions_toolkit import core

        core.set_output(name, text)


def harmless(text: str) -> str:
    """Return text for the log in which the runner, which reads both streams, finds no command."""
    return "\n".join(_harmless_line(line.replace("##[", "#\N{WORD JOINER}#[")) for line in text.splitlines())


class HarmlessFormatter(logging.Formatter):
    """Formats a record of the log so that nothing in it is carried out by the runner, or opens a signed address."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as lines."""
        return harmless(
            _SIGNATURE.sub("***", plain_text(super().format(record)))
        )  # urllib3 logs the address of every retry


def _harmless_line(line: str) -> str:
    return line.replace("::", ":\N{WORD JOINER}:") if line.lstrip().startswith("::") else line


def _say(environment: RunEnvironment, level: Literal["error", "warning"], text: str) -> None:
    if environment.in_actions:
        from actions_toolkit import core

        annotate = core.error if level == "error" else core.warning
        annotate(text.replace("##[", "#\N{WORD JOINER}#["))
    else:
        environment.stderr.write(plain_text(f"{level}: {text}\n"))
