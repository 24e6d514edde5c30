"""Gates: conditions on a report (``fail-if``) that fail a run when they hold, one condition a line.

A condition is ``path.in.report OP number``; the path names keys, and positions in lists, joined by dots. It is checked
against the report's schema before any report is made, so that a misspelt path cannot pass for a figure without data.
"""

from __future__ import annotations

import json
import operator
import re
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from prodlens.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

_OPERATORS: dict[str, Callable[[float, float], bool]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
}
_CONDITION = re.compile(r"(?P<path>\S+?)\s*(?P<operator>[<>]=?|[=!]=)\s*(?P<limit>\S+)")
_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?", re.IGNORECASE | re.ASCII)
_FIGURES = {"number", "integer"}


@dataclass(frozen=True, slots=True)
class Gate:
    """One condition; it fails the run when ``value OP limit`` holds."""

    path: str
    operator: str
    limit: float

    def __str__(self) -> str:
        return f"{self.path} {self.operator} {self.limit:g}"


@dataclass(frozen=True, slots=True)
class GateResult:
    """The result of a condition: the figure that it names (None without one), and whether it failed the run."""

    gate: Gate
    value: float | None
    failed: bool


def parse_gates(lines: Iterable[str]) -> tuple[Gate, ...]:
    """Read conditions, one a line; blank lines and those that begin with ``#`` are left out.

    Raises:
        ConfigurationError: Lines that are not a condition, or whose path does not name a figure; the error lists all.
    """
    gates, mistakes = [], []
    for line in lines:
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        match = _CONDITION.fullmatch(text)
        if match is None or not _NUMBER.fullmatch(match["limit"]):
            mistakes.append(f"fail-if: not a condition: {text!r} (expected for example error_rate > 0.05)")
            continue
        mistake = _path_mistake(match["path"])
        if mistake is None:
            gates.append(Gate(match["path"], match["operator"], float(match["limit"])))
        else:
            mistakes.append(f"fail-if: {mistake}")
    if mistakes:
        raise ConfigurationError(*mistakes)
    return tuple(gates)


def check_gates(gates: Iterable[Gate], report: Mapping[str, Any]) -> list[GateResult]:
    """Hold every condition against a report, in order; a figure without data never fails."""
    results = []
    for gate in gates:
        value = _figure(report, gate.path)
        failed = value is not None and _OPERATORS[gate.operator](value, gate.limit)
        results.append(GateResult(gate, value, failed))
    return results


def gate_rows(results: Iterable[GateResult]) -> list[dict[str, Any]]:
    """Return the results of the conditions as the report has them."""
    return [{"condition": str(one.gate), "value": one.value, "failed": one.failed} for one in results]


def _figure(report: Any, path: str) -> float | None:
    value = report
    for step in path.split("."):
        if isinstance(value, list):
            position = int(step)
            value = value[position] if -len(value) <= position < len(value) else None
        else:
            value = None if value is None else value.get(step)
    return None if value is None else float(value)


def _path_mistake(path: str) -> str | None:
    """Say what is wrong with a path, None when it leads to a figure."""
    schema, walked = _schema(), ""
    for step in path.split("."):
        inside = _inside(schema, step)
        if inside is None:
            known = sorted(schema.get("properties", {}))
            close = get_close_matches(step, known, n=1)
            hint = f"; did you mean {close[0]!r}?" if close else (f" (it has {', '.join(known)})" if known else "")
            return f"{step!r} in {path!r} is not in {walked or 'the report'}{hint}"
        schema, walked = inside, f"{walked}.{step}".lstrip(".")
    if not _types(schema) & _FIGURES:
        return f"{path!r} is not one figure but {' or '.join(sorted(_types(schema)))}"
    return None


def _inside(schema: Mapping[str, Any], step: str) -> dict[str, Any] | None:
    """Return the schema one step down, None when there is nothing of that name."""
    if "array" in _types(schema):
        return _resolved(schema.get("items", {})) if re.fullmatch(r"-?\d+", step, re.ASCII) else None
    found = schema.get("properties", {}).get(step, schema.get("additionalProperties"))
    return _resolved(found) if isinstance(found, dict) else None


def _types(schema: Mapping[str, Any]) -> set[str]:
    types = schema.get("type", [])
    return {types} if isinstance(types, str) else set(types)


def _resolved(schema: dict[str, Any]) -> dict[str, Any]:
    """Follow references, and take the alternative that is not null."""
    while "$ref" in schema or "anyOf" in schema:
        if "$ref" in schema:
            schema = _schema()["$defs"][schema["$ref"].rsplit("/", 1)[1]]
        else:
            schema = next(option for option in schema["anyOf"] if option.get("type") != "null")
    return schema


@cache
def _schema() -> dict[str, Any]:
    text = (files("prodlens.metrics") / "report.schema.json").read_text(encoding="utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema
