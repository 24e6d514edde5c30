"""The calls of repositories in parts, each of which is a range of an index: one repository, model and decision each."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Sequence

# Joins the calls ``s`` to a row ``p`` of the temporary table: the prefix of the index that a part of them shares.
PART = "s.repo_slug IS p.repo_slug AND s.model IS p.model AND s.acceptance_known = p.known AND s.accepted_flag = p.flag"


def fill_parts(conn: sqlite3.Connection, repos: Sequence[str | None]) -> None:
    """List every (repository, model, decision) that can have calls in ``temp.report_part``; None: calls without one.

    The index that begins with repository and model is skipped through.
    """
    parts = [
        (slug, model, known, flag)
        for slug in repos
        for model in distinct(conn, "model", slug)
        for known in (0, 1)
        for flag in (0, 1)
    ]
    conn.execute("DROP TABLE IF EXISTS temp.report_part")
    conn.execute("CREATE TEMP TABLE report_part (id INTEGER PRIMARY KEY, repo_slug TEXT, model TEXT, known, flag)")
    conn.executemany("INSERT INTO temp.report_part (repo_slug, model, known, flag) VALUES (?, ?, ?, ?)", parts)


def distinct(conn: sqlite3.Connection, column: str, slug: str | None) -> Iterator[str | None]:
    """Yield every value that a column has in the repository, by skipping through the index that begins with both."""
    query = f"SELECT {column} FROM sessions WHERE repo_slug IS ?"
    found = conn.execute(f"{query} ORDER BY {column} LIMIT 1", (slug,)).fetchone()
    while found is not None:
        yield found[0]
        comparison, last = (">=", "") if found[0] is None else (">", found[0])
        found = conn.execute(f"{query} AND {column} {comparison} ? ORDER BY {column} LIMIT 1", (slug, last)).fetchone()
