"""Find a field at the paths where a source may keep it: the first path with a readable value wins."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple, TypeAlias

from prodlens.json_values import clean_text, mapping

Parts: TypeAlias = Mapping[str, Mapping[str, Any]]  # the parts of a record by name; "" is the record itself
Convert: TypeAlias = Callable[[Any], object]  # a value as its field is kept; None: it cannot be read


class FieldPath(NamedTuple):
    """Where a field may stand in a record.

    Attributes:
        part: The part of the record.
        name: The name inside the part. A dot in it stands for a nested object or for a flattened key.
        convert: What reads a value there; None: what reads the field.
    """

    part: str
    name: str
    convert: Convert | None = None

    def __str__(self) -> str:
        """Return the path as a user would look it up."""
        return f"{self.part}.{self.name}" if self.part else self.name


def paths_in(part: str, *names: str, convert: Convert | None = None) -> tuple[FieldPath, ...]:
    """Return the paths of the names inside one part, in their order."""
    return tuple(FieldPath(part, name, convert) for name in names)


class Fields:
    """The fields of a source: where each may stand, and how it is read there. Made once for all of its records."""

    def __init__(
        self, paths: Mapping[str, Iterable[FieldPath]], converters: Mapping[str, Convert] | None = None
    ) -> None:
        """Prepare the reading of fields.

        Args:
            paths: Where each field may stand, the best place first.
            converters: What reads the value of a field; a field without one is text.
        """
        readers = converters or {}
        self._unread: dict[str, Any] = dict.fromkeys(paths)
        # Every record passes here, so that what can be known of a path is worked out once.
        self._fields = [
            (
                field,
                [
                    (path.part, path.name, "." in path.name, path.convert or readers.get(field, clean_text), path)
                    for path in given
                ],
            )
            for field, given in paths.items()
        ]

    def read(self, parts: Parts) -> dict[str, Any]:
        """Return the value of every field, None where no path has a readable one."""
        found = self._unread.copy()
        for field, given in self._fields:
            for part, name, is_dotted, convert, _ in given:
                if holder := parts[part]:
                    value = holder.get(name)
                    if value is None and is_dotted:
                        value = look_up(holder, name)
                    if value is not None and (read := convert(value)) is not None:
                        found[field] = read
                        break
        return found

    def places(self, parts: Parts) -> dict[str, FieldPath]:
        """Return the path that each readable field is read from."""
        found = {}
        for field, given in self._fields:
            for part, name, _, convert, path in given:
                value = look_up(parts[part], name)
                if value is not None and convert(value) is not None:
                    found[field] = path
                    break
        return found

    def explain(self, parts: Parts) -> dict[str, str]:
        """Return the path that each readable field is read from, for people."""
        return {field: str(path) for field, path in self.places(parts).items()}


def look_up(holder: Mapping[str, Any], name: str) -> Any:
    """Return the value under a dotted name, flattened (``a.b``) before nested (``a`` holding ``b``); None if absent."""
    value = holder.get(name)
    if value is not None or "." not in name:
        return value
    head, _, rest = name.partition(".")
    inner = holder.get(head)
    return None if inner is None else look_up(mapping(inner), rest)


def unflatten(record: Mapping[str, Any], part: str) -> Mapping[str, Any]:
    """Return a part of a record that is written as an object, as JSON text or as flattened ``part.name`` keys."""
    whole = record.get(part)
    inner = whole if isinstance(whole, dict) else mapping(whole)
    prefix = f"{part}."
    flat = [key for key in record if type(key) is str and key.startswith(prefix)]
    return {**inner, **{key[len(prefix) :]: record[key] for key in flat}} if flat else inner
