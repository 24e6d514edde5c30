"""What the result of a Claude Code run adds to the run's messages: output tokens, costs, and calls beside them.

A result counts each model of the run once, under a name of its own: with a context size (``[1m]``), as Bedrock or
Vertex write it, or as the gateway does. What it counts beyond the messages is one further call for each model.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from prodlens.calls import model_name
from prodlens.json_values import amount, clean_text, count, finite_number, mapping
from prodlens.schemas import RECORDED
from prodlens.trace_normalizer.formats.tokens import with_parts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from prodlens.schemas import CanonicalTrace
    from prodlens.trace_normalizer.formats.tokens import Tokens

_CLAUDE = re.compile(r"claude-[a-z0-9.-]+")
_VERSION = re.compile(r"(-\d{8})?(-v\d+)?$")


class Totals(NamedTuple):
    """What a result counts of one model; ``tokens_in`` includes the cache, the cost is in US dollars."""

    model: str | None
    tokens_in: int = 0
    cache_read: int = 0
    cache_write: int = 0
    tokens_out: int = 0
    cost: float | None = None

    def less(self, other: Totals) -> Totals:
        """Return what these totals have beyond earlier ones of the model."""
        cost = None if self.cost is None else self.cost - (other.cost or 0.0)
        return self._combined(other, -1, cost)

    def plus(self, other: Totals) -> Totals:
        """Return the totals of two names of one model."""
        costs = [cost for cost in (self.cost, other.cost) if cost is not None]
        return self._combined(other, 1, sum(costs) if costs else None)

    def _combined(self, other: Totals, sign: int, cost: float | None) -> Totals:
        return Totals(
            self.model,
            self.tokens_in + sign * other.tokens_in,
            self.cache_read + sign * other.cache_read,
            self.cache_write + sign * other.cache_write,
            self.tokens_out + sign * other.tokens_out,
            cost,
        )


def same_model(name: str | None) -> str | None:
    """Return one name for every way in which a run names a model."""
    found = _CLAUDE.search(name.lower()) if name else None
    if found:
        return _VERSION.sub("", found[0])
    return model_name(name) if name else None


def totals_of(result: Mapping[str, Any]) -> dict[str | None, Totals]:
    """Return what a result counts, by model; an older one does not split it, and its key is None."""
    found: dict[str | None, Totals] = {}
    for key, given in mapping(result.get("modelUsage")).items():
        model = str(key)
        name = same_model(clean_text(mapping(given).get("canonicalModel")) or model)
        one = _totals(model, mapping(given), _CAMEL)
        found[name] = found[name].plus(one) if name in found else one
    cost = finite_number(result.get("total_cost_usd", result.get("cost_usd")))
    if not found:
        whole = _totals(None, mapping(result.get("usage")), _SNAKE)._replace(cost=cost)
        return {None: whole} if any(whole[1:]) else {}
    if cost is not None and all(one.cost is None for one in found.values()):
        found[None] = Totals(None, cost=cost)
    return found


def with_result(
    calls: list[CanonicalTrace],
    totals: Mapping[str | None, Totals],
    further: Callable[[str | None, Tokens], CanonicalTrace],
) -> list[CanonicalTrace]:
    """Return the run's calls with what its result counts.

    Args:
        calls: The calls of the run's messages.
        totals: What the result counts, by model; None stands for all of them together.
        further: Makes the call that the result counts beside the messages, from its model and its tokens.
    """
    done: list[CanonicalTrace] = []
    left = list(calls)
    for name, total in _paired(totals, calls).items():
        own = [call for call in left if name is None or same_model(call.model) == name]
        left = [call for call in left if call not in own]
        if name is None and done and not total.tokens_in + total.tokens_out:  # a cost of all the models together
            own, done = done + own, []
        done += _of_one_model(own, total, further)
    return [*done, *left]


def _paired(totals: Mapping[str | None, Totals], calls: Iterable[CanonicalTrace]) -> dict[str | None, Totals]:
    """Return the totals by the models of the messages.

    Where one name on either side is left over, and the result's count holds the messages', the two are one model: a
    gateway's alias, or the name of an inference profile.
    """
    of_messages = {same_model(call.model) for call in calls}
    over = [name for name in totals if name is not None and name not in of_messages]
    alone = [name for name in of_messages if name not in totals]
    renamed = dict(totals)
    if len(over) == len(alone) == 1:
        counted = sum(call.tokens_in for call in calls if same_model(call.model) == alone[0])
        if counted <= totals[over[0]].tokens_in:
            renamed = {alone[0] if name == over[0] else name: total for name, total in totals.items()}
    return dict(sorted(renamed.items(), key=lambda item: item[0] is None))


def _of_one_model(
    own: Sequence[CanonicalTrace], total: Totals, further: Callable[[str | None, Tokens], CanonicalTrace]
) -> list[CanonicalTrace]:
    rest_in = total.tokens_in - sum(call.tokens_in for call in own)
    nothing_there = not own and (total.tokens_out > 0 or total.cost)
    if rest_in > 0 or nothing_there:
        read = max(total.cache_read - sum(call.cache_read_tokens or 0 for call in own), 0)
        written = max(total.cache_write - sum(call.cache_write_tokens or 0 for call in own), 0)
        tokens = with_parts(max(rest_in, read + written), 0, cache_read=read, cache_write=written)
        models = {call.model for call in own}
        own = [*own, further(total.model or (models.pop() if len(models) == 1 else None), tokens)]
    return _spread(own, total.tokens_out, total.cost)


def _spread(own: Sequence[CanonicalTrace], total_out: int, cost: float | None) -> list[CanonicalTrace]:
    """Spread over calls what a result counts beyond their own: output evenly, cost by each call's tokens."""
    if not own:
        return []
    each, over = divmod(max(total_out - sum(call.tokens_out for call in own), 0), len(own))
    outs = [call.tokens_out + each + (over if call is own[-1] else 0) for call in own]
    weights = [call.tokens_in + out for call, out in zip(own, outs, strict=True)]
    weights = weights if any(weights) else [1] * len(own)
    calls = [replace(call, tokens_out=out) for call, out in zip(own, outs, strict=True)]
    if cost is None or amount(cost) is None:
        return calls
    shares = (cost * weight / sum(weights) for weight in weights)
    return [replace(call, cost_usd=share, cost_source=RECORDED) for call, share in zip(calls, shares, strict=True)]


_CAMEL = ("inputTokens", "cacheReadInputTokens", "cacheCreationInputTokens", "outputTokens", "costUSD")
_SNAKE = ("input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens", "output_tokens", "")


def _totals(model: str | None, given: Mapping[str, Any], names: tuple[str, ...]) -> Totals:
    plain, read, written, out = (count(given.get(name)) or 0 for name in names[:4])
    return Totals(model, plain + read + written, read, written, out, finite_number(given.get(names[4])))
