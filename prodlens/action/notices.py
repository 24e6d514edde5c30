"""How a run speaks: annotations on the runner, lines on standard error at a desk."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from prodlens.action.desk import World


def error(world: World, text: str) -> None:
    """Say what went wrong; on the runner it becomes an annotation."""
    _say(world, "error", text)


def warning(world: World, text: str) -> None:
    """Say what the user should know though the run goes on."""
    _say(world, "warning", text)


def note(world: World, text: str) -> None:
    """Say what may be of interest; on the runner a line of the log."""
    if world.in_actions:
        from actions_toolkit import core  # noqa: PLC0415 - a local run does not need it

        # A line that starts a workflow command would be carried out: a blank before it makes it text.
        core.info("\n".join(f" {line}" if line.lstrip().startswith("::") else line for line in text.splitlines()))
    else:
        world.stderr.write(f"{text}\n")


def _say(world: World, level: str, text: str) -> None:
    if world.in_actions:
        from actions_toolkit import core  # noqa: PLC0415 - as above

        getattr(core, level)(text)
    else:
        world.stderr.write(f"{level}: {text}\n")
