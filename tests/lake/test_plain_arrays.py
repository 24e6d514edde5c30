"""Arrays made from buffers are those that Arrow itself makes of the values."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prodlens.lake.plain_arrays import plain_array
from tests.trace_project import DATA

KINDS: list[tuple[pa.DataType, st.SearchStrategy[Any]]] = [
    (pa.int64(), st.integers(-(2**63), 2**63 - 1)),
    (pa.float64(), st.floats(allow_nan=False)),
    (pa.string(), st.text(st.characters(exclude_categories=["Cs"]), max_size=20)),
]


@pytest.mark.parametrize(("kind", "values"), KINDS, ids=lambda kind: str(kind)[:6])
@given(data=st.data())
def test_the_same_as_arrows_own(kind: pa.DataType, values: st.SearchStrategy[Any], data: st.DataObject) -> None:
    """Whatever the values, the array is valid, and equal to the one that Arrow makes."""
    column = tuple(data.draw(st.lists(values | st.none(), max_size=20)))
    made = plain_array(column, kind)
    made.validate(full=True)
    assert made.equals(pa.array(column, kind))
    assert made.null_count == column.count(None)


@pytest.mark.parametrize(
    ("kind", "column"),
    [(pa.int64(), (1, "2")), (pa.int64(), (1.5,)), (pa.float64(), (None, "x")), (pa.string(), ("a", 1))],
)
def test_a_value_of_another_kind_is_refused(kind: pa.DataType, column: tuple[Any, ...]) -> None:
    """A value is never made into another one to fit."""
    with pytest.raises(TypeError):
        plain_array(column, kind)


def test_an_ingestion_loads_no_pandas(tmp_path: Path) -> None:
    """Reading a file into the store and the lake does without pandas, which loads for longer than the file is read."""
    code = (
        "import sys; from prodlens.cli import main; status = main(['ingest-traces', *sys.argv[1:]]); "
        "print(status, 'pandas' in sys.modules, 'pyarrow' in sys.modules)"
    )
    paths = ("--db", "cache.db", "--dead-letter-dir", "dead", "--parquet-dir", "lake")
    given = DATA / "litellm_proxy.jsonl"
    done = subprocess.run(
        [sys.executable, "-c", code, given, *paths],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
        env={"PYTHONPATH": str(Path(__file__).parents[2])},
    )
    assert done.stdout.strip() == "0 False True"
    assert len(list((tmp_path / "lake").rglob("*.parquet"))) > 0
