"""A commit to Iceberg that kills itself at a named place.

The action is ``create`` or ``commit`` of a table or ``write`` of a data file, behind ``about to`` or ``done``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.io.pyarrow import ParquetFormatWriter

from prodlens.lake import Place, commit_to_iceberg
from tests.killed_ingestion import Killer

if TYPE_CHECKING:
    from collections.abc import Callable


def main(address: str, catalog: str, action: str, nth: str) -> None:
    """Commit, until the action is reached for the nth time."""
    killer = Killer(action, int(nth))

    def told(name: str, does: Callable[..., Any]) -> Callable[..., Any]:
        def doing(*args: Any, **options: Any) -> Any:
            killer.about_to(f"about to {name}")
            made = does(*args, **options)
            killer.about_to(f"done {name}")
            return made

        return doing

    for owner, method, name in (
        (SqlCatalog, "create_table", "create"),
        (SqlCatalog, "commit_table", "commit"),
        (ParquetFormatWriter, "close", "write"),
    ):
        setattr(owner, method, told(name, getattr(owner, method)))
    commit_to_iceberg(Place(address), catalog, "prodlens")
