"""The published tables: their schema is a promise, and the same rows are the same bytes."""

from __future__ import annotations

import datetime as dt
import io
import json
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prodlens.errors import InvalidSlugError
from prodlens.lake import MONTHLY_TABLES, PUBLISHED_TABLES, PublishedTable, as_file, file_name
from prodlens.lake.published_tables import SCHEMA_VERSION, file_stem, money
from prodlens.slugs import is_slug

DOCUMENT = (Path(__file__).parents[2] / "docs" / "tables.md").read_text(encoding="utf-8")
PROMISED = json.loads(Path(__file__).with_name("published_columns.json").read_text(encoding="utf-8"))
COMMITS = PUBLISHED_TABLES["commits"]


def commit_rows(*shas: str) -> pa.Table:
    """Return rows of ``commits`` with these hashes, all of one moment."""
    at = dt.datetime(2026, 5, 1, 12, tzinfo=dt.UTC)
    empty = dict.fromkeys(COMMITS.schema.names)
    rows = [{**empty, "repository": "acme/web", "sha": sha, "at": at, "day": at.date()} for sha in shas]
    return pa.Table.from_pylist(rows, COMMITS.schema)


@pytest.mark.parametrize("table", PUBLISHED_TABLES.values(), ids=list(PUBLISHED_TABLES))
def test_the_document_says_what_the_code_writes(table: PublishedTable) -> None:
    """``docs/tables.md`` has every column of every table, in order, with its type and meaning, and no other."""
    section = DOCUMENT.split(f"\n## {table.name}\n")[1].split("\n## ")[0]
    columns = "".join(f"| `{column.name}` | `{column.type}` | {column.meaning} |\n" for column in table.columns)
    assert section.endswith(f"|---|---|---|\n{columns}")
    assert section.startswith(f"\nA row is {table.row}. Rows are sorted by ")
    assert f"now {SCHEMA_VERSION})" in DOCUMENT


def test_no_column_was_changed_or_removed() -> None:
    """Every column that a version has promised is there, in its place and of its type; new ones stand after them."""
    columns = {name: [[c.name, str(c.type)] for c in table.columns] for name, table in PUBLISHED_TABLES.items()}
    assert {name: columns[name][: len(promised)] for name, promised in PROMISED.items()} == PROMISED
    assert columns == PROMISED, "add the new columns to published_columns.json, and raise the minor version"


def test_rows_are_sorted_by_repository_first() -> None:
    """Every table is sorted by repository, and those divided by months are so by a moment or a day of theirs."""
    assert {table.order[0] for table in PUBLISHED_TABLES.values()} == {"repository"}
    for table in MONTHLY_TABLES.values():
        assert table.time in table.order
        assert pa.types.is_temporal(table.schema.field(table.time).type)
    assert PUBLISHED_TABLES["repositories"].time == ""


def test_the_same_rows_are_the_same_bytes() -> None:
    """Neither the order in which rows come nor how they are cut into chunks is seen in the file."""
    one = as_file(COMMITS, commit_rows("a", "b", "c"))
    other = as_file(COMMITS, pa.concat_tables([commit_rows("c"), commit_rows("b", "a")]))
    assert one == other
    assert pq.read_table(io.BytesIO(one)).column("sha").to_pylist() == ["a", "b", "c"]


def test_a_file_says_what_it_is() -> None:
    """The metadata of a file has the table and the version of the schema; it is packed with zstd."""
    with pq.ParquetFile(io.BytesIO(as_file(COMMITS, commit_rows("a")))) as file:
        assert file.schema_arrow.metadata[b"prodlens.table"] == b"commits"
        assert file.schema_arrow.metadata[b"prodlens.schema_version"] == b"1.0"
        assert file.metadata.row_group(0).column(0).compression == "ZSTD"
        assert file.schema_arrow.field("at").type == pa.timestamp("us", "UTC")


def test_rows_of_another_shape_are_refused() -> None:
    """A table that lacks a column is an error of the caller."""
    with pytest.raises(ValueError, match="commits has the columns"):
        as_file(COMMITS, commit_rows("a").drop_columns(["sha"]))


@pytest.mark.parametrize(
    ("repository", "stem"),
    [
        ("Acme/Web", "acme.web"),
        ("acme/web.js", "acme.web.js"),
        ("a.b/c", "a!.b.c"),
        ("a/b.c", "a.b.c"),
        ("_x/y", "!_x.y"),
        (".x/y", "!.x.y"),
    ],
)
def test_names_of_files(repository: str, stem: str) -> None:
    """A repository's file is called by owner and name, so that engines see it and no other one shares it."""
    assert file_stem(repository) == stem


_PART = st.text("aB._-0", min_size=1, max_size=4)


@given(st.tuples(_PART, _PART).map("/".join).filter(is_slug), st.tuples(_PART, _PART).map("/".join).filter(is_slug))
def test_no_two_repositories_share_a_file(one: str, other: str) -> None:
    """Two names give one file only if they are one repository, and no file is hidden from engines."""
    assert (file_stem(one) == file_stem(other)) == (one.lower() == other.lower())
    assert file_stem(one)[0] not in "._"


def test_paths_lead_nowhere_else() -> None:
    """What is not ``owner/name`` has no file."""
    assert file_name("calls", "acme/web", "2026-05") == "v1/calls/month=2026-05/acme.web.parquet"
    assert file_name("repositories", "acme/web") == "v1/repositories/acme.web.parquet"
    for repository in ("../x", "a/b/c", "a b/c", ""):
        with pytest.raises(InvalidSlugError):
            file_name("calls", repository, "2026-05")


def test_money_is_what_money_can_be() -> None:
    """Costs keep ten decimals; what is not finite or has too many digits is left out and counted."""
    values, left_out = money([0.1, None, 1e-10, -2.5, float("inf"), float("nan"), 1e9, 999_999_999.25])
    shown = [None if value is None else str(value) for value in values.to_pylist()]
    assert shown == ["0.1000000000", None, "1E-10", "-2.5000000000", None, None, None, "999999999.2500000000"]
    assert left_out == 3
    assert money([])[1] == 0
    values, left_out = money([Decimal("0.1234567891"), "1", None, Decimal(10**10)])
    assert (values.to_pylist(), left_out) == ([Decimal("0.1234567891"), None, None, None], 1)
