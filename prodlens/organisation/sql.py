"""One query over the published tables, answered by DuckDB."""

from __future__ import annotations

from typing import Any

import duckdb

from prodlens.errors import ConfigurationError
from prodlens.organisation.engines import DUCKDB, all_tables, connected


def answer(query: str, place: str) -> tuple[list[str], list[tuple[Any, ...]]]:
    """Return the names of the columns of a query's result, and its rows.

    Args:
        query: A query in DuckDB's SQL. Each published table is there under its name.
        place: Where the tables are.

    Raises:
        ConfigurationError: DuckDB does not understand or cannot answer it.
        StorageError: The place cannot be read.
    """
    engine = connected(DUCKDB)
    all_tables(engine, place)
    try:
        found = engine.connection.con.execute(query)
        # What DuckDB answers without a result, such as an empty text, gives no cursor.
        return ([column[0] for column in found.description or ()], found.fetchall()) if found else ([], [])
    except duckdb.Error as error:
        raise ConfigurationError(f"the query cannot be answered: {error}") from error
