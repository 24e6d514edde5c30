"""TraceIngestor: files of traces to the store, the lake and the dead letters.

Everything may be done again: a file ingested twice, or once more after the program was killed, changes nothing that
is already there. What a killed run had stored and not yet written to the lake is kept as pending in the store.
"""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from prodlens.calls import priced
from prodlens.errors import StorageError
from prodlens.files import DEFAULT_DEAD_LETTERS, DEFAULT_LAKE
from prodlens.lake import LakeDraft
from prodlens.slugs import checked_slug, partition_folder
from prodlens.storage import (
    SESSION_COLUMNS,
    BulkLoad,
    file_digest,
    is_unfilled,
    newest_id,
    put_calls,
    put_decisions,
    put_sessions,
    put_usage_days,
    recall,
    remember,
)
from prodlens.trace_ingestion.batches import Batch, SourceReading, batches
from prodlens.trace_ingestion.dead_letters import DeadLetterBox
from prodlens.trace_ingestion.json_stream import line_entry
from prodlens.trace_ingestion.outcomes import Ingestion, record_ingestion
from prodlens.trace_ingestion.reader_process import batches_aside
from prodlens.trace_ingestion.reference_fast_path import PLAIN_COLUMNS
from prodlens.trace_ingestion.sources import Source, find_sources

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from prodlens.storage import Place, ProdLensStore
    from prodlens.trace_ingestion.batches import Prepare

logger = logging.getLogger(__name__)

_LARGE_BYTES = 16 * 1024**2  # below it, another process costs more than it brings
_MOST_OTHERS = 20_000  # that may wait for the plain rows of a new store
_place, _plain_place = (
    itemgetter(columns.index("repo_slug"), columns.index("event_date")) for columns in (SESSION_COLUMNS, PLAIN_COLUMNS)
)


