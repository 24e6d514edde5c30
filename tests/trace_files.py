"""The bundled selection of real trace files; their README says which program wrote each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson

from prodlens.schemas import CanonicalTrace
from prodlens.trace_normalizer.formats import REFERENCE, Item, recognise

FOLDER = Path(__file__).parent / "data" / "traces"


def records(name: str) -> list[dict[str, Any]]:
    """Return the records of a bundled file: JSON lines, a JSON array or one object."""
    data = (FOLDER / name).read_bytes()
    if name.endswith(".json"):
        found = orjson.loads(data)
        return found if isinstance(found, list) else [found]
    return [orjson.loads(line) for line in data.splitlines()]


def read_items(given: list[dict[str, Any]]) -> list[Item]:
    """Return the items of records that all are of the first one's format."""
    reader = (recognise(given[0]) or REFERENCE).reader()
    return [*(item for record in given for item in reader.read(record)), *reader.finish()]


def traces(items: list[Item]) -> list[CanonicalTrace]:
    """Return the traces among the items."""
    return [item for item in items if isinstance(item, CanonicalTrace)]
