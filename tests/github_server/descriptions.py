"""GitHub's own descriptions of its API, trimmed: what answers must look like, and which fields exist."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
from graphql import GraphQLSchema, build_schema

_HERE = Path(__file__).parent


@cache
def openapi() -> dict[str, Any]:
    """Return the trimmed description of the REST API; its schemas are JSON Schema."""
    description: dict[str, Any] = json.loads((_HERE / "openapi.json").read_text(encoding="utf-8"))
    return description


@cache
def graphql_schema() -> GraphQLSchema:
    """Return the trimmed GraphQL schema."""
    return build_schema((_HERE / "schema.graphql").read_text(encoding="utf-8"))


def problems(method: str, path: str, status: int, query: dict[str, str], body: object) -> list[str]:
    """Return what is wrong with a request and its answer by the official description; empty: nothing."""
    for operation, described in openapi()["operations"].items():
        verb, _, template = operation.partition(" ")
        pattern = re.sub(r"\\{\w+\\}", "[^/]+", re.escape(template))
        if verb != method.lower() or not re.fullmatch(pattern, path):
            continue
        unknown = [f"no parameter {name!r}" for name in query if name not in described["parameters"]["query"]]
        schema = described["responses"].get(str(status))
        if schema is None:
            return unknown
        errors = _validator(operation, str(status)).iter_errors(_as_described(body))
        return unknown + [f"{error.json_path}: {error.message[:200]}" for error in errors]
    return [f"no operation {method} {path}"]


@cache
def _validator(operation: str, status: str) -> jsonschema.Draft202012Validator:
    schema = openapi()["operations"][operation]["responses"][status]
    return jsonschema.Draft202012Validator({**schema, "components": openapi()["components"]})


def _as_described(body: object) -> object:
    """Fill in what GitHub answers as null though its description says it never is: deleted forks and accounts."""
    if not isinstance(body, list):
        return body
    rows = [dict(row) if isinstance(row, dict) else row for row in body]
    for row in rows:
        if isinstance(row, dict) and row.get("actor", 0) is None:
            row["actor"] = completed("simple-user", {})
        if isinstance(row, dict) and isinstance(row.get("head"), dict) and row["head"]["repo"] is None:
            row["head"] = {**row["head"], "repo": row["base"]["repo"]}
    return rows


def completed(name: str, values: dict[str, Any]) -> dict[str, Any]:
    """Return an object of a component with every required property; those not given are empty or addresses."""
    schema = openapi()["components"]["schemas"][name]
    absent = [key for key in schema.get("required", ()) if key not in values]
    return {**{key: _empty(schema["properties"][key], key) for key in absent}, **values}


def _empty(schema: dict[str, Any], key: str = "") -> Any:
    """Return the emptiest value that fits a schema."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        target = openapi()["components"]["schemas"][name]
        return completed(name, {}) if "properties" in target else _empty(target, key)
    options = schema.get("anyOf") or schema.get("oneOf") or schema.get("allOf")
    if options:
        return None if {"type": "null"} in options else _empty(options[0], key)
    if "enum" in schema:
        return schema["enum"][0]
    if schema.get("type") == "object":
        inner = schema.get("properties", {})
        return {name: _empty(inner[name], name) for name in schema.get("required", ()) if name in inner}
    if schema.get("type") == "string" and (key.endswith("url") or key == "href"):
        return f"https://api.github.com/repos/octo/hello/{key.removesuffix('_url')}"  # as long as a real one
    return {"string": "", "integer": 0, "number": 0, "boolean": False, "array": []}.get(str(schema.get("type")))
