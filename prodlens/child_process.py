"""A second Python process for work beside the first: a module of ours run with arguments, its output read as bytes.

A plain child instead of ``multiprocessing``, so that a script without a ``__main__`` guard can ingest a large file.
"""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any

from prodlens.errors import StorageError

if TYPE_CHECKING:
    from collections.abc import Iterator

# The child takes over where modules are found, so that it runs the code that its parent runs.
_START = (
    "import json, sys; start = json.loads(sys.argv[1]); sys.path[:] = start['path']; "
    "import importlib; importlib.import_module(start['module']).run_aside(start['arguments'], sys.stdout.buffer)"
)
_PIPE_BYTES = 1024**2


@contextmanager
def side_process(module: str, arguments: dict[str, Any]) -> Iterator[IO[bytes]]:
    """Run ``run_aside(arguments, output)`` of a module in a child and give its output; the child ends with the block.

    Args:
        module: Dotted name of the module.
        arguments: JSON-like arguments.

    Raises:
        StorageError: The child failed; what it said is on standard error.
    """
    start = json.dumps({"path": sys.path, "module": module, "arguments": arguments})
    command = [sys.executable, "-c", _START, start]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, bufsize=_PIPE_BYTES) as child:  # noqa: S603 - ourselves
        output = child.stdout
        if output is None:
            raise AssertionError("unreachable")
        try:
            yield output
        except BaseException:
            child.kill()
            raise
        output.close()
        if child.wait() != 0:
            raise StorageError(f"a process for {module} ended with status {child.returncode}; run the command again")
