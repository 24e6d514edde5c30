"""``normalize_records``: records of any known source as canonical traces."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from prodlens.acceptance import fold
from prodlens.schemas import CanonicalTrace
from prodlens.trace_formats import REFERENCE, Decision, Reader, ToolUse, recognise

if TYPE_CHECKING:
    from collections.abc import Iterable

    from prodlens.trace_formats import Item


def normalize_records(records: Iterable[Mapping[str, object]]) -> list[CanonicalTrace]:
    """Normalize raw trace records into canonical traces; each record's format is told by its content.

    A field that cannot be read takes its documented default. Unusable records are left out, and so are those that
    are no model call; a record given twice yields two traces with one ``trace_hash``. Nothing is priced.

    Args:
        records: JSON objects of any known format, formats mixed as they come; records of one log in their order.

    Returns:
        The traces, in the order in which they became known.
    """
    readers: dict[str, Reader] = {}
    items: list[Item] = []
    for record in records:
        if isinstance(record, Mapping):
            source = recognise(record) or REFERENCE
            if source.name not in readers:
                readers[source.name] = source.reader()
            items += readers[source.name].read(record)
    for reader in readers.values():
        items += reader.finish()
    return _with_acceptance(items)


def _with_acceptance(items: list[Item]) -> list[CanonicalTrace]:
    """Return the traces among the items, with the decisions on their tool uses folded into them."""
    calls = {item.tool_use_id: item.call_id for item in items if isinstance(item, ToolUse)}
    decisions: defaultdict[str, list[Decision]] = defaultdict(list)
    for item in items:
        if isinstance(item, Decision) and (call_id := item.call_id or calls.get(item.tool_use_id)):
            decisions[call_id].append(item)
    return [
        replace(item, **fold(decisions[item.call_id])._asdict()) if item.call_id and item.call_id in decisions else item
        for item in items
        if isinstance(item, CanonicalTrace)
    ]
