"""Our programs run in the process of the tests, which is several times as fast as starting Python for each run."""

from __future__ import annotations

import io
import logging
import os
import subprocess
from contextlib import chdir, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from prodlens import cli

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

Done = subprocess.CompletedProcess[str]


def run_in_process(
    main: Callable[[Sequence[str]], int],
    arguments: Sequence[str],
    environ: Mapping[str, str],
    folder: Path | None = None,
) -> Done:
    """Run a program's ``main`` with an environment, a folder, streams and a log of its own.

    Args:
        main: What takes the arguments and returns the exit status, or raises ``SystemExit``.
        arguments: The arguments.
        environ: The whole environment.
        folder: Where the program is started; None for where the tests are.
    """
    out, err = io.StringIO(), io.StringIO()
    with (
        patch.dict(os.environ, environ, clear=True),
        patch.object(logging.getLogger(), "handlers", []),
        chdir(folder or Path.cwd()),
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        try:
            status: Any = main(arguments)
        except SystemExit as stop:
            status = stop.code
    return subprocess.CompletedProcess(arguments, status, out.getvalue(), err.getvalue())


def run_command(*arguments: str, environ: Mapping[str, str] | None = None, folder: Path | None = None) -> Done:
    """Run ``prod-lens`` with these arguments, in the environment of the tests unless another one is given."""
    return run_in_process(cli.main, arguments, os.environ.copy() if environ is None else environ, folder)
