"""From files and archives of traces to the store, the lake and the dead letters.

The ingestor and the reader load the source formats, and so with their first use: a report needs neither.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from prodlens.lazy_names import loader
from prodlens.trace_ingestion.archives import DAMAGE, METHODS, ArchiveError, is_of_the_disk, shown_name
from prodlens.trace_ingestion.dead_letters import DeadLetterBox
from prodlens.trace_ingestion.outcomes import Ingestion, fault_note, general_reason, ingestion_state
from prodlens.trace_ingestion.people import read_people
from prodlens.trace_ingestion.sources import Source, file_sources, find_sources

if TYPE_CHECKING:
    from prodlens.trace_ingestion.ingestor import TraceIngestor
    from prodlens.trace_ingestion.json_stream import read_entries

__all__ = [
    "DAMAGE",
    "METHODS",
    "ArchiveError",
    "DeadLetterBox",
    "Ingestion",
    "Source",
    "TraceIngestor",
    "fault_note",
    "file_sources",
    "find_sources",
    "general_reason",
    "ingestion_state",
    "is_of_the_disk",
    "read_entries",
    "read_people",
    "shown_name",
]

_HOMES = {
    "TraceIngestor": "prodlens.trace_ingestion.ingestor",
    "read_entries": "prodlens.trace_ingestion.json_stream",
}
__getattr__ = loader("prodlens.trace_ingestion", _HOMES)
