"""The Parquet files: one for each repository folder and day, written from the store.

What needs pyarrow loads with its first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prodlens.lake.first_fill import LakeDraft

if TYPE_CHECKING:
    from prodlens.lake.partitions import AGGREGATES_FOLDER, Lake, stored_partitions, warm_up

__all__ = ["AGGREGATES_FOLDER", "Lake", "LakeDraft", "stored_partitions", "warm_up"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'prodlens.lake' has no attribute {name!r}")
    from prodlens.lake import partitions  # noqa: PLC0415 - pyarrow loads only where the lake is written

    return getattr(partitions, name)
