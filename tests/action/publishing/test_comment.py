"""The sticky comment: found, updated in place, and never too long."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prodlens.action.publishing.comment import Posted, assemble, figures_fingerprint, post_comment
from prodlens.github.client import GithubClient
from prodlens.github.errors import PermissionMissingError
from tests.github_server.faults import Fault, FaultPlan
from tests.github_server.server import GithubServer
from tests.github_server.world import World

if TYPE_CHECKING:
    from collections.abc import Iterator

SLUG = "octo/repo"

FINGERPRINT = figures_fingerprint({"sessions": 1})


@pytest.fixture
def server() -> Iterator[GithubServer]:
    """Serve an empty world, where comments can be written."""
    with GithubServer(World()) as running:
        yield running


def post(server: GithubServer, text: str, setting: str = "auto") -> Posted:
    """Post on pull request 7."""
    client = GithubClient(token="t", api_url=server.url, graphql_url=server.graphql_url)
    return post_comment(client, SLUG, 7, text, setting=setting)


def body(text: str, fingerprint: str = FINGERPRINT, key: str = "a" * 12) -> str:
    """Return a comment's body."""
    return assemble(text, [], "", fingerprint, key)


def test_created_once_then_updated_in_place(server: GithubServer) -> None:
    """A pull request has one comment of ours, however often it is reported on."""
    first, second = post(server, body("one")), post(server, body("two"))
    assert (first.done, second.done) == ("created", "updated")
    [row] = server.world.comments.rows
    assert first.url == second.url == row["html_url"]
    assert row["body"] == body("two")


def test_reports_of_different_identity_have_comments_of_their_own(server: GithubServer) -> None:
    """Each report finds its own comment by the key in the marker, and leaves the others' alone."""
    one, other = (body("one", key="1" * 12), body("other", key="2" * 12))
    assert [post(server, text).done for text in (one, other)] == ["created", "created"]
    assert post(server, body("other again", key="2" * 12)).done == "updated"
    assert [row["body"] for row in server.world.comments.rows] == [one, body("other again", key="2" * 12)]


def test_found_on_a_late_page(server: GithubServer) -> None:
    """Our comment is found behind hundreds of others."""
    comments = server.world.comments
    for number in range(205):
        comments.add(SLUG, 7, f"discussion {number}", "somebody")
    comments.add(SLUG, 7, body("old"))
    assert post(server, body("new")).done == "updated"
    assert len(comments.rows) == 206


@pytest.mark.parametrize("login", ["mallory", "github-actions", "other[bot]"])
def test_a_planted_marker_is_not_ours(server: GithubServer, login: str) -> None:
    """Somebody else's comment is never taken for ours, whatever stands in it."""
    planted = server.world.comments.add(SLUG, 7, body("planted"), login)
    assert post(server, body("real")).done == "created"
    assert planted["body"] == body("planted")


def test_a_quoted_marker_is_not_ours(server: GithubServer) -> None:
    """A comment that quotes ours, in the same bot's name, does not begin with the marker."""
    server.world.comments.add(SLUG, 7, "> " + body("quoted"))
    assert post(server, body("real")).done == "created"


@pytest.mark.parametrize(
    ("login", "asks"),
    [("octo-app[bot]", True), ("ada", True), ("github-actions[bot]", True), ("github-actions[bot]", False)],
)
def test_whoever_the_token_belongs_to(server: GithubServer, login: str, asks: bool) -> None:
    """The token of an App or a person finds its own comment; who may not ask is the workflow's own token."""
    server.world.comments.login, server.world.graphql_works = login, asks
    server.world.comments.add(SLUG, 7, body("a"), "somebody-else[bot]")
    assert post(server, body("one")).done == "created"
    assert post(server, body("two")).done == "updated"


@pytest.mark.parametrize(
    ("setting", "text", "fingerprint", "done"),
    [
        ("auto", "same", FINGERPRINT, "unchanged"),
        ("auto", "other", FINGERPRINT, "updated"),
        ("changes", "other", FINGERPRINT, "unchanged"),
        ("changes", "same", "0" * 12, "updated"),
        ("always", "same", FINGERPRINT, "updated"),
    ],
)
def test_modes(server: GithubServer, setting: str, text: str, fingerprint: str, done: str) -> None:
    """``auto`` rewrites what reads otherwise, ``changes`` what has other figures, ``always`` everything."""
    post(server, body("same"))
    assert post(server, body(text, fingerprint), setting).done == done


def test_deleted_meanwhile(server: GithubServer) -> None:
    """A comment that was deleted between finding and updating is written anew."""
    post(server, body("old"))
    server.forget()
    # The list, who we are, then the update, before which somebody deletes it.
    server.faults = FaultPlan({3: Fault(then=server.world.comments.rows.clear)})
    assert post(server, body("new")).done == "created"
    assert [method for method, _, _ in server.log] == ["GET", "POST", "PATCH", "POST"]


def test_refused_without_permission(server: GithubServer) -> None:
    """A read-only token is told apart from every other failure, and what it lacks is named."""
    server.world.comments.read_only = True
    with pytest.raises(PermissionMissingError, match=r"may not write .*pull_requests=write"):
        post(server, body("x"))


def test_the_body_is_measured_as_posted() -> None:
    """Blocks that do not fit are left out with a notice; marker, head, fold and links are counted and kept."""
    blocks = [f"## Part {number}\n\n" + "ä" * 9_000 for number in range(10)]
    text = assemble("### Head", blocks, "[Report](https://example.org)", FINGERPRINT)
    assert 50_000 < len(text.encode()) <= 65_000
    assert text.startswith("<!-- prodlens:report")
    assert "did not fit" in text
    assert text.rstrip().endswith("[Report](https://example.org)")
    assert text.count("<details>") == text.count("</details>") == 1


@given(sizes=st.lists(st.integers(0, 40_000), max_size=6), head=st.text(max_size=500), tail=st.text(max_size=500))
def test_every_body_fits(sizes: list[int], head: str, tail: str) -> None:
    """No report makes a body that GitHub refuses."""
    assert len(assemble(head, ["x" * size for size in sizes], tail, FINGERPRINT).encode()) <= 65_000
