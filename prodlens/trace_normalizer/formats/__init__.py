"""The source formats: each module reads one of them, and a record's content alone says which one it is."""

from prodlens.trace_normalizer.formats.interface import (
    NO_TIME,
    Fact,
    Format,
    Item,
    Reader,
    Skipped,
    Untimed,
    Unusable,
    Withheld,
)
from prodlens.trace_normalizer.formats.known_formats import FORMATS, SESSION_FILES, recognise
from prodlens.trace_normalizer.formats.reference import REFERENCE
from prodlens.trace_normalizer.formats.unsupported import looks_like

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
    "recognise",
]
