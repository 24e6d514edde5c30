"""Resolve the locked requirements anew: hashes for every platform and Python 3.11 to 3.13, no index address."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
COMMON = [
    "--universal",
    "--python-version",
    "3.11",
    "--generate-hashes",
    "--no-emit-index-url",
    "--no-strip-extras",
    "--quiet",
]
LOCKS = {
    "requirements.lock": ["pyproject.toml"],
    "requirements-test.lock": ["--group", "test", "--constraint", "requirements.lock"],
    "requirements-lint.lock": [
        *("--group", "lint", "--constraint", "requirements.lock", "--constraint", "requirements-test.lock"),
    ],
    "requirements-spark.lock": ["--group", "spark", "--constraint", "requirements-test.lock"],
    "requirements-wheel.lock": ["--group", "wheel", "--constraint", "requirements-test.lock"],
    "requirements-oracles.lock": ["--group", "oracles"],
    "requirements-docs.lock": [
        *("--group", "docs", "--constraint", "requirements.lock", "--constraint", "requirements-test.lock"),
        *("--constraint", "requirements-lint.lock"),
    ],
    "requirements-mutants.lock": [
        *("--group", "mutants", "--constraint", "requirements.lock", "--constraint", "requirements-test.lock"),
        *("--constraint", "requirements-lint.lock"),
    ],
}


def main() -> None:
    """Write every lock, each consistent with the ones before it."""
    for name, source in LOCKS.items():
        header = ["--custom-compile-command", "make lock"]
        command = [sys.executable, "-m", "uv", "pip", "compile", *COMMON, *header, "--output-file", name, *source]
        subprocess.run(command, cwd=ROOT, check=True)


if __name__ == "__main__":
    main()
