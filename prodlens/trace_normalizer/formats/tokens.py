"""Token counts of one call: input includes what was read from and written to a cache, output includes reasoning."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping


class Tokens(NamedTuple):
    """Token counts; the parts are None where the source does not split them.

    Invariant: nothing is negative, ``tokens_in`` is at least cache reads plus cache writes, ``tokens_out`` at least
    the reasoning tokens, and cache writes at least those kept for an hour.
    """

    tokens_in: int
    tokens_out: int
    cache_read: int | None = None
    cache_write: int | None = None
    cache_write_1h: int | None = None
    reasoning: int | None = None

    def fields(self) -> dict[str, Any]:
        """Return the counts under the names of ``CanonicalTrace``."""
        return {
            "tokens_in": self.tokens_in,
            "tokens_out": self.tokens_out,
            "cache_read_tokens": self.cache_read,
            "cache_write_tokens": self.cache_write,
            "cache_write_1h_tokens": self.cache_write_1h,
            "reasoning_tokens": self.reasoning,
        }


def completed(given_in: int | None, given_out: int | None, total: int | None) -> tuple[int, int]:
    """Return input and output tokens, a missing one derived from the total; 0 when nothing is known."""
    if given_in is None:
        given_in = max((total or 0) - (given_out or 0), 0)
    if given_out is None:
        given_out = max((total or 0) - given_in, 0)
    return given_in, given_out


def with_parts(
    tokens_in: int | None,
    tokens_out: int | None,
    *,
    total: int | None = None,
    cache_read: int | None = None,
    cache_write: int | None = None,
    cache_write_1h: int | None = None,
    reasoning: int | None = None,
) -> Tokens:
    """Return the counts of a source whose input includes the cache, a missing side derived from the total.

    Where cache reads and writes exceed the input, that record counted the input without them, and they are added.
    The sum of the cache writes is what was billed: a part that exceeds it is cut, and stands for a sum of 0.
    """
    if tokens_in is None or tokens_out is None:
        tokens_in, tokens_out = completed(tokens_in, tokens_out, total)
    if cache_write_1h:
        cache_write = cache_write or cache_write_1h
        cache_write_1h = min(cache_write_1h, cache_write)
    cached = (cache_read or 0) + (cache_write or 0)
    if cached > tokens_in:
        tokens_in += cached
    if reasoning is not None and reasoning > tokens_out:
        tokens_out += reasoning
    return Tokens(tokens_in, tokens_out, cache_read, cache_write, cache_write_1h, reasoning)


def from_fields(found: Mapping[str, Any]) -> Tokens:
    """Return the counts among the fields of a record that were read, under the names of ``CanonicalTrace``."""
    return with_parts(
        found["tokens_in"],
        found["tokens_out"],
        total=found["total_tokens"],
        cache_read=found["cache_read_tokens"],
        cache_write=found["cache_write_tokens"],
        reasoning=found["reasoning_tokens"],
    )


def from_disjoint(
    plain: int | None,
    output: int | None,
    *,
    cache_read: int | None = None,
    cache_write: int | None = None,
    reasoning: int | None = None,
) -> Tokens:
    """Return the counts of a source whose parts exclude each other: ``reasoning`` stands beside the output."""
    return with_parts(
        (plain or 0) + (cache_read or 0) + (cache_write or 0),
        (output or 0) + (reasoning or 0),
        cache_read=cache_read,
        cache_write=cache_write,
        reasoning=reasoning,
    )
