"""Which accounts are bots."""

from __future__ import annotations

from functools import lru_cache

_SUFFIX = "[bot]"
# What workflows commit as when they set no account of an app: the account that GitHub has for them, and the names that
# stand in a clone.
_WORKFLOWS = frozenset({"actions-user", "github action", "github actions", "github-action", "github-actions"})


@lru_cache(maxsize=20_000)  # a history has many more commits than accounts
def is_bot(login: str | None, account_type: str | None = None) -> bool:
    """Return whether an account is a bot: GitHub says so (``Bot``), or its login or name is one that no person has."""
    name = (login or "").casefold()
    return account_type == "Bot" or name.endswith(_SUFFIX) or name in _WORKFLOWS
