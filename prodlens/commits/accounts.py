"""Which accounts are bots."""

from __future__ import annotations

_SUFFIX = "[bot]"


def is_bot(login: str | None, account_type: str | None = None) -> bool:
    """Return whether an account is a bot: GitHub says so (``Bot``), or its login ends with ``[bot]``."""
    return account_type == "Bot" or (login or "").casefold().endswith(_SUFFIX)
