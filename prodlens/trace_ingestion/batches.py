"""Entries of one source to rows of the store: recognised, read, priced, or sent to the dead letters. No store here."""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import astuple, dataclass, field, replace
from typing import IO, TYPE_CHECKING, Any, Protocol, overload

from prodlens.calls import priced
from prodlens.errors import InvalidSlugError, StorageError
from prodlens.schemas import Alias, CanonicalTrace, Decision, ToolUse, UsageDay, content_hash
from prodlens.slugs import partition_folder
from prodlens.storage import session_values
from prodlens.trace_ingestion.dead_letters import DeadLetter
from prodlens.trace_ingestion.json_stream import NO_OBJECT, Entry, read_entries
from prodlens.trace_ingestion.reference_fast_path import PlainRows
from prodlens.trace_ingestion.sources import ArchiveError
from prodlens.trace_normalizer import REFERENCE, Item, Skipped, Untimed, Unusable, Withheld, recognise

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager
    from datetime import datetime

    from prodlens.trace_normalizer import Reader

logger = logging.getLogger(__name__)


class Prepare(Protocol):
    """What every call and usage day goes through before it is stored, for example to leave out who it is of."""

    @overload
    def __call__(self, record: CanonicalTrace, /) -> CanonicalTrace: ...
    @overload
    def __call__(self, record: UsageDay, /) -> UsageDay: ...
    def __call__(self, record: CanonicalTrace | UsageDay, /) -> CanonicalTrace | UsageDay:
        """Return the record as it is kept; a usage day whose key told who it is of has an empty key."""
        ...


@dataclass(slots=True)
class Batch:
    """What a stretch of a source came to.

    Attributes:
        rows: Calls, in the order of ``SESSION_COLUMNS``.
        plain: Calls read from plain reference records, in the order of ``PLAIN_COLUMNS``.
        aliases: Further ids of calls.
        tool_uses: Which call proposed which tool use.
        decisions: What became of tool uses.
        usage_days: What vendors report of a day.
        letters: What could not be used.
        entries: JSON values read, or lines that are none.
        skipped: Records that are known and no calls, by kind.
        latency_withheld: Calls whose source is known to record the latency wrongly.
    """

    rows: list[tuple[Any, ...]] = field(default_factory=list)
    plain: list[tuple[Any, ...]] = field(default_factory=list)
    aliases: list[Alias] = field(default_factory=list)
    tool_uses: list[ToolUse] = field(default_factory=list)
    decisions: list[Decision] = field(default_factory=list)
    usage_days: list[UsageDay] = field(default_factory=list)
    letters: list[DeadLetter] = field(default_factory=list)
    entries: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    latency_withheld: int = 0


