"""``normalize_records``: turn records of any known source into canonical traces."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from prodlens.calls import fold, owners
from prodlens.schemas import Alias, CanonicalTrace, Decision, ToolUse, call_hash
from prodlens.trace_normalizer.formats import REFERENCE, Reader, recognise

if TYPE_CHECKING:
    from collections.abc import Iterable

    from prodlens.trace_normalizer.formats import Item


def normalize_records(records: Iterable[Mapping[str, object]]) -> list[CanonicalTrace]:
    """Normalize raw trace records into canonical traces; each record's format is told by its content.

    A field that cannot be read takes its documented default. Records that are unusable, that are not a model call or
    that give no time are left out. A record given twice yields two traces with one ``trace_hash``. So do records of
    one call under several ids, where one of the records names these ids together. Nothing is priced.

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
    owned = owners((item.alias, item.call_id) for item in items if isinstance(item, Alias))
    traces = []
    for item in items:
        if isinstance(item, CanonicalTrace):
            owner = owned.get(item.call_id or "")
            trace = item if owner is None else replace(item, trace_hash=call_hash(owner))
            decided = decisions.get(owner or item.call_id or "")
            traces.append(replace(trace, **fold(decided)._asdict()) if decided else trace)
    return traces
