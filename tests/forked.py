"""Runs of a module's ``main`` in processes of their own, which may be killed: copies of one that imported it once.

``python -m tests.forked MODULE`` reads a JSON list of arguments a line, and answers each with how its copy ended.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Self

ROOT = Path(__file__).parent.parent


class Forked:
    """A program that has imported a module and runs its ``main`` as often as it is asked to; closed with the block."""

    def __init__(self, module: str) -> None:
        keep = {name: text for name, text in os.environ.items() if name == "PATH" or name.startswith("COV")}
        command = [sys.executable, "-m", "tests.forked", module]
        self._process = subprocess.Popen(
            command, cwd=ROOT, env=keep, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()

    def run(self, *arguments: object) -> int:
        """Call ``main`` with the arguments as texts; returns the exit status, or -9 of a process that was killed."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps(list(map(str, arguments))), file=self._process.stdin, flush=True)
        return int(self._process.stdout.readline())


def _serve(module: str) -> None:
    run = import_module(module).main
    for line in sys.stdin:
        if not (process := os.fork()):
            run(*json.loads(line))
            return
        print(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]), flush=True)


if __name__ == "__main__":
    _serve(sys.argv[1])
