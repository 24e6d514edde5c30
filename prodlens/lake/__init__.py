"""The Parquet files: one for each repository folder and day, written from the store.

What needs pyarrow loads with its first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from prodlens.lake.first_fill import LakeDraft
from prodlens.lazy_names import loader

if TYPE_CHECKING:
    from prodlens.lake.partitions import AGGREGATES_FOLDER, Lake, stored_partitions, warm_up

__all__ = ["AGGREGATES_FOLDER", "Lake", "LakeDraft", "stored_partitions", "warm_up"]

__getattr__ = loader(
    "prodlens.lake",
    dict.fromkeys(["AGGREGATES_FOLDER", "Lake", "stored_partitions", "warm_up"], "prodlens.lake.partitions"),
)
