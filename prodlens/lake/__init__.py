"""The Parquet files: the lake, one for each repository folder and day, and the published tables that engines read.

What needs pyarrow loads with its first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from prodlens.lazy_names import loader

if TYPE_CHECKING:
    from prodlens.lake.partitions import AGGREGATES_FOLDER, Lake, stored_partitions
    from prodlens.lake.published_tables import (
        MONTHLY_TABLES,
        PUBLISHED_TABLES,
        PublishedColumn,
        PublishedTable,
        as_file,
        file_name,
        month_folder,
    )

__all__ = [
    "AGGREGATES_FOLDER",
    "MONTHLY_TABLES",
    "PUBLISHED_TABLES",
    "Lake",
    "PublishedColumn",
    "PublishedTable",
    "as_file",
    "file_name",
    "month_folder",
    "stored_partitions",
]

_MODULES = {
    "prodlens.lake.partitions": ("AGGREGATES_FOLDER", "Lake", "stored_partitions"),
    "prodlens.lake.published_tables": (
        *("MONTHLY_TABLES", "PUBLISHED_TABLES", "PublishedColumn", "PublishedTable"),
        *("as_file", "file_name", "month_folder"),
    ),
}

__getattr__ = loader("prodlens.lake", {name: module for module, names in _MODULES.items() for name in names})
