"""Ibis and DuckDB for one run: the image does not have them, since every job of every repository would pay for them.

GitHub builds the image anew in every job that names the action by its tag. So a run that reports on an organisation
installs what is missing, each package by its hash, into a folder that goes with the run.
"""

from __future__ import annotations

import importlib
import re
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from prodlens.action import notices
from prodlens.errors import ConfigurationError, OutsideError
from prodlens.organisation import has_extra

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from prodlens.action.environment import RunEnvironment

LOCK = "requirements-organisation.lock"
# Beside the entry point: in the image, and in a checkout of the action.
_FOLDERS = (Path(sys.prefix), Path(__file__).parents[3])
_LONGEST_SECONDS = 600
_OPTIONS = (
    *("--quiet", "--no-input", "--disable-pip-version-check", "--root-user-action", "ignore", "--no-cache-dir"),
    *("--no-deps", "--only-binary", ":all:", "--require-hashes", "--no-compile"),
)
# Variables that pip does not get: it needs none of the run's inputs and rights.
_SECRETS = re.compile(r"INPUT_|ACTIONS_|(?:GITHUB|GH)_TOKEN$", re.IGNORECASE)
_LOGIN = re.compile(r"(?<=//)[^/@\s]*@")
_LONGEST_REASON = 300


@contextmanager
def extra_at_hand(environment: RunEnvironment) -> Iterator[None]:
    """Make sure that Ibis and DuckDB can be imported until the block ends; in a workflow they are installed for it.

    Raises:
        ConfigurationError: They are not installed, and only a run in a workflow installs them.
        OutsideError: They could not be installed.
    """
    if has_extra():
        yield
        return
    lock = next((folder / LOCK for folder in _FOLDERS if (folder / LOCK).is_file()), None)
    if not environment.in_actions or lock is None:
        raise ConfigurationError("organisation-from needs Ibis and DuckDB: pip install 'prodlens[organisation]'")
    # On Windows a library that is loaded cannot be removed; the runner removes its temporary folders.
    with tempfile.TemporaryDirectory(prefix="prodlens-", ignore_cleanup_errors=True) as folder:
        with environment.progress("Installing Ibis and DuckDB"):
            install(lock, folder, environment.environ)
        notices.note(environment, "Ibis and DuckDB were installed for the report on the organisation.")
        sys.path.append(folder)  # at the end: what the image has goes first
        importlib.invalidate_caches()
        try:
            yield
        finally:
            sys.path.remove(folder)


def install(lock: Path, folder: str, environ: Mapping[str, str]) -> None:
    """Install what a lock names into a folder, with the pip of this Python or of the one below its environment.

    Args:
        lock: Requirements with hashes, and everything that they need themselves.
        folder: Where they go.
        environ: Where pip finds its index and proxy; secrets of the run are kept from it.

    Raises:
        OutsideError: pip is not there, takes too long, or fails; its last error line is in the message.
    """
    python = sys.executable if find_spec("pip") else f"{sys.base_prefix}/bin/python3"
    command = [python, "-I", "-m", "pip", "install", *_OPTIONS, "--target", folder, "--requirement", str(lock)]
    given = {name: text for name, text in environ.items() if not _SECRETS.match(name)}
    try:
        done = subprocess.run(  # noqa: S603 - pip, on a lock of our own
            command, env=given, stdin=subprocess.DEVNULL, capture_output=True, timeout=_LONGEST_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise _failure(str(error)) from error
    if done.returncode:
        raise _failure(done.stderr.decode(errors="replace"))


def _failure(said: str) -> OutsideError:
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("ERROR")]
    reason = _LOGIN.sub("", (errors or lines or ["pip said nothing"])[-1])[:_LONGEST_REASON]
    return OutsideError(
        f"Ibis and DuckDB could not be installed ({reason}); set PIP_INDEX_URL to a mirror, "
        "or install the package in the workflow, as examples/workflows/organisation.yml does"
    )
