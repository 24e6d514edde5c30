"""``prod-lens publish`` as a program."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow.parquet as pq
import pytest

from prodlens.cli import main
from prodlens.lake import published_files
from prodlens.storage import ProdLensStore
from tests.metrics.situations import call

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def database(tmp_path: Path) -> str:
    """Give the path of a database with calls of two repositories, and of one that has no name."""
    with ProdLensStore(tmp_path / "cache.db") as store:
        store.insert_sessions([call("5-01"), call("5-02", repo_slug="acme/api"), call("5-02", repo_slug="?")])
        store.conn.execute("UPDATE sessions SET cost_usd = 9e999 WHERE repo_slug = 'acme/web'")
    return str(tmp_path / "cache.db")


def run(*arguments: str) -> int:
    """Run the program; what argparse refuses is a status too."""
    try:
        return main(arguments)
    except SystemExit as stopped:
        return int(str(stopped.code))


def test_every_repository_is_published(tmp_path: Path, database: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Standard output says what was written of each repository, standard error what was left out."""
    place = str(tmp_path / "place")
    assert run("publish", "--db", database, "--to", place) == 0
    said = capsys.readouterr()
    assert said.out == (
        "acme/web: 1 files written, 0 unchanged, 1 rows\nacme/api: 1 files written, 0 unchanged, 1 rows\n"
    )
    assert said.err == (
        "prod-lens: 1 names of repositories are not owner/name; their rows are left out\n"
        "prod-lens: acme/web: 1 costs are left out, since they cannot be true\n"
    )
    assert len(published_files(place, "calls")) == 2
    assert run("publish", "--db", database, "--to", place, "--repo", "Acme/API", "--team", "core") == 0
    assert capsys.readouterr().out == "acme/api: 0 files written, 1 unchanged, 1 rows\n"
    with ProdLensStore(database) as store:
        store.conn.execute("DELETE FROM sessions WHERE repo_slug = 'acme/api'")
    assert run("publish", "--db", database, "--to", place, "--repo", "acme/api") == 0
    assert capsys.readouterr().out == "acme/api: 0 files written, 0 unchanged, 1 removed, 0 rows\n"


def test_a_place_that_fails(tmp_path: Path, database: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Every repository is tried, each failure is a line, and the status says that something outside failed."""
    (tmp_path / "place" / "v1" / "calls").mkdir(parents=True)
    (tmp_path / "place" / "v1" / "calls" / "month=2026-05").write_text("in the way")
    assert run("publish", "--db", database, "--to", str(tmp_path / "place")) == 1
    errors = [line for line in capsys.readouterr().err.splitlines() if "error:" in line]
    assert len(errors) == 2
    assert errors[0].startswith("prod-lens: error: cannot write v1/calls/month=2026-05/acme.web.parquet at ")


def test_mistakes(tmp_path: Path, database: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A missing database, one without repositories, no name and no place are the user's to mend."""
    assert run("publish", "--db", str(tmp_path / "none.db"), "--to", "x") == 2
    assert "no database at" in capsys.readouterr().err
    with ProdLensStore(tmp_path / "empty.db"):
        pass
    assert run("publish", "--db", str(tmp_path / "empty.db"), "--to", str(tmp_path)) == 2
    assert "has no rows of any repository; name one with --repo" in capsys.readouterr().err
    assert run("publish", "--db", database, "--to", "x", "--repo", "nothing") == 2
    assert run("publish", "--db", database) == 2
    assert run("publish", "--db", database, "--to", "x", "--people", str(tmp_path / "none.toml")) == 2


def test_people_join_authors_to_their_calls(tmp_path: Path, database: str) -> None:
    """With a file of people, who made a call under another name is the author of a pull request."""
    (tmp_path / "people.toml").write_text('[people]\noctocat = ["Octo Cat"]\n', encoding="utf-8")
    with ProdLensStore(database) as store:
        store.insert_sessions([call("5-12", developer_id="octo cat")])
        store.insert_pull_requests(
            [
                {
                    "id": 1, "number": 1, "repo_slug": "acme/web", "state": "open", "author": "Octocat",
                    "created_at": "2026-05-13T00:00:00Z",
                }
            ]
        )  # fmt: skip
    for flags, assisted in (((), None), (("--people", str(tmp_path / "people.toml")), False)):
        assert run("publish", "--db", database, "--to", str(tmp_path / "place"), *flags) == 0
        (file,) = published_files(tmp_path / "place", "pull_requests")
        assert pq.read_table(file)["assisted"].to_pylist() == [assisted]


def test_again_is_asked_for(tmp_path: Path, database: str, capsys: pytest.CaptureFixture[str]) -> None:
    """With ``--again`` files that did not change are written too."""
    place = str(tmp_path / "place")
    for flags, count in (((), 1), ((), 0), (("--again",), 1)):
        assert run("publish", "--db", database, "--to", place, "--repo", "acme/web", *flags) == 0
        assert f"acme/web: {count} files written" in capsys.readouterr().out
