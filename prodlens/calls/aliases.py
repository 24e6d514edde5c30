"""Which ids name one call: the id that its records go by, and further ones that a record gives beside it.

An id claimed by two calls, or with aliases of its own, is not treated as an alias, so distinct calls are never merged.
``storage.call_aliases`` asks the same of the database; a property holds the two together.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def owners(claims: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return the call of each id that is an alias, from all claims as (further id, id of the call)."""
    claimed_by: defaultdict[str, set[str]] = defaultdict(set)
    for alias, call in claims:
        if alias != call:
            claimed_by[alias].add(call)
    with_aliases = set().union(*claimed_by.values())
    return {alias: min(by) for alias, by in claimed_by.items() if len(by) == 1 and alias not in with_aliases}
