"""Arrow tables of what SQLite gives, made from their buffers.

``pa.array`` makes the same arrays, and loads pandas with its first call: nearly half of what a small file takes.
"""

from __future__ import annotations

from array import array
from itertools import accumulate
from typing import TYPE_CHECKING, Any

import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Sequence

_CODES: dict[pa.DataType, str] = {pa.int64(): "q", pa.float64(): "d"}


def plain_table(rows: Sequence[Sequence[Any]], schema: pa.Schema) -> pa.Table:
    """Return rows, at least one, as a table.

    Args:
        rows: Values in the order of the schema's fields.
        schema: Fields of the kinds that ``plain_array`` takes.

    Raises:
        TypeError: A value is not of its field's kind.
    """
    columns = zip(*rows, strict=True)
    arrays = [plain_array(values, field.type) for values, field in zip(columns, schema, strict=True)]
    return pa.Table.from_arrays(arrays, schema=schema)


def plain_array(values: Sequence[Any], kind: Any) -> pa.Array[Any]:
    """Return values as an array; None is null.

    Args:
        values: Of one kind, at most 2 GiB of text.
        kind: Arrow's ``int64``, ``float64`` or ``string``.

    Raises:
        TypeError: A value is not of the kind.
    """
    unknown = values.count(None)
    if unknown == len(values):
        nulls: pa.Array[Any] = pa.nulls(len(values), kind)
        return nulls
    known = pa.py_buffer(_bitmap(values)) if unknown else None
    if kind in _CODES:
        numbers = array(_CODES[kind], values if not unknown else [0 if value is None else value for value in values])
        return pa.Array.from_buffers(kind, len(values), [known, pa.py_buffer(numbers)], unknown)
    texts = values if not unknown else ["" if value is None else value for value in values]
    text = "".join(texts)
    lengths = map(len, texts if text.isascii() else map(str.encode, texts))
    buffers = [known, pa.py_buffer(array("i", accumulate(lengths, initial=0))), pa.py_buffer(text.encode())]
    return pa.Array.from_buffers(kind, len(values), buffers, unknown)


def _bitmap(values: Sequence[Any]) -> bytes:
    """Return a bit for each value, the first one lowest: whether it is known."""
    bits = "".join(["0" if value is None else "1" for value in reversed(values)])
    return int(bits, 2).to_bytes((len(values) + 7) // 8, "little")
