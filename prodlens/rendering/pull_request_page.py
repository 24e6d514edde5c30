"""One pull request in a terminal: what it cost, the signs of AI on it, and when what happened."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prodlens.rendering import formatting
from prodlens.rendering.document import Data, Document, Section, Table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_NO_PRICE = "no known price"
_NO_SIGN = "No sign of any is known, which proves nothing: most tools leave none."
_NO_CALL = "No model call is known to belong to it."
_MINUTE = len("2026-05-01T10:00")


def render_pull_request(facts: Mapping[str, Any], *, width: int | None = None) -> str:
    """Return text with tables on one pull request, as ``metrics.described_pull_request`` describes it.

    Args:
        facts: The pull request.
        width: Columns of the terminal; None prints tables as wide as they are.
    """
    from prodlens.rendering.terminal import to_terminal

    page = Document(
        repo=Data(f"{facts['repo']}, pull request {facts['number']}"),
        window=_head(facts),
        notices=(),
        sections=(_cost(facts), _evidence(facts), _timeline(facts)),
    )
    return to_terminal([page], details=True, width=width)


def _head(facts: Mapping[str, Any]) -> str:
    if facts["state"] is None:
        return "It is not stored: calls name it, and no sync has read it."
    parts = (
        facts["title"],
        f"by {facts['author']}" if facts["author"] else None,
        f"from {facts['branch']}" if facts["branch"] else None,
        facts["state"],
    )
    return "; ".join(part for part in parts if part)


def _cost(facts: Mapping[str, Any]) -> Section:
    rows = tuple(
        (
            Data(line["model"] or "no model named"),
            formatting.count(line["sessions"]),
            formatting.count(line["total_tokens"]),
            formatting.optional(line["cost_usd"], formatting.usd, _NO_PRICE),
        )
        for line in facts["models"]
    )
    table = Table(("Model", "Calls", "Tokens", "Cost"), rows, "lrrr") if rows else None
    return Section("cost", "What it cost", tuple(_sentences(facts)), table=table)


def _sentences(facts: Mapping[str, Any]) -> Iterator[str]:
    if not facts["sessions"]:
        yield _NO_CALL
        return
    calls = formatting.count(facts["sessions"])
    if facts["cost_usd"] is None:
        yield f"Model calls: {calls}, their cost is not known."
        return
    yield f"Model calls: {calls}, for {formatting.usd(facts['cost_usd'])}."
    if facts["unpriced_sessions"]:
        yield f"Calls without a known price, which are not included: {formatting.count(facts['unpriced_sessions'])}."


def _evidence(facts: Mapping[str, Any]) -> Section:
    rows = tuple(
        (sign["kind"], Data(sign["tool"] or ""), Data(sign["model"] or ""), sign["confidence"], Data(sign["rests_on"]))
        for sign in facts["evidence"]
    )
    if not rows:
        return Section("evidence", "Signs of AI", (_NO_SIGN,))
    table = Table(("Sign", "Tool", "Model", "Confidence", "Rests on"), rows, "lllll")
    return Section("evidence", "Signs of AI", table=table.without_empty_columns())


def _timeline(facts: Mapping[str, Any]) -> Section:
    rows = tuple((event["at"][:_MINUTE].replace("T", " "), event["what"]) for event in facts["timeline"])
    return Section("timeline", "What happened when (UTC)", table=Table(("Time", "Event"), rows, "ll"))
