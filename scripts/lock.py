"""Resolve the locked requirements anew: hashes for every platform and Python 3.11 to 3.13, no index address."""

from __future__ import annotations

import re
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
    # What the image has not, and a run of the action installs when it reports on an organisation.
    "requirements-organisation.lock": [
        *("pyproject.toml", "--extra", "organisation"),
        *("--constraint", "requirements.lock", "--constraint", "requirements-test.lock"),
    ],
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
# Locks that are installed on top of the first one, and hold nothing that it has.
ON_TOP = ("requirements-organisation.lock",)
_PINNED = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^]]*\])?==", re.MULTILINE)


def main() -> None:
    """Write every lock, each consistent with the ones before it."""
    for name, source in LOCKS.items():
        header = ["--custom-compile-command", "make lock"]
        if name in ON_TOP:
            base = _PINNED.findall((ROOT / "requirements.lock").read_text(encoding="utf-8"))
            header += [option for package in base for option in ("--no-emit-package", package)]
        command = [sys.executable, "-m", "uv", "pip", "compile", *COMMON, *header, "--output-file", name, *source]
        subprocess.run(command, cwd=ROOT, check=True)


if __name__ == "__main__":
    main()
