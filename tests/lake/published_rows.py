"""Rows of published tables for the tests of publishing and compaction, as short as what a test is about."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from prodlens.lake import MONTHLY_TABLES, PUBLISHED_TABLES, Place, Publication, published_paths
from prodlens.lake.published_tables import file_name

if TYPE_CHECKING:
    from collections.abc import Mapping

COMMITS = MONTHLY_TABLES["commits"]
FACTS: dict[str, Any] = dict.fromkeys(PUBLISHED_TABLES["repositories"].schema.names)


def commits(*shas: str, repository: str = "acme/web") -> pa.Table:
    """Return commits, each in the month that its hash begins with: ``05x`` is one of May 2026."""
    empty = dict.fromkeys(COMMITS.schema.names)
    rows = [
        {
            **empty,
            "repository": repository,
            "sha": sha,
            "at": datetime(2026, int(sha[:2]), 9, tzinfo=UTC),
            "day": datetime(2026, int(sha[:2]), 9, tzinfo=UTC).date(),
        }
        for sha in shas
    ]
    return pa.Table.from_pylist(rows, COMMITS.schema)


def publication(*shas: str, repository: str = "acme/web", store: str = "one", **options: Any) -> Publication:
    """Return a publication of commits."""
    tables: Mapping[str, pa.Table] = {"commits": commits(*shas, repository=repository)}
    return Publication(repository=repository, tables=tables, facts=FACTS, store=store, **options)


def shas(place: Place) -> list[str]:
    """Return the hashes of the commits that a reader of a place sees, sorted."""
    tables = (pq.read_table(io.BytesIO(place.read(path) or b"")) for path in published_paths(place, "commits"))
    return sorted(str(sha) for table in tables for sha in table["sha"].to_pylist())


def listed(place: Place, repository: str = "acme/web") -> dict[str, Any]:
    """Return the repository's row, with its files by month as (rows, digest)."""
    data = place.read(file_name("repositories", repository))
    (row,) = pq.read_table(io.BytesIO(data or b"")).to_pylist()
    return {**row, "files": {file["month"]: (file["rows"], file["digest"]) for file in row["files"]}}
