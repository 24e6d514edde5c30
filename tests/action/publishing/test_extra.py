"""What the organisation's report needs is installed by hash, into a folder of the run."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import zipfile
from datetime import UTC, datetime
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from prodlens.action.environment import RunEnvironment
from prodlens.action.publishing import extra
from prodlens.errors import ConfigurationError, OutsideError

WHEEL = "probe_of_prodlens-1.0-py3-none-any.whl"


def environment(**environ: str) -> RunEnvironment:
    """Return the environment of a run in a workflow; pip sees no set-up of this machine."""
    given = {"GITHUB_ACTIONS": "true", "PATH": os.environ["PATH"], "PIP_CONFIG_FILE": os.devnull, **environ}
    return RunEnvironment(environ=given, stdout=io.StringIO(), stderr=io.StringIO(), now=datetime.now(UTC))


def entered(run: RunEnvironment) -> None:
    """Make sure that everything is at hand, and do nothing with it."""
    with extra.extra_at_hand(run):
        pass


@pytest.fixture
def wheels(tmp_path: Path) -> Path:
    """Return a folder with the wheel of one module, and a lock that names it."""
    parts = {
        "probe_of_prodlens.py": "ANSWER = 42\n",
        "probe_of_prodlens-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: probe-of-prodlens\nVersion: 1.0\n",
        "probe_of_prodlens-1.0.dist-info/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "probe_of_prodlens-1.0.dist-info/RECORD"
    with zipfile.ZipFile(tmp_path / WHEEL, "w") as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
        archive.writestr(record, "".join(f"{name},,\n" for name in (*parts, record)))
    digest = sha256((tmp_path / WHEEL).read_bytes()).hexdigest()
    (tmp_path / extra.LOCK).write_text(f"probe-of-prodlens==1.0 --hash=sha256:{digest}\n", encoding="utf-8")
    return tmp_path


@pytest.fixture
def missing(monkeypatch: pytest.MonkeyPatch, wheels: Path) -> None:
    """Let Ibis and DuckDB be missing; the probe stands for them."""
    monkeypatch.setattr(extra, "has_extra", lambda: False)
    monkeypatch.setattr(extra, "_FOLDERS", (wheels / "nowhere", wheels))


def test_what_is_there_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where Ibis and DuckDB can be imported, no program is started."""
    monkeypatch.setattr(subprocess, "run", None)
    before = list(sys.path)
    with extra.extra_at_hand(environment()):
        assert sys.path == before


@pytest.mark.usefixtures("missing")
def test_what_is_missing_is_there_for_the_run_alone(wheels: Path) -> None:
    """The packages of the lock can be imported in the block; after it their folder is gone."""
    with extra.extra_at_hand(environment(PIP_NO_INDEX="1", PIP_FIND_LINKS=str(wheels))):
        assert import_module("probe_of_prodlens").ANSWER == 42
        folder = sys.path[-1]
        assert (Path(folder) / "probe_of_prodlens.py").is_file()
    del sys.modules["probe_of_prodlens"]
    assert folder not in sys.path
    assert not Path(folder).exists()


@pytest.mark.usefixtures("missing")
def test_a_package_with_another_hash_is_not_installed(wheels: Path) -> None:
    """A package that an index serves with another hash is not installed."""
    with zipfile.ZipFile(wheels / WHEEL, "a") as archive:
        archive.writestr("more.py", "")
    run = environment(PIP_NO_INDEX="1", PIP_FIND_LINKS=str(wheels))
    with pytest.raises(OutsideError, match=r"could not be installed \(.*\); set PIP_INDEX_URL"):
        entered(run)
    assert not any("prodlens-" in Path(place).name for place in sys.path)


@pytest.mark.usefixtures("missing")
def test_a_local_run_says_what_to_install(wheels: Path) -> None:
    """A local run installs nothing; the message says what to install."""
    assert (wheels / extra.LOCK).is_file()
    with pytest.raises(ConfigurationError, match=r"pip install 'prodlens\[organisation\]'"):
        entered(environment(GITHUB_ACTIONS=""))


def test_a_program_without_its_lock_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Where the package was installed by itself, the lock is not beside it."""
    monkeypatch.setattr(extra, "has_extra", lambda: False)
    monkeypatch.setattr(extra, "_FOLDERS", (tmp_path,))
    with pytest.raises(ConfigurationError, match=r"pip install"):
        entered(environment())


def test_the_lock_stands_where_the_program_looks() -> None:
    """In a checkout it is at the root, and the image has it beside the entry point."""
    root = Path(__file__).parents[3]
    assert root in extra._FOLDERS
    assert (root / extra.LOCK).is_file()
    copied = (root / "Dockerfile").read_text(encoding="utf-8")
    assert f"COPY entrypoint.py {extra.LOCK} /opt/prodlens/\n" in copied
    assert f"!{extra.LOCK}" in (root / ".dockerignore").read_text(encoding="utf-8").splitlines()


def test_pip_gets_no_secret(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Inputs, tokens and the artifact service's token stay with the run; index and proxy are passed on."""
    seen: dict[str, str] = {}

    def run(_: list[str], env: dict[str, str], **__: Any) -> subprocess.CompletedProcess[bytes]:
        seen.update(env)
        return subprocess.CompletedProcess([], 0, b"", b"")

    monkeypatch.setattr(subprocess, "run", run)
    secrets = dict.fromkeys(("INPUT_TOKEN", "INPUT_ANONYMIZE-KEY", "ACTIONS_RUNTIME_TOKEN", "GITHUB_TOKEN"), "hush")
    extra.install(tmp_path / "lock", str(tmp_path), {**secrets, "PIP_INDEX_URL": "i", "https_proxy": "p", "PATH": "x"})
    assert seen == {"PIP_INDEX_URL": "i", "https_proxy": "p", "PATH": "x"}


def test_without_its_own_pip_that_of_the_base_is_used(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The image's environment has no pip; where the base has none either, that is said."""
    monkeypatch.setattr(extra, "find_spec", lambda _: None)
    monkeypatch.setattr(sys, "base_prefix", str(tmp_path))
    with pytest.raises(OutsideError, match=r"could not be installed \(.*No such file or directory.*bin/python3"):
        extra.install(tmp_path / "lock", str(tmp_path), {})


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("", "pip said nothing"),
        (
            "WARNING: retrying\nERROR: No matching distribution found for duckdb\n",
            "ERROR: No matching distribution found for duckdb",
        ),
        ("cannot reach https://user:hush@mirror.example/simple", "cannot reach https://mirror.example/simple"),
    ],
)
def test_the_last_error_of_pip_is_in_the_message(said: str, reason: str) -> None:
    """The reason is its last error, without a login."""
    assert f"could not be installed ({reason}); set PIP_INDEX_URL" in str(extra._failure(said))
