"""A clone, traces and the entry point as a subprocess with an environment of its own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from prodlens.action import main
from tests.action.runner import Runner, started_runner
from tests.action.served_repository import Served, served_repository
from tests.programs import run_in_process

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT = Path(__file__).parent.parent.parent


@dataclass(frozen=True)
class Workplace:
    """A folder to run in; ``run`` runs the entry point there with nothing of this process's environment.

    Attributes:
        folder: The folder.
        own_process: Whether each run is a program of its own, which takes several times as long.
    """

    folder: Path
    own_process: bool = True

    def run(self, *arguments: str, environ: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        """Run ``entrypoint.py``."""
        start = self.run_program if self.own_process else self.run_in_process
        return start(*arguments, environ=environ)

    def run_program(
        self, *arguments: str, environ: Mapping[str, str] | None = None, limit_bytes: int | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run ``entrypoint.py`` as a program; ``limit_bytes`` is the size at which every file is full."""
        keep = {name: text for name, text in os.environ.items() if name == "PATH" or name.startswith("COV")}
        program = [sys.executable, str(ROOT / "entrypoint.py"), *arguments]
        if limit_bytes is not None:
            program = ["sh", "-c", f'trap "" XFSZ; ulimit -f {limit_bytes // 512}; exec "$@"', "sh", *program]
        return subprocess.run(
            program,
            cwd=self.folder,
            env={**keep, "HOME": str(self.folder / "home"), "PYTHONPATH": str(ROOT), **(environ or {})},
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
        )

    def run_in_process(
        self, *arguments: str, environ: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run it as ``run_program`` does, in this process: the same environment, folder, streams and log."""
        given = {"PATH": os.environ["PATH"], "HOME": str(self.folder / "home"), **(environ or {})}
        return run_in_process(main, arguments, given, self.folder)

    def remove(self, name: str) -> None:
        """Remove a folder or a link, whichever is there."""
        path = self.folder / name
        if path.is_symlink():
            path.unlink()
        else:
            shutil.rmtree(path, ignore_errors=True)

    def report(self) -> dict[str, Any]:
        """Return the report that the last run wrote."""
        report: dict[str, Any] = json.loads((self.folder / ".prod-lens/report/report.json").read_text())
        return report

    def traces(self, name: str = "traces.jsonl", count: int = 10, **attributes: object) -> Path:
        """Write reference traces, one an hour back from yesterday, and return the file."""
        newest = datetime.now(UTC) - timedelta(days=1)
        lines = [
            json.dumps(
                {
                    "timestamp": (newest - timedelta(hours=hour)).isoformat(),
                    "usage": {"input_tokens": 100 + hour, "output_tokens": 10},
                    "attributes": {"llm.model_name": "gpt-4o", "status_code": 200, "latency_ms": 900, **attributes},
                    "metadata": {"session_id": f"session_{hour}", "developer_id": "alice"},
                }
            )
            for hour in range(count)
        ]
        path = self.folder / name
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return path

    def git(self, *arguments: str) -> None:
        """Run git here on settings of its own."""
        settings = ["-c", "user.name=Alice", "-c", "user.email=1+alice@users.noreply.github.com"]
        environ = {"PATH": os.environ["PATH"], "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
        subprocess.run(["git", *settings, *arguments], cwd=self.folder, check=True, env=environ, capture_output=True)


@pytest.fixture
def folder(tmp_path: Path, request: pytest.FixtureRequest) -> Workplace:
    """Return an empty folder, which is not a clone."""
    marked, thorough = request.node.get_closest_marker("program"), request.config.getoption("--thorough")
    return Workplace(tmp_path, own_process=bool(marked or thorough))


@pytest.fixture
def clone(folder: Workplace) -> Workplace:
    """Return a clone of octo/hello with two commits."""
    folder.git("init", "-q", "-b", "main")
    folder.git("remote", "add", "origin", "https://github.com/octo/hello.git")
    folder.git("commit", "-q", "--allow-empty", "-m", "First")
    folder.git("commit", "-q", "--allow-empty", "-m", "Second")
    return folder


@pytest.fixture
def served() -> Iterator[Served]:
    """Start a repository with artifacts."""
    with served_repository() as started:
        yield started


@pytest.fixture
def runner(folder: Workplace) -> Iterator[Runner]:
    """Start a runner whose GitHub has the small repository."""
    with started_runner(folder) as started:
        yield started
