"""OTLP/JSON envelopes: resources and scopes unwrapped, attributes as plain mappings.

Field names come in camel case (``stringValue``, the standard) or snake case (``string_value``), whole numbers as text
or as numbers, and ids in hexadecimal with or without ``0x``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from prodlens.json_values import mapping, sequence

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_DEPTH = 16  # of nested lists and maps in an attribute: enough for any real one, an end for a hostile one


class Entry(NamedTuple):
    """One span or log record with what its envelope says about it."""

    record: Mapping[str, Any]
    attributes: dict[str, Any]
    resource: dict[str, Any]
    scope: str


def entries(envelope: Mapping[str, Any], signal: str, records: str) -> Iterator[Entry]:
    """Yield the records of an export request.

    Args:
        envelope: The request.
        signal: ``Spans`` or ``Logs``, as in ``resourceSpans`` and ``scopeSpans``.
        records: ``spans`` or ``logRecords``.
    """
    for outer in sequence(_either(envelope, f"resource{signal}")):
        resource = attributes_of(mapping(mapping(outer).get("resource")))
        for inner in sequence(_either(mapping(outer), f"scope{signal}")):
            scope = str(mapping(mapping(inner).get("scope")).get("name") or "")
            for record in sequence(_either(mapping(inner), records)):
                entry = mapping(record)
                yield Entry(entry, attributes_of(entry), resource, scope)


def attributes_of(holder: Mapping[str, Any]) -> dict[str, Any]:
    """Return the attributes of a resource, span or log record; of a name given twice the last counts."""
    found: dict[str, Any] = {}
    for pair in sequence(holder.get("attributes")):
        key = mapping(pair).get("key")
        if isinstance(key, str):
            found[key] = value_of(pair.get("value"), _DEPTH)
    return found


def value_of(value: object, depth: int = _DEPTH) -> Any:
    """Return the plain value of an ``AnyValue``; None where it holds none, or nests too deeply."""
    if depth == 0:
        return None
    for kind, content in mapping(value).items():
        if kind in {"arrayValue", "array_value"}:
            return [value_of(item, depth - 1) for item in sequence(mapping(content).get("values"))]
        if kind in {"kvlistValue", "kvlist_value"}:
            pairs = sequence(mapping(content).get("values"))
            return {str(mapping(pair).get("key")): value_of(mapping(pair).get("value"), depth - 1) for pair in pairs}
        if kind.endswith(("Value", "_value")):
            return content
    return None


def hex_id(value: object) -> str | None:
    """Return a span or trace id without ``0x``; None for an empty one or one of zeros only."""
    text = value.removeprefix("0x") if isinstance(value, str) else ""
    return text if text.strip("0") else None


def _either(holder: Mapping[str, Any], camel: str) -> Any:
    value = holder.get(camel)
    if value is not None:
        return value
    return holder.get("".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in camel))
