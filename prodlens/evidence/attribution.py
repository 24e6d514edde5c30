"""Evidence of AI work on commits and pull requests: trailers, accounts, branches, labels, descriptions, trace tags.

Evidence is a lower bound. Trailers get lost in squashes, some teams forbid them, and most tools sign nothing; so the
absence of evidence says nothing, and every share made of it reads "at least". What signs how is data, in
``ai_signatures.toml``.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from prodlens.evidence.claimed_calls import claimed_calls
from prodlens.slugs import one_spelling

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator, Mapping

HIGH, MEDIUM, LOW = "high", "medium", "low"
CONFIDENCES = (HIGH, MEDIUM, LOW)
_LONGEST_NAME = 200
_TRAILER_SIZES = (2, 3)  # key and value, and where a squash left it
_ADDRESS = re.compile(r"(?P<name>.*?)\s*<(?P<email>[^<>\s]+)>\s*")
_AGENT = re.compile(r"(?P<agent>[A-Za-z][A-Za-z0-9_. -]{0,60}):[A-Za-z0-9][A-Za-z0-9_./-]*(?:\s|$)")
_NOREPLY = re.compile(r"(\d{1,12})\+[^@]+@users\.noreply\.github\.com", re.IGNORECASE)


class Evidence(NamedTuple):
    """One sign that a tool took part.

    Attributes:
        tool: Name of the tool; empty where the sign names none.
        kind: ``trailer``, ``author``, ``branch``, ``label``, ``description`` or ``trace``.
        confidence: ``high``; ``medium`` where the sign stands in the middle of a message or names no known tool;
            ``low`` where a person could have left the same sign.
    """

    tool: str
    kind: str
    confidence: str


@dataclass(frozen=True, slots=True)
class Signatures:
    """What signs how: every key in lower case, ready to look up."""

    version: str
    trailer_keys: frozenset[str]
    emails: Mapping[str, str]
    ids: Mapping[int, str]
    logins: Mapping[str, str]
    names: tuple[tuple[re.Pattern[str], str], ...]
    first_names: Mapping[str, str]
    branches: tuple[tuple[str, str], ...]
    labels: Mapping[str, str]
    phrases: tuple[tuple[str, str], ...]


@cache
def signatures() -> Signatures:
    """Return the signatures that come with the package."""
    data = tomllib.loads(files("prodlens.evidence").joinpath("ai_signatures.toml").read_text(encoding="utf-8"))
    tools = data["tool"]

    def pairs(key: str) -> list[tuple[Any, str]]:
        return [(value, tool["name"]) for tool in tools for value in tool.get(key, ())]

    return Signatures(
        version=data["version"],
        trailer_keys=frozenset(data["trailer_keys"]),
        emails={email.lower(): tool for email, tool in pairs("emails")},
        ids=dict(pairs("ids")),
        logins={login.lower(): tool for login, tool in pairs("logins")},
        names=tuple((re.compile(name, re.IGNORECASE), tool) for name, tool in pairs("names")),
        first_names={name.lower(): tool for name, tool in pairs("first_names")},
        branches=tuple(pairs("branches")),
        labels={
            **dict.fromkeys(data["generic_labels"], ""),
            **{label.lower(): tool for label, tool in pairs("labels")},
        },
        phrases=tuple(pairs("phrases")),
    )


def commit_evidence(commit: Mapping[str, object]) -> frozenset[Evidence]:
    """Return the evidence on a commit: a stored row, or a mapping with any of these keys.

    ``author`` (login or name), ``author_id`` (numeric account), ``author_email``, ``trailers`` (as ``trailers_in`` has
    them, or the JSON list that the store holds). An e-mail address is looked up and never returned.
    """
    found = set(_person_evidence(_text(commit.get("author")), _text(commit.get("author_email")), "author"))
    if tool := signatures().ids.get(_integer(commit.get("author_id"))):
        found.add(Evidence(tool, "author", HIGH))
    for key, value, inside in _trailers(commit.get("trailers")):
        if key.lower() in signatures().trailer_keys:
            signs = _trailer_evidence(value)
            found.update(
                sign._replace(confidence=MEDIUM) if inside and sign.confidence == HIGH else sign for sign in signs
            )
    return frozenset(found)


def pull_request_evidence(
    pull_request: Mapping[str, object], commits: Iterable[Mapping[str, object]] = (), traced_calls: int = 0
) -> frozenset[Evidence]:
    """Return the evidence on a pull request, that of its commits included.

    Args:
        pull_request: A stored row, or a mapping with any of ``author``, ``head_ref``, ``labels`` (names, or the JSON
            list that the store holds) and ``body``.
        commits: Its commits, its merge or squash commit among them; see ``commit_evidence``.
        traced_calls: Number of traced model calls that name this pull request or its branch.
    """
    known = signatures()
    found = set(_person_evidence(_text(pull_request.get("author")), "", "author"))
    branch = _text(pull_request.get("head_ref")).lower()
    found.update(Evidence(tool, "branch", LOW) for prefix, tool in known.branches if branch.startswith(prefix))
    for label in _strings(pull_request.get("labels")):
        if (tool := known.labels.get(label.lower())) is not None:
            found.add(Evidence(tool, "label", HIGH))
    body = _text(pull_request.get("body")).lower()
    found.update(Evidence(tool, "description", HIGH) for phrase, tool in known.phrases if phrase in body)
    if traced_calls > 0:
        found.add(Evidence("", "trace", HIGH))
    return frozenset(found.union(*(commit_evidence(commit) for commit in commits)))


def confidence_of(evidence: Iterable[Evidence]) -> str | None:
    """Return the highest confidence among the signs, None without any."""
    return min((item.confidence for item in evidence), key=CONFIDENCES.index, default=None)


def stored_evidence(connection: sqlite3.Connection, repo_slug: str) -> dict[int, frozenset[Evidence]]:
    """Return the evidence on every stored pull request of a repository, by number, those without any included.

    Read are the pull request, its merge or squash commit, its head commit, and the traced calls that belong to it.
    """
    repo_slug = one_spelling(repo_slug)
    calls = _traced_calls(connection, repo_slug)
    rows = connection.execute(
        "SELECT p.*, c.author AS commit_author, c.trailers AS commit_trailers FROM pull_requests p "
        "LEFT JOIN commits c ON c.sha IN (p.merge_commit_sha, p.head_sha) AND ifnull(c.repo_slug, :slug) = :slug "
        "WHERE ifnull(p.repo_slug, :slug) = :slug AND p.number IS NOT NULL",
        {"slug": repo_slug},
    )
    found: dict[int, frozenset[Evidence]] = {}
    for row in map(dict, rows):
        commit = {"author": row["commit_author"], "trailers": row["commit_trailers"]}
        evidence = pull_request_evidence(row, (_authorship(row, commit),), calls.get(row["number"], 0))
        found[row["number"]] = found.get(row["number"], frozenset()) | evidence
    return found


def _authorship(pull_request: Mapping[str, object], commit: dict[str, object]) -> dict[str, object]:
    """Leave out the commit's author where it is the pull request's: one sign counts once."""
    return {**commit, "author": None} if commit["author"] == pull_request.get("author") else commit


def _traced_calls(connection: sqlite3.Connection, repo_slug: str) -> dict[int, int]:
    """Return the number of calls of each pull request that has some."""
    claimed = claimed_calls(connection, repo_slug)
    query = (
        f"SELECT {claimed.number} AS owner, count(*) FROM sessions s {claimed.joins} "
        "WHERE ifnull(s.repo_slug, :slug) = :slug AND (s.pull_request IS NOT NULL OR s.branch IS NOT NULL) "
        "GROUP BY 1 HAVING owner IS NOT NULL"
    )
    return dict(map(tuple, connection.execute(query, {"slug": repo_slug})))


def _trailer_evidence(value: str) -> Iterator[Evidence]:
    """Yield what the value of an authorship trailer says: a person, a tool, or ``AGENT:MODEL [TOOL]``.

    The last form is the Linux kernel's (Documentation/process/coding-assistants.rst).
    """
    if agent := _AGENT.match(value):
        tool = _agent_tool(agent["agent"])
        yield Evidence(tool, "trailer", HIGH if tool else MEDIUM)
        return
    address = _ADDRESS.fullmatch(value)
    name, email = (address["name"], address["email"]) if address else (value, "")
    yield from _person_evidence(name, email, "trailer")


def _agent_tool(agent: str) -> str:
    """Return the tool that an agent's name stands for, empty where it is not known."""
    known = signatures()
    by_pattern = (tool for pattern, tool in known.names if pattern.fullmatch(agent))
    return known.first_names.get(agent.lower()) or next(by_pattern, "")


