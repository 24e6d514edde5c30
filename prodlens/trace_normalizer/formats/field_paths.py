"""Find a field at the paths where a source may keep it: the first path with a readable value wins."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple, TypeAlias, TypeVar

from prodlens.json_values import clean_text, mapping

T = TypeVar("T")
Parts: TypeAlias = Mapping[str, Mapping[str, Any]]  # the parts of a record by name; "" is the record itself


class FieldPath(NamedTuple):
    """Where a field may stand in a record: a part of it and a name inside.

    A dot in the name stands for a nested object or for a flattened key.
    """

    part: str
    name: str

    def __str__(self) -> str:
        """Return the path as a user would look it up."""
        return f"{self.part}.{self.name}" if self.part else self.name


def paths_in(part: str, *names: str) -> tuple[FieldPath, ...]:
    """Return the paths of the names inside one part, in their order."""
    return tuple(FieldPath(part, name) for name in names)


def look_up(holder: Mapping[str, Any], name: str) -> Any:
    """Return the value under a dotted name, flattened (``a.b``) before nested (``a`` holding ``b``); None if absent."""
    value = holder.get(name)
    if value is not None or "." not in name:
        return value
    head, _, rest = name.partition(".")
    inner = holder.get(head)
    return None if inner is None else look_up(mapping(inner), rest)


def find(
    parts: Parts, candidates: Iterable[FieldPath], convert: Callable[[Any], T | None]
) -> tuple[FieldPath, T] | None:
    """Return the first path whose value can be read, and what was read there; None if there is no such path."""
    for path in candidates:
        value = look_up(parts[path.part], path.name)
        if value is not None and (read := convert(value)) is not None:
            return path, read
    return None


def first(parts: Parts, candidates: Iterable[FieldPath], convert: Callable[[Any], T | None]) -> T | None:
    """Return the value at the first readable path, None if there is no such path: ``find`` without the path.

    Every field of every record passes here, so the common cases (a part that is empty, a name without dots or
    flattened) are settled without a further call.
    """
    for part, name in candidates:
        holder = parts[part]
        if holder:
            value = holder.get(name)
            if value is None and "." in name:
                value = look_up(holder, name)
            if value is not None and (read := convert(value)) is not None:
                return read
    return None


def explained(
    parts: Parts, table: Mapping[str, Iterable[FieldPath]], converters: Mapping[str, Callable[[Any], object]]
) -> dict[str, str]:
    """Return the path that each readable field of the table is read from."""
    found = {name: find(parts, candidates, converters.get(name, clean_text)) for name, candidates in table.items()}
    return {name: str(hit[0]) for name, hit in found.items() if hit is not None}


def unflatten(record: Mapping[str, Any], part: str) -> Mapping[str, Any]:
    """Return a part of a record that is written as an object, as JSON text or as flattened ``part.name`` keys."""
    whole = record.get(part)
    inner = whole if isinstance(whole, dict) else mapping(whole)
    prefix = f"{part}."
    flat = [key for key in record if type(key) is str and key.startswith(prefix)]
    return {**inner, **{key[len(prefix) :]: record[key] for key in flat}} if flat else inner
