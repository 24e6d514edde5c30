"""What the tests of the report share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from prodlens.storage import ProdLensStore

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def store() -> Iterator[ProdLensStore]:
    """Open an empty store in memory."""
    with ProdLensStore(":memory:") as opened:
        yield opened
