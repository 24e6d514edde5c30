"""With or without an assistant, drawn by a seed: the same unit always has the same arm, and nobody needs a list."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from prodlens.timestamps import monday_of

if TYPE_CHECKING:
    from datetime import date

WITH, WITHOUT = "with", "without"
ARMS = (WITH, WITHOUT)


def arm_of(seed: str, unit: str) -> str:
    """Return the arm of a unit: ``with`` or ``without``, each with a chance of one half over seeds and units.

    It is the lowest bit of SHA-256 over seed and unit, each preceded by its length, so that no two pairs are one text.
    """
    text = "".join(f"{len(part)}:{part}" for part in (seed, unit))
    return ARMS[hashlib.sha256(text.encode(errors="surrogatepass")).digest()[-1] & 1]


def issue_unit(repo: str, number: int) -> str:
    """Return how an issue is written as a unit: ``owner/name#12``, whatever the case of the repository."""
    return f"{repo.lower()}#{number}"


def author_week(author: str, day: date) -> str:
    """Return how an author's week is written as a unit: ``ada 2026-11-30``, by login and the Monday of the week."""
    return f"{author.casefold()} {monday_of(day).isoformat()}"
