"""Entries of one source to rows of the store: recognised, read, priced, or sent to the dead letters."""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import astuple, dataclass, field, replace
from typing import TYPE_CHECKING, Any, Protocol, overload

from prodlens.calls import Prices
from prodlens.errors import InvalidSlugError, StorageError
from prodlens.schemas import (
    WORKFLOW,
    Alias,
    CanonicalTrace,
    Decision,
    SessionBranch,
    SessionLink,
    ToolUse,
    UsageDay,
    content_hash,
)
from prodlens.slugs import partition_folder
from prodlens.storage import session_values
from prodlens.trace_ingestion.archives import ArchiveError
from prodlens.trace_ingestion.dead_letters import DeadLetter
from prodlens.trace_ingestion.faults import fault_of
from prodlens.trace_ingestion.json_stream import NO_OBJECT, Entry, read_entries
from prodlens.trace_normalizer import (
    NO_TIME,
    REFERENCE,
    SESSION_FILES,
    Fact,
    Item,
    Skipped,
    Untimed,
    Unusable,
    Withheld,
    recognise,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from prodlens.trace_ingestion.sources import Source
    from prodlens.trace_normalizer import Format, Reader

logger = logging.getLogger(__name__)

NO_TIME_AT_ALL = "a call without a time, in a source without one; ingest it as a file"
_REASONS_SHOWN = 3
BATCH_ENTRIES = 20_000
BATCH_BYTES = 16 * 1024**2


class Anonymize(Protocol):
    """Applied to every call and usage day before it is stored, to remove or hide the person."""

    @overload
    def __call__(self, record: CanonicalTrace, /) -> CanonicalTrace: ...
    @overload
    def __call__(self, record: UsageDay, /) -> UsageDay: ...
    def __call__(self, record: CanonicalTrace | UsageDay, /) -> CanonicalTrace | UsageDay:
        """Return the record as it is kept; a usage day whose key would reveal the person gets an empty key."""
        ...


@dataclass(frozen=True, slots=True)
class RowRules:
    """What the rows of a source depend on beside its records.

    Attributes:
        repo_slug: Repository of the records that name none.
        people: Login of each name that people have in traces.
        anonymize: What every call and usage day goes through before it is stored.
        prices: The prices of calls without a recorded cost.
        now: The time of calls without one, in a source that has no time either.
        in_workflow: Whether the sources were written in workflows, so that files which agents keep of their own
            sessions say where these ran.
        person: Who made the calls that name nobody, if all sources are one person's; else None.
    """

    repo_slug: str | None = None
    people: Mapping[str, str] = field(default_factory=dict)
    anonymize: Anonymize | None = None
    prices: Prices = field(default_factory=Prices)
    now: datetime | None = None
    in_workflow: bool = False
    person: str | None = None

    def row_of(self, call: CanonicalTrace) -> dict[str, Any]:
        """Return the row of a call, with what the call itself does not say filled in; it has no price yet."""
        row = (self.anonymize(call) if self.anonymize else call).to_record()
        if row["repo_slug"] is None:
            row["repo_slug"] = self.repo_slug
        if self.in_workflow and row["origin"] is None and row["source"] in SESSION_FILES:
            row["origin"] = WORKFLOW
        if row["developer_id"] is None:
            row["developer_id"] = self.person
        row["developer_id"] = self.people.get(row["developer_id"], row["developer_id"])
        return row


@dataclass(slots=True)
class Batch:
    """What was read from a part of one source, or from several sources.

    Attributes:
        rows: Calls, in the order of ``SESSION_COLUMNS``.
        partitions: Folder and day of every row.
        aliases: Further ids of calls.
        tool_uses: Which call proposed which tool use.
        decisions: What became of tool uses.
        links: Pull requests that sessions were linked to.
        branches: Branches that sessions worked on, where their lines name another one.
        usage_days: Daily sums that vendors report.
        letters: Lines that could not be used.
        entries: Number of JSON values, and of lines that are not JSON.
        size: Bytes of the entries.
        skipped: Number of known records that are not calls, by kind.
        latency_withheld: Number of calls whose source is known to record the latency wrongly.
        faults: Number of records that ProdLens failed on, by the place in its code.
    """

    rows: list[tuple[Any, ...]] = field(default_factory=list)
    partitions: set[tuple[str, str]] = field(default_factory=set)
    aliases: list[Alias] = field(default_factory=list)
    tool_uses: list[ToolUse] = field(default_factory=list)
    decisions: list[Decision] = field(default_factory=list)
    links: list[SessionLink] = field(default_factory=list)
    branches: list[SessionBranch] = field(default_factory=list)
    usage_days: list[UsageDay] = field(default_factory=list)
    letters: list[DeadLetter] = field(default_factory=list)
    entries: int = 0
    size: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    latency_withheld: int = 0
    faults: Counter[str] = field(default_factory=Counter)

    @property
    def full(self) -> bool:
        """Whether it holds as much as memory should."""
        return self.entries >= BATCH_ENTRIES or self.size >= BATCH_BYTES

    def extend(self, other: Batch) -> None:
        """Add what another batch has for the store."""
        self.rows += other.rows
        self.partitions |= other.partitions
        self.aliases += other.aliases
        self.tool_uses += other.tool_uses
        self.decisions += other.decisions
        self.links += other.links
        self.branches += other.branches
        self.usage_days += other.usage_days
        self.entries += other.entries
        self.size += other.size


class SourceReading:
    """Reads the entries of one source in their order, keeping what its formats need of earlier ones."""

    def __init__(self, name: str, rules: RowRules, time: datetime | None = None) -> None:
        """Read a source.

        Args:
            name: What a user finds it by.
            rules: What its rows depend on beside its records.
            time: When it was written, for the calls that give no time themselves.
        """
        self.name, self._rules, self._time = name, rules, time
        self.batch = Batch()
        self._readers: dict[str, Reader] = {}
        self._unnamed: Counter[str] = Counter()

    def read(self, entry: Entry) -> DeadLetter | None:
        """Add the records of an entry to the batch; returns its line as a dead letter if one of them cannot be used."""
        self.batch.entries += 1
        self.batch.size += len(entry.raw)
        if entry.reason is not None:
            return self._dead(entry, entry.reason)
        records = entry.value if isinstance(entry.value, list) else [entry.value]
        reasons = []
        for index, record in enumerate(records, 1):
            reason = self._read_record(record) if isinstance(record, dict) else NO_OBJECT
            if reason is not None:
                reasons.append(reason if len(records) == 1 else f"element {index} of {len(records)}: {reason}")
        if reasons:
            return self._dead(entry, "; ".join(reasons[:_REASONS_SHOWN]))
        if not records:
            self.batch.skipped["empty array"] += 1
        return None

    def finish(self) -> None:
        """Add what the formats held back until the source's end."""
        for reader in self._readers.values():
            try:
                reasons = [self._keep(item) for item in reader.finish()]
            except Exception as error:
                logger.debug("%s: failed at its end", self.name, exc_info=True)
                reasons = [self._failed(error)]
            for reason in filter(None, reasons):
                logger.warning("%s: %s", self.name, reason)

    def take(self) -> Batch:
        """Return the batch and begin a new one."""
        taken, self.batch = self.batch, Batch()
        return taken

    def _read_record(self, record: dict[str, Any]) -> str | None:
        """Recognise, normalise and price a record, and add it to the batch; returns why it cannot be used."""
        try:
            reader = self._reader_of(recognise(record) or REFERENCE)
            reasons = [self._keep(item) for item in reader.read(record)]
        except RecursionError:
            return "nested too deeply"
        except Exception as error:
            logger.debug("%s: failed on a record", self.name, exc_info=True)
            return self._failed(error)
        return next((reason for reason in reasons if reason is not None), None)

    def _reader_of(self, source: Format) -> Reader:
        """Return what normalises the records of a format."""
        if source.name not in self._readers:
            self._readers[source.name] = source.reader()
        return self._readers[source.name]

    def _failed(self, error: Exception) -> str:
        """Count an error of ours and return the reason under which the record is kept."""
        place = fault_of(error)
        self.batch.faults[place] += 1
        return f"ProdLens failed here, and the record may be right: {place}"

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
        else:
            self._keep_fact(item)
        return None

    def _keep_fact(self, item: Fact) -> None:
        if isinstance(item, Alias):
            self.batch.aliases.append(item)
        elif isinstance(item, ToolUse):
            self.batch.tool_uses.append(item)
        elif isinstance(item, Decision):
            self.batch.decisions.append(item)
        else:
            self._keep_mark(item)

    def _keep_mark(self, item: SessionBranch | SessionLink) -> None:
        """Keep what a session says under the name that its calls are stored under."""
        branch = item.branch if isinstance(item, SessionBranch) else None
        call = CanonicalTrace(item.session_id, None, NO_TIME, None, 0, 0, 0.0, None, accepted_flag=False, branch=branch)
        kept = self._rules.anonymize(call) if self._rules.anonymize else call
        if kept.session_id is None:
            return
        if isinstance(item, SessionLink):
            self.batch.links.append(replace(item, session_id=kept.session_id))
        else:
            self.batch.branches.append(replace(item, session_id=kept.session_id, branch=kept.branch))

    def _keep_call(self, call: CanonicalTrace) -> str | None:
        """Price a call and add it to the batch; returns the reason when it cannot be stored."""
        row = self._rules.row_of(call)
        try:
            folder = partition_folder(row["repo_slug"])
        except InvalidSlugError as error:
            return str(error)
        self.batch.rows.append(session_values(self._rules.prices.priced(row)))
        self.batch.partitions.add((folder, row["event_date"]))
        return None

    def _usage_day(self, day: UsageDay) -> UsageDay:
        """Return a usage day as it is stored; where the person was removed, its other fields identify it.

        Equal days of a source are then numbered, since two people can have the same figures.
        """
        rules = self._rules
        kept = rules.anonymize(day) if rules.anonymize else day
        if not kept.key:
            content = content_hash([str(value) for value in astuple(kept)])
            self._unnamed[content] += 1
            kept = replace(kept, key=f"{kept.source}/{content}/{self._unnamed[content]}")
        return replace(kept, person=rules.people.get(kept.person or "", kept.person))

    def _dead(self, entry: Entry, reason: str) -> DeadLetter:
        letter = DeadLetter(self.name, entry.line, entry.raw, reason)
        self.batch.letters.append(letter)
        logger.info("%s, line %d: %s", self.name, entry.line, reason)
        return letter


def batches(source: Source, rules: RowRules) -> Iterator[Batch]:
    """Yield what a source holds, in batches that bound the memory; damage to an archive is a dead letter.

    Args:
        source: Where the records are.
        rules: What the rows depend on beside the records.

    Raises:
        StorageError: The source cannot be read.
    """
    reading = SourceReading(source.name, rules, source.written or rules.now)
    try:
        with source.open() as stream:
            for entry in read_entries(stream):
                reading.read(entry)
                if reading.batch.full:
                    yield reading.take()
    except ArchiveError as error:
        logger.warning("%s", error)
        reading.batch.entries += 1
        reading.batch.letters.append(DeadLetter(source.name, 0, b"", str(error)))
    except OSError as error:
        raise StorageError(f"cannot read {source.name}: {error.strerror or error}") from error
    reading.finish()
    yield reading.take()
