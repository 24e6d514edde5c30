"""The action and the local run: one program, and the only code that knows GitHub Actions.

``main`` reads flags, environment, clock and streams; everything below it is given what it needs.
"""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from prodlens.action.inputs import INPUTS, LOCAL_FLAGS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

PROGRAM = "entrypoint.py"


def main(argv: Sequence[str] | None = None, *, program: str = PROGRAM) -> int:
    """Report as the flags and the ``INPUT_`` variables ask; returns the exit status.

    ``program`` is what the caller is called in ``--help`` and in messages about flags.

    0: fine, also when the sync stopped at its budget. 1: a gate failed, or GitHub or the disk failed for good. 2: a
    setting is wrong; every mistake is named.
    """
    arguments = vars(build_parser(program).parse_args(sys.argv[1:] if argv is None else argv))
    import os
    from datetime import UTC, datetime

    from prodlens.action.environment import RunEnvironment
    from prodlens.action.program import run_program
    from prodlens.streams import end_output, usable

    out, err = usable(sys.stdout), usable(sys.stderr)
    environment = RunEnvironment(environ=os.environ, stdout=out, stderr=err, now=datetime.now(UTC))
    try:
        return run_program(collect_texts(arguments, os.environ), arguments, environment)
    finally:
        end_output(out)


def build_parser(program: str = PROGRAM) -> argparse.ArgumentParser:
    """Return the parser of ``entrypoint.py``: a flag for every input, and the flags of the local run."""
    parser = argparse.ArgumentParser(
        prog=program,
        usage=f"{program} [FLAGS]",
        description="Report what AI coding assistants cost this repository and whether their use goes with delivery. "
        "In a git clone it needs no flag.",
        epilog="Every flag but the last group is also an input of the action, under the same word.",
    )
    inputs = parser.add_argument_group("inputs of the action")
    for item in INPUTS:
        default = f" (default: {item.default})" if item.default else ""
        repeat = "; repeat the flag for several" if item.many else ""
        inputs.add_argument(
            f"--{item.name}",
            action="append" if item.many else "store",
            metavar=item.metavar,
            help=f"{item.description}{repeat}{default}".replace("%", "%%"),
        )
    local = parser.add_argument_group("only in a local run")
    for flag in LOCAL_FLAGS:
        if flag.metavar:
            local.add_argument(f"--{flag.name}", metavar=flag.metavar, default=flag.default, help=flag.description)
        else:
            local.add_argument(f"--{flag.name}", action="store_true", help=flag.description)
    return parser


def collect_texts(arguments: Mapping[str, object], environ: Mapping[str, str]) -> dict[str, str]:
    """Return the text of every input that is given: by its flag, else by its ``INPUT_`` variable (hyphens kept)."""
    texts = {}
    for item in INPUTS:
        given = arguments.get(item.name.replace("-", "_"))
        if given is None:
            given = environ.get(f"INPUT_{item.name.upper()}")
        if given is not None:
            texts[item.name] = "\n".join(given) if isinstance(given, list) else str(given)
    return texts