class TraceIngestor:
    """Ingests traces of every known format into a store, its lake and its dead letters."""

    def __init__(
        self,
        store: ProdLensStore,
        *,
        dead_letter_dir: Path | str = DEFAULT_DEAD_LETTERS,
        parquet_dir: Path | str = DEFAULT_LAKE,
        people: Mapping[str, str] | None = None,
        prepare: Prepare | None = None,
    ) -> None:
        """Ingest into this store; folders are made when something is written.

        Args:
            store: Where the calls go.
            dead_letter_dir: Folder of the lines that cannot be used.
            parquet_dir: Folder of the lake.
            people: Login of each name that people have in traces.
            prepare: What every call goes through before it is stored, for example to leave out who made it.
        """
        self.store = store
        self.dead_letters = DeadLetterBox(dead_letter_dir)
        self.parquet_dir = Path(parquet_dir)
        self.people = dict(people or {})
        self.prepare = prepare

    def ingest_file(self, path: Path | str, *, repo_slug: str | None = None) -> int:
        """Ingest a file, or whatever ``ingest`` takes as one input.

        Args:
            path: File of traces, in any known format and container.
            repo_slug: Repository of the records that name none.

        Returns:
            Number of calls stored, new or known.

        Raises:
            InputNotFoundError: The file is not there.
            InvalidSlugError: ``repo_slug`` is not ``owner/name``.
            StorageError: The store, the lake or the dead letters cannot be written.
        """
        return sum(done.stored for done in self.ingest([path], repo_slug=repo_slug))

    def ingest(
        self,
        inputs: Iterable[Path | str],
        *,
        repo_slug: str | None = None,
        stdin: BinaryIO | None = None,
        now: datetime | None = None,
    ) -> list[Ingestion]:
        """Ingest files, folders (recursively), globs and standard input.

        Args:
            inputs: What to read; ``-`` is standard input.
            repo_slug: Repository of the records that name none.
            stdin: Standard input, as bytes.
            now: When this happens, for the record of it.

        Returns:
            What became of each source, in the order read.

        Raises:
            InputNotFoundError: An input is not there; nothing was read.
            InvalidSlugError: ``repo_slug`` is not ``owner/name``.
            StorageError: The store, the lake or the dead letters cannot be written.
        """
        return self.ingest_sources(find_sources(inputs, stdin), repo_slug=repo_slug, now=now)

    def ingest_sources(
        self, sources: Iterable[Source], *, repo_slug: str | None = None, now: datetime | None = None
    ) -> list[Ingestion]:
        """Ingest sources one after the other; inside the caller's transaction they are stored with it or not at all.

        The lake follows what is committed: inside a transaction it is left as it is, and ``write_lake`` or the next
        ingestion brings it up to date.

        Args:
            sources: What to read; each is done with before the next one is asked for.
            repo_slug: Repository of the records that name none.
            now: When this happens, for the record of it.

        Returns:
            What became of each source, in the order read.

        Raises:
            InvalidSlugError: ``repo_slug`` is not ``owner/name``.
            StorageError: The store, the lake or the dead letters cannot be written.
        """
        if repo_slug is not None:
            repo_slug = checked_slug(repo_slug)
        touched: set[tuple[str, str]] = set()
        done = [self._ingest_source(source, repo_slug, now, touched) for source in sources]
        if not self.store.conn.in_transaction:
            self._sync_lake(touched)
        return done

    def write_lake(self) -> None:
        """Write the partitions of the lake that transactions or a killed run left to do.

        Raises:
            StorageError: The lake cannot be written.
        """
        self._sync_lake(set())

    def retry_dead_letters(self, *, repo_slug: str | None = None) -> list[Ingestion]:
        """Try every dead letter again; those that can be used now leave the box.

        Args:
            repo_slug: Repository of the records that name none.

        Returns:
            What became of the letters of each stem.

        Raises:
            InvalidSlugError: ``repo_slug`` is not ``owner/name``.
            StorageError: The store, the lake or the dead letters cannot be written.
        """
        if repo_slug is not None:
            repo_slug = checked_slug(repo_slug)
        touched: set[tuple[str, str]] = set()
        done = [self._retry(stem, repo_slug, touched) for stem in self.dead_letters.stems()]
        self._sync_lake(touched)
        return done

    def _retry(self, stem: str, repo_slug: str | None, touched: set[tuple[str, str]]) -> Ingestion:
        reading = SourceReading(str(self.dead_letters.letters_path(stem)), repo_slug, self.people, self.prepare)
        dead_again = []
        for letter in self.dead_letters.read(stem):
            reading.read(line_entry(letter.line, letter.raw))
            if reading.batch.letters:
                dead_again.append(replace(letter, reason=reading.batch.letters.pop().reason))
        reading.finish()
        batch = reading.take()
        done = Ingestion(reading.name)
        done.add(batch)
        done.dead = len(dead_again)
        self._store(batch, touched)
        self.dead_letters.replace(stem, dead_again)
        return done

    def _ingest_source(
        self, source: Source, repo_slug: str | None, now: datetime | None, touched: set[tuple[str, str]]
    ) -> Ingestion:
        new, large = is_unfilled(self.store.conn), _is_large(source)
        as_it_is = large and self.prepare is None  # what is worth knowing again, and what a new store is filled with
        with ThreadPoolExecutor(1) as aside:
            digest = aside.submit(self._digest, source, repo_slug) if as_it_is else None
            known = None if new or digest is None else self._known(source, digest.result(), touched)
            if known is not None:
                record_ingestion(self.store, known, now)
                return known
            if large:
                aside.submit(_warm_up)
            done = Ingestion(source.name)
            before = newest_id(self.store.conn)
            of_source: set[tuple[str, str]] = set()
            incoming = self._counted(source, _batches(source, repo_slug, self.people, self.prepare, now), done)
            if new and as_it_is and not self.store.conn.in_transaction:
                self._fill(incoming, of_source)
            for batch in incoming:
                self._store(batch, of_source)
            touched |= of_source
            with self.store.transaction() as conn:
                record_ingestion(self.store, done, now)
                if digest is not None:
                    remember(conn, digest.result(), before, done.stored, done.to_json(), of_source)
            return done

    def _counted(self, source: Source, incoming: Iterable[Batch], done: Ingestion) -> Iterator[Batch]:
        """Pass batches on that are counted and whose dead letters are kept."""
        for batch in incoming:
            done.add(batch)
            # The dead letters first: a run that is killed in between writes them again without doubling them.
            self.dead_letters.add(source.stem, batch.letters)
            yield batch

    def _fill(self, incoming: Iterator[Batch], touched: set[tuple[str, str]]) -> None:
        """Fill a store that has no calls: its plain rows in one transaction, and their lake as they pass.

        What else there is comes after them; too much of it ends the filling, and the rest is left to the caller.
        A store that has calls is left alone.
        """
        with LakeDraft(self.parquet_dir, PLAIN_COLUMNS) as draft:
            with self.store.transaction() as conn:
                if not is_unfilled(conn):
                    return
                load, others, loaded = BulkLoad(conn, PLAIN_COLUMNS), Batch(), 0
                places: set[Place] = set()
                for batch in incoming:
                    load.add(batch.plain)
                    draft.add(batch.plain)
                    loaded += len(batch.plain)
                    places.update(map(_plain_place, batch.plain))
                    others.rows += batch.rows
                    others.aliases += batch.aliases
                    others.tool_uses += batch.tool_uses
                    others.decisions += batch.decisions
                    others.usage_days += batch.usage_days
                    if len(others.rows) + len(others.decisions) > min(loaded, _MOST_OTHERS):
                        break
                touched |= self._note(places)
                changed = self._note(load.finish())
                self._store(others, changed)
            draft.spoil(changed)
            touched |= changed
            self._settle(draft.publish())

    def _digest(self, source: Source, repo_slug: str | None) -> str:
        """Identify a plain file that goes to the store as it is."""
        if source.path is None:
            raise AssertionError("unreachable")
        try:
            return file_digest(source.path, repo_slug, self.people)
        except OSError as error:
            raise StorageError(f"cannot read {source.name}: {error.strerror or error}") from error

    def _known(self, source: Source, digest: str, touched: set[tuple[str, str]]) -> Ingestion | None:
        found = recall(self.store.conn, digest)
        if found is None:
            return None
        outcome, partitions = found
        done = replace(Ingestion.from_json(outcome), source=source.name)
        if done.dead and not self.dead_letters.letters_path(source.stem).exists():
            return None
        touched |= partitions
        return done

    def _store(self, batch: Batch, touched: set[tuple[str, str]]) -> None:
        """Store a batch and note, in the same transaction, the partitions that it changes."""
        with self.store.transaction() as conn:
            changed = put_sessions(conn, batch.plain, priced, PLAIN_COLUMNS)
            changed |= put_calls(conn, batch.rows, batch.aliases, priced)
            changed |= put_decisions(conn, batch.tool_uses, batch.decisions, priced)
            put_usage_days(conn, batch.usage_days)
            partitions = self._note(changed)
        touched |= partitions
        touched |= _partitions({*map(_place, batch.rows), *map(_plain_place, batch.plain)})

    def _note(self, changed: Iterable[Place]) -> set[tuple[str, str]]:
        """Note the partitions of changed places as pending, inside the caller's transaction; returns them."""
        partitions = _partitions(changed)
        self.store.conn.executemany(
            "INSERT OR IGNORE INTO lake_pending VALUES (?, ?, ?)",
            [(self._lake_name(), *partition) for partition in partitions],
        )
        return partitions

    def _settle(self, partitions: Iterable[tuple[str, str]]) -> None:
        """Note that partitions are written."""
        with self.store.transaction() as conn:
            conn.executemany(
                "DELETE FROM lake_pending WHERE lake = ? AND folder = ? AND event_date = ?",
                [(self._lake_name(), *partition) for partition in partitions],
            )

    def _lake_name(self) -> str:
        return str(self.parquet_dir.resolve())

    def _sync_lake(self, touched: set[tuple[str, str]]) -> None:
        """Write the partitions that changed, that an earlier run left pending, or whose file is not there."""
        pending = {
            (row[0], row[1])
            for row in self.store.conn.execute(
                "SELECT folder, event_date FROM lake_pending WHERE lake = ?", (self._lake_name(),)
            )
        }
        missing = {
            part for part in touched - pending if not (self.parquet_dir / part[0] / f"{part[1]}.parquet").exists()
        }
        if not pending | missing:
            return
        from prodlens.lake import Lake  # noqa: PLC0415 - pyarrow loads only where the lake is written

        Lake(self.parquet_dir).sync(self.store.conn, pending | missing)
        self._settle(pending)


def _partitions(places: Iterable[Place]) -> set[tuple[str, str]]:
    return {(partition_folder(slug), day) for slug, day in places}


def _batches(
    source: Source,
    repo_slug: str | None,
    people: Mapping[str, str],
    prepare: Prepare | None,
    now: datetime | None,
) -> Iterator[Batch]:
    """Return the batches of a source; a large plain file is read beside the storing of it."""
    time = source.written or now
    if prepare is None and source.path is not None and _is_large(source):
        return batches_aside(source.path, source.name, repo_slug, people, time)
    return batches(source.open, source.name, repo_slug, people, prepare, time)


def _warm_up() -> None:
    """Load what the lake takes while the file is read."""
    from prodlens.lake import warm_up  # noqa: PLC0415 - pyarrow loads only where the lake is written

    warm_up()


def _is_large(source: Source) -> bool:
    path = source.path
    return path is not None and path.is_file() and path.stat().st_size >= _LARGE_BYTES