class SourceReading:
    """Reads the entries of one source in their order, keeping what its formats need of earlier ones."""

    def __init__(
        self,
        name: str,
        repo_slug: str | None,
        people: Mapping[str, str],
        prepare: Prepare | None = None,
        time: datetime | None = None,
    ) -> None:
        """Read a source.

        Args:
            name: What a user finds the source by.
            repo_slug: Repository of the records that name none.
            people: Login of each name that people have in traces.
            prepare: What every call goes through before it is stored.
            time: When the source was written, for the calls that give no time themselves.
        """
        self.name, self._time = name, time
        self.batch = Batch()
        self._slug, self._people, self._prepare = repo_slug, people, prepare
        self._readers: dict[str, Reader] = {}
        self._plain = None if prepare else PlainRows(people)
        self._unnamed: Counter[str] = Counter()

    def read(self, entry: Entry) -> None:
        """Add to the batch what the entry holds; a line with an unusable record is a dead letter as a whole."""
        self.batch.entries += 1
        if self._plain and type(entry.value) is dict and (row := self._plain.row(entry.value)) is not None:
            self.batch.plain.append(row)
            return
        if entry.reason is not None:
            self._dead(entry, entry.reason)
            return
        records = entry.value if isinstance(entry.value, list) else [entry.value]
        reasons = []
        for index, record in enumerate(records, 1):
            reason = self._read_record(record) if isinstance(record, dict) else NO_OBJECT
            if reason is not None:
                reasons.append(reason if len(records) == 1 else f"element {index} of {len(records)}: {reason}")
        if reasons:
            self._dead(entry, "; ".join(reasons[:_REASONS_SHOWN]))
        elif not records:
            self.batch.skipped["empty array"] += 1

    def finish(self) -> None:
        """Add what the formats held back until the source's end."""
        for reader in self._readers.values():
            for item in reader.finish():
                if reason := self._keep(item):
                    logger.warning("%s: %s", self.name, reason)

    def take(self) -> Batch:
        """Return the batch and begin a new one."""
        taken, self.batch = self.batch, Batch()
        return taken

    def _read_record(self, record: dict[str, Any]) -> str | None:
        try:
            source = recognise(record) or REFERENCE
            if source.name not in self._readers:
                self._readers[source.name] = source.reader()
            reasons = [self._keep(item) for item in self._readers[source.name].read(record)]
        except Exception as error:
            logger.debug("%s: unreadable record", self.name, exc_info=True)
            return f"unreadable record: {type(error).__name__}"
        return next((reason for reason in reasons if reason is not None), None)

    def _keep(self, item: Item) -> str | None:
        """Add an item to the batch; returns the reason when it cannot be used."""
        if isinstance(item, CanonicalTrace):
            return self._keep_call(item)
        if isinstance(item, Untimed):
            if self._time is None:
                return NO_TIME_AT_ALL
            return self._keep_call(replace(item.call, timestamp=self._time, time_is_estimated=True))
        if isinstance(item, UsageDay):
            self.batch.usage_days.append(self._usage_day(item))
            return None
        if isinstance(item, Unusable):
            return item.reason
        if isinstance(item, Skipped):
            self.batch.skipped[item.kind] += 1
        elif isinstance(item, Withheld):
            self.batch.latency_withheld += 1
        elif isinstance(item, Alias):
            self.batch.aliases.append(item)
        elif isinstance(item, ToolUse):
            self.batch.tool_uses.append(item)
        else:
            self.batch.decisions.append(item)
        return None

    def _keep_call(self, trace: CanonicalTrace) -> str | None:
        row = (self._prepare(trace) if self._prepare else trace).to_record()
        if row["repo_slug"] is None:
            row["repo_slug"] = self._slug
        try:
            partition_folder(row["repo_slug"])
        except InvalidSlugError as error:
            return str(error)
        if row["developer_id"] in self._people:
            row["developer_id"] = self._people[row["developer_id"]]
        self.batch.rows.append(session_values(priced(row)))
        return None

    def _usage_day(self, day: UsageDay) -> UsageDay:
        """Return a usage day as it is stored; one whose person was left out is known by what is left of it.

        Equal ones of a source are then counted, since two people can have the same figures.
        """
        kept = self._prepare(day) if self._prepare else day
        if not kept.key:
            content = content_hash([str(value) for value in astuple(kept)])
            self._unnamed[content] += 1
            kept = replace(kept, key=f"{kept.source}/{content}/{self._unnamed[content]}")
        return replace(kept, person=self._people.get(kept.person or "", kept.person))

    def _dead(self, entry: Entry, reason: str) -> None:
        self.batch.letters.append(DeadLetter(self.name, entry.line, entry.raw, reason))
        logger.info("%s, line %d: %s", self.name, entry.line, reason)


NO_TIME_AT_ALL = "a call without a time, in a source without one; ingest it as a file"
_REASONS_SHOWN = 3
_BATCH_ENTRIES = 20_000
_BATCH_BYTES = 16 * 1024**2


def batches(
    opener: Callable[[], AbstractContextManager[IO[bytes]]],
    name: str,
    repo_slug: str | None,
    people: Mapping[str, str],
    prepare: Prepare | None = None,
    time: datetime | None = None,
) -> Iterator[Batch]:
    """Yield what a source comes to, in batches that bound the memory; damage to an archive is a dead letter.

    Args:
        opener: Opens the bytes.
        name: What a user finds the source by.
        repo_slug: Repository of the records that name none.
        people: Login of each name that people have in traces.
        prepare: What every call goes through before it is stored.
        time: When the source was written, for the calls that give no time themselves.

    Raises:
        StorageError: The source cannot be read.
    """
    reading = SourceReading(name, repo_slug, people, prepare, time)
    size = 0
    try:
        with opener() as stream:
            for entry in read_entries(stream):
                reading.read(entry)
                size += len(entry.raw)
                if reading.batch.entries >= _BATCH_ENTRIES or size >= _BATCH_BYTES:
                    yield reading.take()
                    size = 0
    except ArchiveError as error:
        logger.warning("%s", error)
        reading.batch.entries += 1
        reading.batch.letters.append(DeadLetter(name, 0, b"", str(error)))
    except OSError as error:
        raise StorageError(f"cannot read {name}: {error.strerror or error}") from error
    reading.finish()
    yield reading.take()
