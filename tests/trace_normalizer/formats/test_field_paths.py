"""The fields of a record: where each is found, and which place goes before which."""

from __future__ import annotations

from typing import Any

import pytest

from prodlens.json_values import count
from prodlens.trace_normalizer.formats.field_paths import FieldPath, Fields, look_up, paths_in, unflatten


def halved(value: object) -> int | None:
    """Return half of an even number."""
    return value // 2 if isinstance(value, int) and value % 2 == 0 else None


FIELDS = Fields(
    {
        "model": (*paths_in("attributes", "llm.model", "model"), FieldPath("", "model")),
        "tokens": (*paths_in("", "usage.tokens"), *paths_in("attributes", "pairs", convert=halved)),
    },
    {"tokens": count},
)


@pytest.mark.parametrize(
    ("record", "attributes", "read", "explained"),
    [
        ({}, {}, {"model": None, "tokens": None}, {}),
        ({"model": "a"}, {"model": "b"}, {"model": "b", "tokens": None}, {"model": "attributes.model"}),
        ({"model": "a"}, {"model": " "}, {"model": "a", "tokens": None}, {"model": "model"}),
        (
            {"usage.tokens": "7"},
            {"llm": {"model": "c"}, "pairs": 4},
            {"model": "c", "tokens": 7},
            {"model": "attributes.llm.model", "tokens": "usage.tokens"},
        ),
        ({"usage": {"tokens": "many"}}, {"pairs": 4}, {"model": None, "tokens": 2}, {"tokens": "attributes.pairs"}),
        ({"usage": '{"tokens": 5}'}, {"pairs": 3}, {"model": None, "tokens": 5}, {"tokens": "usage.tokens"}),
        ({"usage": 1}, {"pairs": 3}, {"model": None, "tokens": None}, {}),
    ],
)
def test_the_first_readable_place_wins(
    record: dict[str, Any], attributes: dict[str, Any], read: dict[str, Any], explained: dict[str, str]
) -> None:
    """A field is read at its first path with a readable value, by the path's own converter if it has one."""
    parts = {"": record, "attributes": attributes}
    assert FIELDS.read(parts) == read
    assert FIELDS.explain(parts) == explained
    assert {field: str(path) for field, path in FIELDS.places(parts).items()} == explained


def test_records_do_not_share_what_is_read() -> None:
    """What one record has is unknown of the next one."""
    assert FIELDS.read({"": {"model": "a"}, "attributes": {}})["model"] == "a"
    assert FIELDS.read({"": {}, "attributes": {}})["model"] is None


def test_a_dotted_name_is_flattened_or_nested() -> None:
    """The flattened key goes before the nested one; a name without a dot is a key."""
    assert look_up({"a.b": 1, "a": {"b": 2}}, "a.b") == 1
    assert look_up({"a": {"b": 2}}, "a.b") == 2
    assert look_up({"a": {"b.c": 3}}, "a.b.c") == 3
    assert look_up({"a": 1}, "a.b") is None
    assert look_up({}, "a.b") is None
    assert look_up({"a": 0}, "a") == 0


def test_flattened_keys_join_their_object() -> None:
    """A flattened key goes before the same name inside the object."""
    assert unflatten({"usage": {"a": 1, "b": 2}, "usage.b": 3}, "usage") == {"a": 1, "b": 3}
    assert unflatten({"usage": '{"a": 1}'}, "usage") == {"a": 1}
    assert unflatten({}, "usage") == {}
