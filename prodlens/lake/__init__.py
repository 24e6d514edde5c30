"""The Parquet files: one for each repository folder and day, written from the store.

What needs pyarrow loads with its first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from prodlens.lazy_names import loader

if TYPE_CHECKING:
    from prodlens.lake.partitions import AGGREGATES_FOLDER, Lake, stored_partitions

__all__ = ["AGGREGATES_FOLDER", "Lake", "stored_partitions"]

__getattr__ = loader(
    "prodlens.lake",
    dict.fromkeys(["AGGREGATES_FOLDER", "Lake", "stored_partitions"], "prodlens.lake.partitions"),
)
