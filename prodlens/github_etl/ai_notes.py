"""Notes at ``refs/notes/ai`` into the store, for the commits that it holds, and those of a clone."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import orjson

from prodlens.commits import added_lines, note_texts, noted_commits
from prodlens.evidence import AiNote, read_note
from prodlens.slugs import one_spelling

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Iterable, Mapping

    from prodlens.storage import ProdLensStore

NO_NOTE = AiNote(0, 0, ())


def take_notes_from_clone(store: ProdLensStore, folder: Path | str, slug: str, *, shallow: bool = False) -> int:
    """Store what the clone's notes say of stored commits; return how many notes were read.

    A note that did not change is not read again. In a shallow clone it is not known what the oldest commits add.

    Raises:
        GitHistoryError: The clone cannot be read.
        StorageError: The store cannot be written.
    """
    folder, slug = Path(folder), one_spelling(slug)
    blobs = noted_commits(folder)
    fresh = store.get_etag(notes_read_mark(slug)) is None  # else GitHub's notes are there, and no clone knows better
    wanted = wanted_notes(store.conn, slug, {sha: blob.oid for sha, blob in blobs.items()}, and_changed=fresh)
    if not wanted:
        return 0
    read = {oid: read_note(text) for oid, text in note_texts(folder, {blobs[sha] for sha in wanted})}
    notes = {sha: read.get(blobs[sha].oid, NO_NOTE) for sha in wanted}
    marked = [sha for sha, note in notes.items() if note.ai_lines]
    added = {} if shallow else added_lines(folder, marked)
    with store.transaction() as conn:
        store_notes(conn, slug, ((sha, blobs[sha].oid, note, added.get(sha)) for sha, note in notes.items()))
    return len(notes)


def notes_read_mark(slug: str) -> str:
    """Return the name of the note that GitHub's notes were read to their end, kept beside the ETags."""
    return f"ai-notes-read:{slug}"


def wanted_notes(
    conn: sqlite3.Connection, slug: str, blobs: Mapping[str, str], *, and_changed: bool = True
) -> list[str]:
    """Return the stored commits of the repository whose note, by sha and name of its content, was not read yet.

    ``and_changed``: also those of which another content was read.
    """
    if not blobs:
        return []
    query = (
        "SELECT sha FROM commits WHERE repo_slug = :slug UNION SELECT c.sha FROM pull_request_commits c "
        "JOIN pull_requests p ON p.id = c.pull_request_id WHERE p.repo_slug = :slug"
    )
    stored = {row[0] for row in conn.execute(query, {"slug": slug})}
    read = dict(map(tuple, conn.execute("SELECT sha, blob FROM ai_notes WHERE repo_slug = ?", (slug,))))
    found = stored.intersection(blobs)
    return sorted(sha for sha in found if sha not in read or (and_changed and read[sha] != blobs[sha]))


def store_notes(conn: sqlite3.Connection, slug: str, notes: Iterable[tuple[str, str, AiNote, int | None]]) -> None:
    """Store notes: sha of the commit, git's name for the content, what it says, and the lines that the commit adds."""
    conn.executemany(
        "INSERT OR REPLACE INTO ai_notes (repo_slug, sha, blob, ai_lines, human_lines, added_lines, agents) "
        "VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            (slug, sha, blob, note.ai_lines, note.human_lines, added, orjson.dumps(note.agents).decode())
            for sha, blob, note, added in notes
        ),
    )


def delete_notes_but(conn: sqlite3.Connection, slug: str, shas: Collection[str]) -> None:
    """Delete the notes of a repository, but for those of the commits named."""
    stored = {row[0] for row in conn.execute("SELECT sha FROM ai_notes WHERE repo_slug = ?", (slug,))}
    gone = sorted(stored.difference(shas))
    conn.executemany("DELETE FROM ai_notes WHERE repo_slug = ? AND sha = ?", [(slug, sha) for sha in gone])