def _person_evidence(name: str, email: str, kind: str) -> Iterator[Evidence]:
    """Yield what a name, a login or an address says; the address of the tool itself settles it."""
    known = signatures()
    name, email = name.strip()[:_LONGEST_NAME], email.strip().lower()
    noreply = _NOREPLY.fullmatch(email)
    by_address = known.emails.get(email) or (known.ids.get(int(noreply[1])) if noreply else None)
    if tool := by_address or known.logins.get(name.lower()):
        yield Evidence(tool, kind, HIGH)
        return
    if email:  # a person's address: whatever the name is, it is a person's
        return
    for pattern, tool in known.names:
        if pattern.fullmatch(name):
            yield Evidence(tool, kind, HIGH)
            return
    if tool := known.first_names.get(name.lower()):
        yield Evidence(tool, kind, LOW)


def _trailers(value: object) -> Iterator[tuple[str, str, bool]]:
    """Yield key, value and whether the trailer stood in the middle of the message."""
    for item in _json(value):
        if isinstance(item, list | tuple) and len(item) in _TRAILER_SIZES:
            yield _text(item[0]), _text(item[1]), bool(item[2:])


def _strings(value: object) -> Iterator[str]:
    return (item for item in _json(value) if isinstance(item, str))


def _json(value: object) -> Iterable[object]:
    if isinstance(value, str):
        try:
            value = orjson.loads(value)
        except orjson.JSONDecodeError:
            return ()
    return value if isinstance(value, list | tuple) else ()


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _integer(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else -1
