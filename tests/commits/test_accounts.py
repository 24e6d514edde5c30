"""Which accounts are bots."""

from __future__ import annotations

import pytest

from prodlens.commits import is_bot


@pytest.mark.parametrize(
    ("login", "account_type", "expected"),
    [
        ("dependabot[bot]", None, True),
        ("Renovate[BOT]", "User", True),
        ("ada", "Bot", True),
        ("actions-user", "User", True),
        ("GitHub Actions", None, True),
        ("GitHub Action", None, True),
        ("github-actions", None, True),
        ("ada", "User", False),
        ("GitHub Actions Fan", None, False),
        ("bot", None, False),
        ("", None, False),
        (None, None, False),
    ],
)
def test_bots_are_known_by_type_suffix_and_the_names_of_workflows(
    login: str | None, account_type: str | None, expected: bool
) -> None:
    """GitHub says ``Bot``, an app's login ends in ``[bot]``, and a workflow without either has names of its own."""
    assert is_bot(login, account_type) is expected
