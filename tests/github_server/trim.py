"""Trims GitHub's official API descriptions to the parts that the stand-in and the queries use.

Run it anew after adding an operation below or a query to the product:

    npm pack @octokit/openapi @octokit/graphql-schema && unpack both
    python -m tests.github_server.trim OPENAPI_PACKAGE GRAPHQL_PACKAGE
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    TypeInfo,
    TypeInfoVisitor,
    Visitor,
    build_schema,
    get_named_type,
    is_interface_type,
    parse,
    specified_scalar_types,
    visit,
)

from prodlens.action.publishing.comment import VIEWER_QUERY
from prodlens.github_etl.github_notes import TREE_QUERY, notes_query
from prodlens.github_etl.pull_request_details import DETAILS_QUERY, commits_query

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from graphql.language import FieldNode, InlineFragmentNode

HERE = Path(__file__).parent
OPERATIONS = (
    ("get", "/repos/{owner}/{repo}/pulls"),
    ("get", "/repos/{owner}/{repo}/issues/{issue_number}/events"),
    ("get", "/repos/{owner}/{repo}/commits"),
)
QUERIES = (DETAILS_QUERY, commits_query(1), VIEWER_QUERY, TREE_QUERY, notes_query({"a" * 40: "b" * 40}))
_PROSE = {"description", "summary", "example", "examples", "externalDocs", "x-github", "x-octokit", "tags"}


def trimmed_openapi(description: dict[str, Any]) -> dict[str, Any]:
    """Return the operations and every component that they need, as JSON Schema, without prose."""
    components = description["components"]
    operations = {}
    for method, path in OPERATIONS:
        operation = description["paths"][path][method]
        answers = {
            status: content["schema"]
            for status, answer in operation["responses"].items()
            if (content := _resolved(answer, components).get("content", {}).get("application/json"))
            and status.startswith("2")
        }
        parameters = [_resolved(parameter, components) for parameter in operation.get("parameters", ())]
        names = {where: [p["name"] for p in parameters if p["in"] == where] for where in ("path", "query")}
        operations[f"{method} {path}"] = {"parameters": names, "responses": _as_json_schema(answers)}
    needed: dict[str, Any] = {}
    _collect(operations, components["schemas"], needed)
    info = description["info"]
    return {
        "from": f"@octokit/openapi {info['version']}, api.github.com, licence {info['license']['name']}; trimmed",
        "operations": operations,
        "components": {"schemas": dict(sorted(needed.items()))},
    }


def _resolved(node: dict[str, Any], components: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in node:
        return node
    _, _, kind, name = node["$ref"].split("/")
    found: dict[str, Any] = components[kind][name]
    return found


def _as_json_schema(node: Any, *, naming: bool = False) -> Any:
    """Turn an OpenAPI 3.0 schema into JSON Schema: ``nullable`` becomes a type; ``naming``: keys are names."""
    if isinstance(node, list):
        return [_as_json_schema(item) for item in node]
    if not isinstance(node, dict):
        return node
    if naming:
        return {name: _as_json_schema(value) for name, value in node.items()}
    schema = {
        key: _as_json_schema(value, naming=key == "properties")
        for key, value in node.items()
        if key not in _PROSE | {"nullable", "default"}
    }
    return {"anyOf": [{"type": "null"}, schema]} if node.get("nullable") else schema


def _collect(node: Any, schemas: dict[str, Any], needed: dict[str, Any]) -> None:
    if isinstance(node, list):
        for item in node:
            _collect(item, schemas, needed)
    if isinstance(node, dict):
        name = str(node.get("$ref", "")).rpartition("/")[2]
        if name and name not in needed:
            needed[name] = _as_json_schema(schemas[name])
            _collect(needed[name], schemas, needed)
        for value in node.values():
            _collect(value, schemas, needed)


def trimmed_graphql(source: str, version: str) -> str:
    """Return the types and fields that the queries use, as a schema of its own."""
    schema = build_schema(source, assume_valid_sdl=True)  # the official text defines two fields twice
    used = _used_fields(schema, QUERIES)
    kept: dict[str, str] = {}
    waiting = sorted(used)
    while waiting:
        name = waiting.pop()
        if name not in kept and name not in specified_scalar_types:
            kept[name], mentioned = _printed(schema.type_map[name], used)
            waiting += sorted(mentioned)
    header = f"# @octokit/graphql-schema {version}, licence MIT; trimmed by tests/github_server/trim.py"
    return "\n\n".join([header, *(kept[name] for name in sorted(kept))]) + "\n"


def _used_fields(schema: GraphQLSchema, queries: tuple[str, ...]) -> dict[str, set[str]]:
    used: dict[str, set[str]] = {"Query": set()}
    info = TypeInfo(schema)

    class Collector(Visitor):
        def enter_field(self, node: FieldNode, *_: Any) -> None:
            parent, kind = info.get_parent_type(), info.get_type()
            assert parent is not None, node.name.value
            if not node.name.value.startswith("__"):
                used.setdefault(parent.name, set()).add(node.name.value)
            if kind is not None:
                used.setdefault(get_named_type(kind).name, set())

        def enter_inline_fragment(self, node: InlineFragmentNode, *_: Any) -> None:
            assert node.type_condition
            used.setdefault(node.type_condition.name.value, set())

    for query in queries:
        visit(parse(query), TypeInfoVisitor(info, Collector()))
    for name, fields in list(used.items()):  # an object has the fields that are asked of its interfaces
        kind = schema.type_map[name]
        if is_interface_type(kind):
            for member in schema.get_implementations(kind).objects:
                if member.name in used or name == "Actor":  # who acts may be any of them, without being asked by type
                    used.setdefault(member.name, set()).update(fields)
    return used


def _printed(kind: GraphQLNamedType, used: Mapping[str, set[str]]) -> tuple[str, set[str]]:
    """Return the definition of a type with its used fields, and the names of the types that it mentions."""
    if isinstance(kind, GraphQLUnionType):
        members = [member.name for member in kind.types if member.name in used]
        return f"union {kind.name} = {' | '.join(members)}", set(members)
    if isinstance(kind, GraphQLEnumType):
        return f"enum {kind.name} {{\n  {_lines(kind.values)}\n}}", set()
    if isinstance(kind, GraphQLInputObjectType):
        fields = [f"{name}: {field.type}" for name, field in kind.fields.items()]
        return f"input {kind.name} {{\n  {_lines(fields)}\n}}", {
            get_named_type(field.type).name for field in kind.fields.values()
        }
    if not isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
        return f"scalar {kind.name}", set()
    interfaces = [interface.name for interface in kind.interfaces if interface.name in used]
    names = (used.get(kind.name) or set(list(kind.fields)[:1])).union(*(_fields_of(used, name) for name in interfaces))
    mentioned: set[str] = set()
    lines = []
    for name in sorted(names):
        field = kind.fields[name]
        arguments = ", ".join(f"{key}: {argument.type}" for key, argument in sorted(field.args.items()))
        lines.append(f"{name}({arguments}): {field.type}" if arguments else f"{name}: {field.type}")
        mentioned |= {get_named_type(part.type).name for part in (field, *field.args.values())}
    implements = f" implements {' & '.join(interfaces)}" if interfaces else ""
    keyword = "type" if isinstance(kind, GraphQLObjectType) else "interface"
    return f"{keyword} {kind.name}{implements} {{\n  {_lines(lines)}\n}}", mentioned


def _fields_of(used: Mapping[str, set[str]], interface: str) -> set[str]:
    """Return what an interface is kept with, which every kept type of it must have."""
    return used[interface] or {"id"}


def _lines(items: Iterable[str]) -> str:
    return "\n  ".join(items)


def main(openapi_package: str, graphql_package: str) -> None:
    """Write both trimmed descriptions beside this file."""
    openapi = json.loads((Path(openapi_package) / "generated" / "api.github.com.json").read_text())
    text = json.dumps(trimmed_openapi(openapi), separators=(",", ":"), sort_keys=True)
    (HERE / "openapi.json").write_text(text + "\n")
    version = json.loads((Path(graphql_package) / "package.json").read_text())["version"]
    source = (Path(graphql_package) / "schema.graphql").read_text()
    (HERE / "schema.graphql").write_text(trimmed_graphql(source, version))


if __name__ == "__main__":
    main(*sys.argv[1:])
