"""A database is opened by many processes at once, in folders that cannot be written, and never through a link."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from prodlens.cli import main
from prodlens.errors import StorageError
from prodlens.storage import SCHEMA_VERSION, ProdLensStore
from tests.test_schemas import trace

if TYPE_CHECKING:
    from collections.abc import Iterator

NOBODY = 65534
# Each process says that it is ready and opens the database when it is told to.
_OPEN = """
import sys
from pathlib import Path
from prodlens.storage import ProdLensStore
print("ready", flush=True)
sys.stdin.readline()
for number in range(int(sys.argv[2])):
    with ProdLensStore(Path(sys.argv[1]) / f"{number}.db") as store:
        store.set_etag(sys.argv[3], "x")
print("done", flush=True)
"""


def test_eight_processes_open_a_new_database(tmp_path: Path) -> None:
    """Every process that opens a new database at the same moment can use it, ten databases in a row."""
    command = [sys.executable, "-c", _OPEN, str(tmp_path / "new"), "10"]
    started = [
        subprocess.Popen(
            [*command, str(number)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for number in range(8)
    ]
    for process in started:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in started:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    said = [process.communicate() for process in started]
    assert said == [("done\n", "")] * 8
    for number in range(10):
        with ProdLensStore(tmp_path / "new" / f"{number}.db") as store:
            assert store.conn.execute("SELECT count(*) FROM etags").fetchone()[0] == 8
            assert store.conn.execute("PRAGMA user_version").fetchone()[0] == SCHEMA_VERSION


@contextmanager
def folder_that_cannot_be_written() -> Iterator[Path]:
    """Give a folder with a filled database, in which the process may only read; as root, the block is nobody's."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with ProdLensStore(folder / "cache.db") as store:
            store.insert_sessions([trace()])
        assert main(["report", "--db", str(folder / "cache.db"), *WINDOW]) == 0  # loads what a report needs
        folder.chmod(0o555)
        (folder / "cache.db").chmod(0o444)
        if os.geteuid() == 0:
            os.seteuid(NOBODY)
        try:
            yield folder
        finally:
            os.seteuid(os.getuid())
            folder.chmod(0o755)


WINDOW = ["--repo", "acme/web", "--since", "2026-05-01"]


def test_a_folder_that_may_only_be_read(capsys: pytest.CaptureFixture[str]) -> None:
    """A database there is reported on as anywhere else, and what would change it says that it cannot."""
    with folder_that_cannot_be_written() as folder:
        expected = json.loads(capsys.readouterr().out)
        assert main(["report", "--db", str(folder / "cache.db"), *WINDOW]) == 0
        report = json.loads(capsys.readouterr().out)
        for section in ("ai_interaction_velocity", "cost_by_model", "ledger"):
            assert report[section] == expected[section]
        assert report["ai_interaction_velocity"]["total_sessions"] == 1
        with ProdLensStore(folder / "cache.db") as store:
            assert store.fetch_sessions()[0]["model"] == "claude-3-sonnet"
            with pytest.raises(StorageError, match="readonly"):
                store.insert_sessions([trace(session_id="another")])
        with pytest.raises(StorageError, match=r"cannot open or create the database .*other\.db: Permission denied"):
            ProdLensStore(folder / "other.db")
        assert [path.name for path in folder.iterdir()] == ["cache.db"]


def test_changes_beside_a_database_that_may_only_be_read_are_not_left_out(tmp_path: Path) -> None:
    """What a run that was killed left in the ``-wal`` file is read, or the error says that it cannot be."""
    with ProdLensStore(tmp_path / "cache.db") as store:
        store.insert_sessions([trace()])
        copy = {name: (tmp_path / name).read_bytes() for name in ("cache.db", "cache.db-wal")}
    assert copy["cache.db-wal"]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for file, content in copy.items():
            (folder / file).write_bytes(content)
        folder.chmod(0o555)
        if os.geteuid() == 0:
            os.seteuid(NOBODY)
        try:
            with pytest.raises(StorageError, match=r"cannot use the database .*cache\.db"):
                ProdLensStore(folder / "cache.db")
        finally:
            os.seteuid(os.getuid())
            folder.chmod(0o755)
