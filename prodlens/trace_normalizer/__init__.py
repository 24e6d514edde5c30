"""From raw JSON records of any known source to calls, decisions and aliases; knows no store."""

from prodlens.trace_normalizer.formats import (
    FORMATS,
    NO_TIME,
    REFERENCE,
    SESSION_FILES,
    Fact,
    Format,
    Item,
    Reader,
    Skipped,
    Untimed,
    Unusable,
    Withheld,
    looks_like,
    recognise,
)
from prodlens.trace_normalizer.formats.people_and_sessions import person_of
from prodlens.trace_normalizer.formats.recorded_values import repository
from prodlens.trace_normalizer.normalize import normalize_records

__all__ = [
    "FORMATS",
    "NO_TIME",
    "REFERENCE",
    "SESSION_FILES",
    "Fact",
    "Format",
    "Item",
    "Reader",
    "Skipped",
    "Untimed",
    "Unusable",
    "Withheld",
    "looks_like",
    "normalize_records",
    "person_of",
    "recognise",
    "repository",
]
