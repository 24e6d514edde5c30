"""No sign of AI where there was none: histories from before June 2022, and people who share a name with a tool."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prodlens.commits import message_trailers
from prodlens.evidence import Evidence, body_signs, commit_evidence, pull_request_evidence
from prodlens.evidence.signatures import signatures
from prodlens.github_etl.parsing import listed_commit, listed_pull_request
from tests.github_server import objects

if TYPE_CHECKING:
    from collections.abc import Iterator

DATA = Path(__file__).parents[3] / "shared" / "data" / "github"
# Before GitHub Copilot was sold to everybody, nobody's commits could carry an assistant's sign.
BEFORE = "2022-06-01"
FIRST_NAMES = ("Claude", "Devin", "Jules", "Amp", "Gemini")


def old_rows(name: str, moment: str) -> Iterator[dict[str, Any]]:
    """Yield the rows of every repository's file that are older than the first assistants."""
    for path in sorted(DATA.glob(f"*/{name}.jsonl")):
        with path.open(encoding="utf-8") as lines:
            yield from (row for row in map(json.loads, lines) if (row[moment] or "9") < BEFORE)


real_data = pytest.mark.skipif(
    not DATA.is_dir(), reason="layer of real histories: no folder shared/data/github beside the checkout"
)


@real_data
def test_old_commits_carry_no_sign() -> None:
    """Authors, committers and trailers of public histories from before June 2022 are people, every one of them."""
    rows = list(old_rows("commits", "committer_date"))
    assert len(rows) > 1_500
    assert sum(bool(row.get("trailers")) for row in rows) > 10
    found = {}
    for row in rows:
        stored = listed_commit(objects.commit(row), "acme/web", "main")
        assert stored is not None
        if signs := commit_evidence(stored) | commit_evidence({"author": row["author_name"]}):
            found[row["sha"]] = signs
    assert found == {}


@real_data
def test_old_pull_requests_carry_no_sign() -> None:
    """Nor do authors, branches and labels of their pull requests, with the commits of these."""
    rows = list(old_rows("pulls", "created_at"))
    assert len(rows) > 700
    found = {}
    for row in rows:
        stored = listed_pull_request(objects.pull(row, "main"), "acme/web")
        assert stored is not None
        if signs := pull_request_evidence(stored):
            found[row["number"]] = signs
    assert found == {}
    authors = {row["author_login"] or row["author_name"] for row in old_rows("pr_commits", "committer_date")}
    assert len(authors) > 50
    assert {author for author in authors if commit_evidence({"author": author})} == set()


WORDS = st.text(st.characters(categories=["L", "N"], max_codepoint=0x17F), min_size=1, max_size=12)
FAMILY_NAMES = st.sampled_from(["Monet", "Shannon", "Booker", "Verne", "O'Neill", "de la Cruz", "Lévi-Strauss"]) | WORDS
HOSTS = st.sampled_from(["example.org", "gmail.com", "anthropic.com", "cursor.com", "users.noreply.github.com"])
# Names that tools have as a whole are the tools'; these are the names of a person, a family name behind them.
PEOPLE = st.builds("{} {}".format, st.sampled_from(FIRST_NAMES), FAMILY_NAMES).filter(
    lambda name: not any(pattern.fullmatch(name) for pattern, _ in signatures().names)
)
KEYS = st.sampled_from(["Co-authored-by", "Co-Authored-By", "Assisted-by", "Co-developed-by", "Made-with"])


def addresses() -> st.SearchStrategy[str]:
    """Return addresses of people, which no tool has for its own."""
    known = signatures()
    parts = st.builds("{}@{}".format, WORDS.map(str.lower), HOSTS)
    return parts.filter(lambda address: address not in known.emails)


@given(key=KEYS, name=PEOPLE, address=addresses())
def test_people_with_a_tools_first_name_stay_people(key: str, name: str, address: str) -> None:
    """Claude Monet is nobody's assistant, in a trailer, as an author, as a login, or in a description."""
    line = f"{key}: {name} <{address}>"
    assert commit_evidence({"trailers": [[key, f"{name} <{address}>"]]}) == frozenset()
    assert commit_evidence({"author": name, "author_email": address}) == frozenset()
    assert commit_evidence({"author": name, "trailers": message_trailers(f"Subject\n\n{line}")}) == frozenset()
    assert pull_request_evidence({"author": name.replace(" ", "-").lower()}) == frozenset()
    assert body_signs(f"Thanks!\n\n{line}") == []


@given(key=KEYS, first=st.sampled_from(FIRST_NAMES), address=addresses())
def test_a_first_name_with_a_persons_address_is_a_person(key: str, first: str, address: str) -> None:
    """The address decides: who signs as Claude with a mailbox of their own is a person."""
    assert commit_evidence({"trailers": [[key, f"{first} <{address}>"]]}) == frozenset()
    assert commit_evidence({"author": first, "author_email": address}) == frozenset()


@pytest.mark.parametrize("first", FIRST_NAMES)
def test_a_bare_first_name_is_never_high(first: str) -> None:
    """Where the address was not kept nobody can tell a person from the tool, and so it is low evidence at most."""
    for signs in (commit_evidence({"author": first}), commit_evidence({"trailers": [["Co-authored-by", first]]})):
        assert {sign.confidence for sign in signs} == {"low"}


@pytest.mark.parametrize(
    "login",
    ["coderabbitai[bot]", "cursor-review", "copilot-pull-request-reviewer[bot]", "sourcery-ai[bot]", "dependabot[bot]"],
)
def test_reviewers_and_other_bots_are_not_authors(login: str) -> None:
    """A bot that reviews, or that updates dependencies, wrote nothing with AI that a sign would tell."""
    assert pull_request_evidence({"author": login}, [{"author": login}]) == frozenset()


def test_the_tools_themselves_are_found() -> None:
    """The same places do hold the signs of tools, so that the tests above do not pass for nothing."""
    found = commit_evidence({"trailers": message_trailers("Subject\n\nCo-Authored-By: Claude <noreply@anthropic.com>")})
    assert found == {Evidence("Claude Code", "trailer", "high")}
    assert commit_evidence({"author": "Claude", "author_email": "noreply@anthropic.com"}) == {
        Evidence("Claude Code", "author", "high")
    }
