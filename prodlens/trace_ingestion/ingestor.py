"""TraceIngestor: files of traces to the store, the lake and the dead letters.

Everything can be repeated safely: a file ingested twice, or again after the program was killed, changes nothing that
is already there. What a killed run had stored and not yet written to the lake is kept as pending in the store.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from prodlens.calls import Prices
from prodlens.files import DEFAULT_DEAD_LETTERS, DEFAULT_LAKE
from prodlens.slugs import checked_slug
from prodlens.trace_ingestion.batches import RowRules, SourceReading, batches
from prodlens.trace_ingestion.dead_letters import DeadLetterBox
from prodlens.trace_ingestion.json_stream import line_entry
from prodlens.trace_ingestion.known_files import KnownFiles
from prodlens.trace_ingestion.lake_sync import LakeSync
from prodlens.trace_ingestion.outcomes import Ingestion
from prodlens.trace_ingestion.sources import Source, find_sources
from prodlens.trace_ingestion.writer import StoreWriter

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from prodlens.storage import ProdLensStore
    from prodlens.trace_ingestion.batches import Anonymize
    from prodlens.trace_ingestion.dead_letters import DeadLetter
    from prodlens.trace_ingestion.lake_sync import Partition


class TraceIngestor:
    """Ingests traces of every known format into a store, its lake and its dead letters."""

    def __init__(
        self,
        store: ProdLensStore,
        *,
        dead_letter_dir: Path | str = DEFAULT_DEAD_LETTERS,
        parquet_dir: Path | str = DEFAULT_LAKE,
        people: Mapping[str, str] | None = None,
        anonymize: Anonymize | None = None,
        prices: Prices | None = None,
        in_workflow: bool = False,
    ) -> None:
        """Ingest into this store; folders are made when something is written.

        Args:
            store: Where the calls go.
            dead_letter_dir: Folder of the lines that cannot be used.
            parquet_dir: Folder of the lake.
            people: Login of each name that people have in traces.
            anonymize: What every call goes through before it is stored, to hide who made it.
            prices: Prices of calls without a recorded cost; None: the list prices.
            in_workflow: Whether what is ingested was written in workflows, as artifacts are.
        """
        self.store, self.in_workflow = store, in_workflow
        self.dead_letters = DeadLetterBox(dead_letter_dir)
        self.lake = LakeSync(store, Path(parquet_dir))
        self.people = dict(people or {})
        self.anonymize, self.prices = anonymize, prices or Prices()

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
        person: str | None = None,
    ) -> list[Ingestion]:
        """Ingest files, folders (recursively), globs and standard input.

        Args:
            inputs: What to read; ``-`` is standard input.
            repo_slug: Repository of the records that name none.
            stdin: Standard input, as bytes.
            now: When this happens, for the record of it.
            person: Who made the calls that name nobody; None: unknown.

        Returns:
            What became of each source, in the order read.

        Raises:
            InputNotFoundError: An input is not there; nothing was read.
            InvalidSlugError: ``repo_slug`` is not ``owner/name``.
            StorageError: The store, the lake or the dead letters cannot be written.
        """
        return self.ingest_sources(find_sources(inputs, stdin), repo_slug=repo_slug, now=now, person=person)

    def ingest_sources(
        self,
        sources: Iterable[Source],
        *,
        repo_slug: str | None = None,
        now: datetime | None = None,
        person: str | None = None,
    ) -> list[Ingestion]:
        """Ingest sources one after the other; inside the caller's transaction they are stored with it or not at all.

        The lake follows what is committed: inside a transaction it is left as it is, and ``write_lake`` or the next
        ingestion brings it up to date.

        Args:
            sources: What to read; each is fully consumed before the next one is requested.
            repo_slug: Repository of the records that name none.
            now: When this happens, for the record of it.
            person: Who made the calls that name nobody; None: unknown.

        Returns:
            What became of each source, in the order read.

        Raises:
            InvalidSlugError: ``repo_slug`` is not ``owner/name``.
            StorageError: The store, the lake or the dead letters cannot be written.
        """
        rules = self._rules(repo_slug, now, person)
        known = KnownFiles(self.store.conn, rules)
        writer = StoreWriter(self.store, self.lake, known, rules)
        remembers = not self.store.conn.in_transaction  # a caller's transaction may still be rolled back
        done = []
        try:
            for source in sources:
                signature = known.signature(source.path) if remembers else None
                recalled = self._recalled(source, signature, known, writer)
                done.append(recalled or self._read(source, rules, signature, writer))
        finally:
            writer.flush()
        if not self.store.conn.in_transaction:
            self.lake.write(writer.touched)
        return done

    def write_lake(self) -> None:
        """Write the partitions of the lake that transactions or a killed run left to do.

        Raises:
            StorageError: The lake cannot be written.
        """
        self.lake.write(set())

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
        rules = self._rules(repo_slug)
        writer = StoreWriter(self.store, self.lake, KnownFiles(self.store.conn, rules), rules)
        done = [self._retry(stem, rules, writer) for stem in self.dead_letters.stems()]
        self.lake.write(writer.touched)
        return done

    def _rules(self, repo_slug: str | None, now: datetime | None = None, person: str | None = None) -> RowRules:
        slug = None if repo_slug is None else checked_slug(repo_slug)
        return RowRules(slug, self.people, self.anonymize, self.prices, now, self.in_workflow, person)

    def _recalled(
        self, source: Source, signature: str | None, known: KnownFiles, writer: StoreWriter
    ) -> Ingestion | None:
        """Return what became of a source that is known, unless its dead letters are gone."""
        found = None if signature is None else known.recall(source.name, signature)
        if found is None:
            return None
        done, partitions = found
        if done.dead and not self.dead_letters.letters_path(source.stem).exists():
            return None
        writer.end(done, partitions)
        return done

    def _read(self, source: Source, rules: RowRules, signature: str | None, writer: StoreWriter) -> Ingestion:
        """Read a source to its end; its rows go to the store, and its unusable lines to the dead letters."""
        done = Ingestion(source.name)
        partitions: set[Partition] = set()
        for batch in batches(source, rules):
            done.add(batch)
            partitions |= batch.partitions
            # The dead letters first: a run that is killed in between writes them again without doubling them.
            if batch.letters:
                self.dead_letters.add(source.stem, batch.letters)
            writer.add(batch)
        # A record that ProdLens failed on is tried again with the file.
        writer.end(done, partitions, None if done.faults else signature)
        return done

    def _retry(self, stem: str, rules: RowRules, writer: StoreWriter) -> Ingestion:
        """Read the dead letters of a stem again, and leave only those that are still not usable."""
        reading = SourceReading(str(self.dead_letters.letters_path(stem)), rules)
        done = Ingestion(reading.name)
        self.dead_letters.replace(stem, self._dead_again(stem, reading, done, writer))
        return done

    def _dead_again(
        self, stem: str, reading: SourceReading, done: Ingestion, writer: StoreWriter
    ) -> Iterator[DeadLetter]:
        """Yield the letters that are still not usable; what the others hold is stored before the last of them."""

        def store() -> None:
            batch = reading.take()
            done.add(batch)
            writer.touched |= batch.partitions
            writer.add(batch)

        for letter in self.dead_letters.read(stem):
            if dead := reading.read(line_entry(letter.line, letter.raw)):
                yield replace(letter, reason=dead.reason)
            if reading.batch.full:
                store()
        reading.finish()
        store()
        writer.flush()
