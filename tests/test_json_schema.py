"""The compiled schema that tests hold reports against accepts what ``jsonschema`` accepts."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prodlens.storage import ProdLensStore
from tests.json_schema import Schema
from tests.metrics.situations import report_on, validator

SCHEMA = Schema(
    {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "required": ["n"],
        "properties": {
            "n": {"type": "integer", "minimum": 1, "maximum": 3},
            "word": {"$ref": "#/$defs/word"},
            "row": {"type": "array", "items": {"anyOf": [{"type": "number"}, {"$ref": "#/$defs/word"}]}},
            "version": {"const": 1},
        },
        "additionalProperties": False,
        "$defs": {"word": {"enum": ["one", None]}},
    }
)
FITS: dict[str, Any] = {"n": 2, "word": "one", "row": [1, 2.5, None, "one"], "version": 1}
PARTS = st.sampled_from([None, True, 0, 1, 2, 4, 1.0, 2.5, "one", "two", [], [1], ["two"], [True], {}, {"n": 1}])


def test_what_fits_is_accepted() -> None:
    """A document that fits is accepted without ``jsonschema``, and so is a whole report."""
    assert SCHEMA.accepts(FITS)
    with ProdLensStore(":memory:") as store:
        assert validator().accepts(report_on(store))


@pytest.mark.parametrize(
    "change",
    [
        {"n": 0},
        {"n": 4},
        {"n": True},
        {"n": "2"},
        {"word": "two"},
        {"row": ["two"]},
        {"row": {}},
        {"version": 2},
        {"version": True},
        {"more": 1},
    ],
)
def test_what_does_not_fit_is_an_error(change: dict[str, Any]) -> None:
    """A value that is out of place is refused with what ``jsonschema`` says of it."""
    with pytest.raises(jsonschema.ValidationError):
        SCHEMA.validate(FITS | change)
    with pytest.raises(jsonschema.ValidationError, match="'n' is a required property"):
        SCHEMA.validate({})


def test_an_integer_may_be_written_as_a_fraction() -> None:
    """What only ``jsonschema`` takes for an integer fits as well."""
    SCHEMA.validate(FITS | {"n": 2.0})


def test_a_keyword_that_is_not_known_is_refused() -> None:
    """No keyword is passed over."""
    with pytest.raises(KeyError, match="maxItems"):
        Schema({"maxItems": 1}).validate([])


@given(st.one_of(PARTS, st.dictionaries(st.sampled_from(["n", "word", "row", "version", "more"]), PARTS)))
def test_nothing_is_accepted_that_does_not_fit(document: object) -> None:
    """Whatever the document is, it is accepted only if ``jsonschema`` finds it valid."""
    assert SCHEMA.accepts(document) <= SCHEMA.validator.is_valid(document)
