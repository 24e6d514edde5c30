"""What the calls cost: by model, and the ledger whose parts add up to the whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prodlens.rendering import charts, formatting
from prodlens.rendering.document import Data, Section, Table
from prodlens.rendering.wording import counted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_NO_PRICE = "no known price"
_MODEL_HEADER = ("Model", "Calls", "Tokens", "Cost", "Without price", "Input from cache", "Saved at list prices")
_TOOLS = {"copilot": "GitHub Copilot", "cursor": "Cursor", "claude-code": "Claude Code", "openrouter": "OpenRouter"}
_SOURCES = {
    "recorded": "Recorded by the source",
    "computed": "Computed from list prices",
    "own_price": "Computed from your own prices",
    "unpriced": "Without a known price",
}


def cost_label(report: Mapping[str, Any]) -> str:
    """Return what the cost is called: one that is computed from list prices is called so."""
    sources = report["ledger"]["by_source"]
    if not sources["computed"]["sessions"]:
        return "Cost"
    if report["metadata"].get("plan_cost_usd_per_month") is not None:
        return "Cost (list-price equivalent)"
    return "Cost (in part from list prices)" if sources["recorded"]["sessions"] else "Cost (from list prices)"


def ledger_section(report: Mapping[str, Any]) -> Section | None:
    """Return where the cost comes from and whom it belongs to; None without calls."""
    ledger = report["ledger"]
    if not ledger["sessions"]:
        return None
    rows = [
        (
            _SOURCES.get(source, source),
            formatting.count(line["sessions"]),
            formatting.count(line["total_tokens"]),
            formatting.optional(line["cost_usd"], formatting.usd, ""),
        )
        for source, line in ledger["by_source"].items()
        if line["sessions"]
    ]
    total = formatting.optional(ledger["total_cost_usd"], formatting.usd, _NO_PRICE)
    rows.append(("All", formatting.count(ledger["sessions"]), formatting.count(ledger["total_tokens"]), total))
    named, unnamed = (
        formatting.optional(ledger[name], formatting.usd, "nothing")
        for name in ("attributed_cost_usd", "unattributed_cost_usd")
    )
    after = [f"{named} from calls that name this repository, {unnamed} from calls that name none."]
    if ledger["plan_cost_usd"] is not None:
        after.append(f"Subscriptions cost {formatting.usd(ledger['plan_cost_usd'])} over this window.")
    table = Table(("Cost", "Calls", "Tokens", "US dollars"), tuple(rows), "lrrr")
    return Section("ledger", "Ledger", table=table, after=tuple(after))


def vendor_section(report: Mapping[str, Any]) -> Section | None:
    """Return what vendors report beside what the calls add up to; None where no vendor reports anything."""
    reported = {tool: usage for tool, usage in report["ledger"]["reported_by_vendor"].items() if usage is not None}
    if not reported:
        return None
    rows = tuple(
        (
            _TOOLS.get(tool, tool),
            f"{usage['first_day']} to {usage['last_day']}",
            *(
                formatting.optional(usage[name], formatting.usd, "unknown")
                for name in ("gross_usd", "net_usd", "calls_cost_usd", "difference_usd")
            ),
        )
        for tool, usage in reported.items()
    )
    header = ("Tool", "Days", "Worth", "Billed", "Calls add up to", "Billed less calls")
    sentences = (
        "The vendors' own sums, a day at a time. They are in no other figure of this report.",
        "Worth is by the vendor's price list; billed is what it charges beyond the plan.",
        "The calls are those of the same tool on the same days.",
    )
    after = tuple(
        f"{formatting.count(usage['unpriced_calls'])} calls of {_TOOLS.get(tool, tool)} have no known price."
        for tool, usage in reported.items()
        if usage["unpriced_calls"]
    )
    return Section("vendors", "Reported by the vendor", sentences, table=Table(header, rows, "llrrrr"), after=after)


def cost_section(report: Mapping[str, Any]) -> Section | None:
    """Return cost by model; None without calls."""
    models = report["cost_by_model"]
    if not models:
        return None
    chart = charts.model_chart(models)
    cached = {row["model"]: row for row in report["cache"]["by_model"]}
    rows = tuple(
        (
            charts.NO_MODEL if row["model"] is None else Data(row["model"]),
            formatting.count(row["sessions"]),
            formatting.count(row["total_tokens"]),
            formatting.optional(row["cost_usd"], formatting.usd, _NO_PRICE),
            formatting.count(row["unpriced_sessions"]),
            *_cached(cached.get(row["model"])),
        )
        for row in models
    )
    unpriced, tokens = (sum(row[name] for row in models) for name in ("unpriced_sessions", "unpriced_tokens"))
    sentence = f"{counted(unpriced, 'call')} with {counted(tokens, 'token')} have no known price and are in no cost."
    return Section(
        "cost",
        "Cost by model",
        charts=() if chart is None else (chart,),
        table=Table(_MODEL_HEADER, rows, "lrrrrrr"),
        after=(*((sentence,) if unpriced else ()), *_cache_sentences(report["cache"])),
    )


def _cached(row: Mapping[str, Any] | None) -> tuple[str, str]:
    """Return the share of a model's input that a cache served, and what that saved; empty where not known."""
    if row is None:
        return "", ""
    share = formatting.optional(row["share"], formatting.percent, "")
    return share, formatting.optional(row["saved_usd"], formatting.usd, "")


def _cache_sentences(cache: Mapping[str, Any]) -> Iterator[str]:
    if cache["share"] is None:
        return
    saved = (
        ""
        if cache["saved_usd"] is None
        else f", which saved at least {formatting.usd(cache['saved_usd'])} at list prices"
    )
    yield (
        f"{formatting.percent(cache['share'])} of {counted(cache['input_tokens'], 'input token')} were read from a "
        f"cache{saved} (of {counted(cache['sessions'], 'call')} whose source says what was cached)."
    )
