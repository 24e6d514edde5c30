"""From files and archives of traces to the store, the lake and the dead letters."""

from prodlens.trace_ingestion.dead_letters import DeadLetterBox
from prodlens.trace_ingestion.ingestor import TraceIngestor
from prodlens.trace_ingestion.json_stream import read_entries
from prodlens.trace_ingestion.outcomes import Ingestion, general_reason, ingestion_state
from prodlens.trace_ingestion.people import read_people
from prodlens.trace_ingestion.sources import (
    DAMAGE,
    METHODS,
    ArchiveError,
    Source,
    file_sources,
    find_sources,
    is_of_the_disk,
    shown_name,
)

__all__ = [
    "DAMAGE",
    "METHODS",
    "ArchiveError",
    "DeadLetterBox",
    "Ingestion",
    "Source",
    "TraceIngestor",
    "file_sources",
    "find_sources",
    "general_reason",
    "ingestion_state",
    "is_of_the_disk",
    "read_entries",
    "read_people",
    "shown_name",
]
