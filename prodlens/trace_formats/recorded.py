"""What a source recorded of a call's identity and cost, and when that is to be believed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prodlens.schemas import content_hash

if TYPE_CHECKING:
    from collections.abc import Mapping

    from prodlens.trace_formats.tokens import Tokens


def recorded_cost(cost: float | None, tokens: Tokens, *, proven: bool = False) -> float | None:
    """Return a recorded cost, None when it says nothing.

    Loggers write 0.0 for a model whose price they do not know: beside tokens it counts only when ``proven``.
    """
    if cost is None or cost < 0:
        return None
    if cost == 0 and not proven and tokens.tokens_in + tokens.tokens_out > 0:
        return None
    return cost


def content_identity(record: Mapping[str, Any]) -> str | None:
    """Return the identity of a record that carries no id: its content, whatever the order of its keys.

    None where the content is no JSON (only a Python caller can build that); the trace's own fields identify it then.
    """
    try:
        return content_hash(record if isinstance(record, dict) else dict(record))
    except (TypeError, ValueError, RecursionError):
        return None
