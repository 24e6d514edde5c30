"""Owner and name of a repository: one spelling in store, lake, ledger and report, whatever a source writes."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from prodlens.aggregation import ParquetExporter
from prodlens.errors import InvalidSlugError
from prodlens.metrics import ReportGenerator
from prodlens.metrics.ledger import ledger
from prodlens.slugs import (
    checked_slug,
    folder_name,
    one_spelling,
    read_slug,
    same_repository,
    slug_from_remote,
    split_slug,
)
from prodlens.storage import ProdLensStore, migrations
from tests.trace_project import lines, record

if TYPE_CHECKING:
    from pathlib import Path

    from tests.trace_project import Opener

SPELLINGS = ("Acme/Web", "acme/web", "ACME/Web")


@pytest.mark.parametrize("slug", SPELLINGS)
def test_one_spelling(slug: str) -> None:
    """Every way to read a slug gives lower case."""
    assert checked_slug(slug) == one_spelling(slug) == "acme/web"
    assert split_slug(slug) == ("acme", "web")
    assert folder_name(slug) == "acme-web"
    assert (
        slug_from_remote(f"git@github.com:{slug}.git") == slug_from_remote(f"https://github.com/{slug}") == "acme/web"
    )
    assert same_repository(slug, "acme/WEB")
    assert not same_repository(slug, "acme/web2")
    assert not same_repository(None, None)


@pytest.mark.parametrize(
    ("text", "slug"),
    [
        ("Acme/Web", "acme/web"),
        ("git@github.com:Acme/Web.git", "acme/web"),
        ("https://github.com/acme/web/", "acme/web"),
        ("../web", None),
        ("acme", None),
        ("", None),
    ],
)
def test_the_repository_that_a_text_names(text: str, slug: str | None) -> None:
    """A slug, a remote and a URL name one repository, whether for the first time or again."""
    assert read_slug(text) == read_slug(text) == slug


def test_text_that_is_not_a_slug_is_left_alone() -> None:
    """A path or a title is not a repository: it keeps its letters, and is refused where a repository is needed."""
    assert one_spelling("Some Folder") == "Some Folder"
    with pytest.raises(InvalidSlugError, match="'Acme'"):
        checked_slug("Acme")


def pull_request(number: int, slug: str) -> dict[str, Any]:
    """Return a merged pull request of a day."""
    times = dict.fromkeys(("merged_at", "closed_at", "updated_at"), "2026-05-02T10:00:00Z")
    return {"id": number, "number": number, "state": "closed", "created_at": "2026-05-01T10:00:00Z", **times} | {
        "repo_slug": slug,
        "head_ref": "topic",
        "head_repo": slug.swapcase(),
        "base_ref": "main",
    }


def test_spellings_of_a_repository_are_one_everywhere(opened: Opener, tmp_path: Path) -> None:
    """Calls, pull requests and commits under any spelling are counted for each of them, in one folder of the lake."""
    project = opened(tmp_path)
    calls = [record(n, metadata={"repo": slug}) for n, slug in enumerate(SPELLINGS)]
    project.ingest(lines(*calls))
    project.ingest(lines(record(9)), "unnamed.jsonl", repo_slug="ACME/WEB")
    store = project.store
    store.insert_pull_requests(pull_request(n, slug) for n, slug in enumerate(SPELLINGS, start=1))
    store.insert_commits(
        {"sha": "a" * 40, "author": "dev", "timestamp": "2026-05-01T10:00:00Z", "repo_slug": slug} for slug in SPELLINGS
    )
    assert {row["repo_slug"] for row in store.fetch_sessions()} == {"acme/web"}
    assert [row["repo_slug"] for row in store.fetch_commits()] == ["acme/web"]
    assert {name.split("/")[0] for name in project.lake()} == {"acme-web"}
    for slug in SPELLINGS:
        report = ReportGenerator(store).generate_report(repo=slug, since=date(2026, 1, 1))
        assert report["ai_interaction_velocity"]["total_sessions"] == 4
        assert (report["pr_throughput"]["total_merged"], report["commit_frequency"]["total_commits"]) == (3, 1)
        assert ledger(store.conn, repo=slug).total.calls == 4
        assert ParquetExporter(project.folder / "lake").export_sessions_by_date(store, repo_filter=slug) == 4


def test_an_older_store_is_brought_to_one_spelling(tmp_path: Path) -> None:
    """Rows that differ in the spelling of their repository alone become one; that of GitHub stays."""
    path = tmp_path / "cache.db"
    with closing(sqlite3.connect(path)) as conn, conn:
        for number, script in migrations():
            if number < 8:
                conn.executescript(script)
                conn.execute(f"PRAGMA user_version = {number}")
        conn.execute("PRAGMA application_id = 1349667950")
        conn.executemany(
            "INSERT INTO commits (sha, repo_slug, author, timestamp, from_github) VALUES (?, ?, ?, '2026-05-01', ?)",
            [
                ("a", "Acme/Web", "dev1", 1),
                ("a", "acme/web", "Dev One", 0),
                ("a", None, None, 0),
                ("b", "ACME/web", "", 0),
            ],
        )
        conn.executemany(
            "INSERT INTO sync_streams (repo_slug, stream, covered_since) VALUES (?, 'commits', '')",
            [("Acme/Web",), ("acme/web",)],
        )
        conn.execute(
            "INSERT INTO sessions (trace_hash, timestamp, event_date, repo_slug) VALUES ('h', ?, '2026-05-01', ?)",
            ("2026-05-01T00:00:00+00:00", "Acme/Web"),
        )
    with ProdLensStore(path) as store:
        commits = {(row["sha"], row["repo_slug"], row["author"]) for row in store.fetch_commits()}
        assert commits == {("a", "acme/web", "dev1"), ("a", None, None), ("b", "acme/web", "")}
        assert [row["repo_slug"] for row in store.fetch_sessions()] == ["acme/web"]
        assert [tuple(row) for row in store.conn.execute("SELECT repo_slug FROM sync_streams")] == [("acme/web",)]
