"""A JSON Schema compiled to functions, for tests that hold thousands of documents against one.

The compiled schema only ever accepts. What it does not accept is given to ``jsonschema``, which decides and says what
is wrong, so that no test fails here for a document that fits.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import jsonschema

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Check = Callable[[Any], bool]

_TYPES: dict[str, tuple[type, ...]] = {
    "array": (list,),
    "boolean": (bool,),
    "integer": (int,),
    "null": (type(None),),
    "number": (int, float),
    "object": (dict,),
    "string": (str,),
}
_SAYS_NOTHING = frozenset({"$schema", "$id", "$defs", "title", "description"})


@dataclass(frozen=True)
class Schema:
    """A schema that documents are held against quickly."""

    schema: Mapping[str, Any]

    def validate(self, document: object) -> None:
        """Return when the document fits; else raise ``jsonschema.ValidationError``."""
        if not self.accepts(document):
            self.validator.validate(document)

    @cached_property
    def validator(self) -> jsonschema.Draft202012Validator:
        """The validator of ``jsonschema``; the schema itself is checked first."""
        jsonschema.Draft202012Validator.check_schema(self.schema)
        return jsonschema.Draft202012Validator(self.schema)

    @cached_property
    def accepts(self) -> Check:
        """A function that is true for documents that fit alone."""
        return _Compiler(self.validator.schema).compiled(self.schema)


class _Compiler:
    """Compiles the keywords that our schemas have; another one raises ``KeyError``."""

    def __init__(self, root: Any) -> None:
        self._root = root
        self._definitions: dict[str, Check] = {}

    def compiled(self, schema: Mapping[str, Any]) -> Check:
        """Return the conjunction of a schema's keywords."""
        keywords = {_KEYWORDS[name] for name in schema if name not in _SAYS_NOTHING}
        checks = [keyword(self, schema) for keyword in keywords]
        return checks[0] if len(checks) == 1 else lambda value: all(check(value) for check in checks)

    def reference(self, schema: Mapping[str, Any]) -> Check:
        name = schema["$ref"].removeprefix("#/$defs/")
        if name not in self._definitions:
            self._definitions[name] = self.compiled(self._root["$defs"][name])
        return self._definitions[name]

    def type(self, schema: Mapping[str, Any]) -> Check:
        names = [schema["type"]] if isinstance(schema["type"], str) else schema["type"]
        types = frozenset(kind for name in names for kind in _TYPES[name])
        return lambda value: type(value) in types

    def any_of(self, schema: Mapping[str, Any]) -> Check:
        options = [self.compiled(option) for option in schema["anyOf"]]
        return lambda value: any(option(value) for option in options)

    def one_of_values(self, schema: Mapping[str, Any]) -> Check:
        values = [schema["const"]] if "const" in schema else schema["enum"]
        allowed = {(type(value), value) for value in values}
        return lambda value: isinstance(value, str | int | float | None) and (type(value), value) in allowed

    def items(self, schema: Mapping[str, Any]) -> Check:
        item = self.compiled(schema["items"])
        return lambda value: type(value) is not list or all(map(item, value))

    def limits(self, schema: Mapping[str, Any]) -> Check:
        low, high = schema.get("minimum", float("-inf")), schema.get("maximum", float("inf"))
        return lambda value: type(value) not in _TYPES["number"] or low <= value <= high

    def pattern(self, schema: Mapping[str, Any]) -> Check:
        pattern = re.compile(schema["pattern"])
        return lambda value: type(value) is not str or pattern.search(value) is not None

    def properties(self, schema: Mapping[str, Any]) -> Check:
        required = frozenset(schema.get("required", ()))
        own = {name: self.compiled(each) for name, each in schema.get("properties", {}).items()}
        others = schema.get("additionalProperties", True)
        other = self.compiled(others) if isinstance(others, dict) else lambda _: bool(others)
        return lambda value: (
            type(value) is not dict
            or (required <= value.keys() and all(own.get(name, other)(each) for name, each in value.items()))
        )


_KEYWORDS: dict[str, Callable[[_Compiler, Mapping[str, Any]], Check]] = {
    "$ref": _Compiler.reference,
    "additionalProperties": _Compiler.properties,
    "anyOf": _Compiler.any_of,
    "const": _Compiler.one_of_values,
    "enum": _Compiler.one_of_values,
    "items": _Compiler.items,
    "maximum": _Compiler.limits,
    "minimum": _Compiler.limits,
    "pattern": _Compiler.pattern,
    "properties": _Compiler.properties,
    "required": _Compiler.properties,
    "type": _Compiler.type,
}
