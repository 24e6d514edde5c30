"""Ids that are not ids: some gateways answer every message with one constant id."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from prodlens.calls import is_unique
from prodlens.json_values import clean_text

if TYPE_CHECKING:
    from prodlens.schemas import CanonicalTrace


class ConstantIds:
    """Tells calls of one file apart that were given one id, where the source has a second id for each call."""

    def __init__(self) -> None:
        self._owners: dict[str, tuple[str, int, int]] = {}

    def told_apart(self, call: CanonicalTrace, second_id: object) -> CanonicalTrace:
        """Return a call under both its ids where the file gave the first of them to another call before.

        Two records are of two calls where their second ids and their token counts differ. An id that is long and mixed
        is not looked at, so that nothing is kept of the ids of real services.
        """
        if call.call_id is None or is_unique(call.call_id):
            return call
        second = clean_text(second_id)
        if second is None or second == call.call_id:
            return call
        owner, *counts = self._owners.setdefault(call.call_id, (second, call.tokens_in, call.tokens_out))
        same = owner == second or counts == [call.tokens_in, call.tokens_out]
        return call if same else replace(call, call_id=f"{call.call_id} {second}")
