"""What the tests of the lake share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.lake.s3_server import S3Server, s3_server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def shared_s3() -> Iterator[S3Server]:
    """Run an S3 server on loopback."""
    with s3_server() as found:
        yield found


@pytest.fixture
def s3(shared_s3: S3Server, request: pytest.FixtureRequest) -> Iterator[S3Server]:
    """Give the server with a place of the test's own, which nothing goes wrong at yet."""
    with shared_s3.place_of(request.node.name) as found:
        yield found


@pytest.fixture(params=["folder", "s3"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Give the address of an empty place of each kind."""
    if request.param == "folder":
        return str(tmp_path / "place")
    found: S3Server = request.getfixturevalue("s3")
    return found.address
