"""The Parquet files: the lake, and the published tables that engines read. What needs pyarrow loads when it is used."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prodlens.lazy_names import loader

if TYPE_CHECKING:
    from prodlens.lake.compaction import Compacted, compact
    from prodlens.lake.iceberg import check_iceberg, commit_to_iceberg
    from prodlens.lake.partitions import AGGREGATES_FOLDER, Lake, stored_partitions
    from prodlens.lake.places import Place
    from prodlens.lake.publication import Publication, Published, publish
    from prodlens.lake.published_tables import MONTHLY_TABLES, PUBLISHED_TABLES, PublishedTable, as_file, file_name
    from prodlens.lake.reading import Reading
    from prodlens.lake.table_columns import TableRows, table_rows
    from prodlens.lake.table_files import months_of, published_files, published_paths

__all__ = [
    "AGGREGATES_FOLDER",
    "MONTHLY_TABLES",
    "PUBLISHED_TABLES",
    "Compacted",
    "Lake",
    "Place",
    "Publication",
    "Published",
    "PublishedTable",
    "Reading",
    "TableRows",
    "as_file",
    "check_iceberg",
    "commit_to_iceberg",
    "compact",
    "file_name",
    "months_of",
    "publish",
    "published_files",
    "published_paths",
    "stored_partitions",
    "table_rows",
]

_MODULES = {
    "compaction": ("Compacted", "compact"),
    "iceberg": ("check_iceberg", "commit_to_iceberg"),
    "partitions": ("AGGREGATES_FOLDER", "Lake", "stored_partitions"),
    "places": ("Place",),
    "reading": ("Reading",),
    "publication": ("Publication", "Published", "publish"),
    "table_files": ("months_of", "published_files", "published_paths"),
    "published_tables": ("MONTHLY_TABLES", "PUBLISHED_TABLES", "PublishedTable", "as_file", "file_name"),
    "table_columns": ("TableRows", "table_rows"),
}

_HOMES = {name: f"prodlens.lake.{module}" for module, names in _MODULES.items() for name in names}
__getattr__ = loader("prodlens.lake", _HOMES)
