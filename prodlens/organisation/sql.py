"""One query over the published tables, answered by DuckDB."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import duckdb

from prodlens.errors import ConfigurationError, StorageError
from prodlens.lake import Place, Reading
from prodlens.organisation.engines import DUCKDB, all_tables, connected

if TYPE_CHECKING:
    from collections.abc import Callable

# Errors of the query itself, which no file can cause.
_OF_THE_QUERY = (duckdb.ParserException, duckdb.BinderException, duckdb.CatalogException)


def answer(
    query: str, place: str, note: Callable[[str], None] = lambda _: None
) -> tuple[list[str], list[tuple[Any, ...]]]:
    """Return the names of the columns of a query's result, and its rows.

    Args:
        query: A query in DuckDB's SQL. Each published table is there under its name.
        place: Where the tables are.
        note: Is told of each file that had to be left out.

    Raises:
        ConfigurationError: DuckDB does not understand or cannot answer it.
        StorageError: The place cannot be read.
    """
    engine, source = connected(DUCKDB), Reading(Place(place))
    while True:
        try:
            all_tables(engine, source)
            found = engine.connection.con.execute(query)
            # What DuckDB answers without a result, such as an empty text, gives no cursor.
            result = ([column[0] for column in found.description or ()], found.fetchall()) if found else ([], [])
        except (duckdb.Error, StorageError) as error:
            if not isinstance(error, _OF_THE_QUERY) and source.narrow():
                continue
            if isinstance(error, StorageError):
                raise
            raise ConfigurationError(f"the query cannot be answered: {error}") from error
        for one in source.left_out():
            note(f"{one.repository}: {one.detail}" if one.repository else one.detail)
        return result
