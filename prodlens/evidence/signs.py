"""Signs of AI work on commits and pull requests: trailers, accounts, branches, labels, descriptions, traced calls.

Evidence is a lower bound. Trailers get lost in squashes, some teams forbid them, and most tools sign nothing; so the
absence of evidence says nothing, and every share made of it reads "at least". Which tool
leaves which sign is data, in ``ai_signatures.toml``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import TYPE_CHECKING

import orjson

from prodlens.evidence.signatures import model_in, signatures, tool_named

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

HIGH, MEDIUM, LOW = "high", "medium", "low"
CONFIDENCES = (HIGH, MEDIUM, LOW)
_LONGEST_NAME = 200
_LONGEST_MODEL = 100
_LONGEST_BODY = 65_536  # characters: what GitHub lets a description have
_TRAILER_SIZES = (2, 3)  # key and value, and where a squash left it
_ADDRESS = re.compile(r"(?P<name>.*?)\s*<(?P<email>[^<>\s]+)>\s*")
_AGENT = re.compile(r"(?P<agent>[A-Za-z][A-Za-z0-9_. -]{0,60}):(?P<model>[A-Za-z0-9][A-Za-z0-9_./-]*)(?:\s|$)")
_NOREPLY = re.compile(r"(\d{1,12})\+[^@]+@users\.noreply\.github\.com", re.IGNORECASE)
_BODY_LINE = re.compile(r"[\s*_-]*(?P<key>[A-Za-z][A-Za-z-]{1,60}):[ \t]+(?P<value>\S.{0,400})")
_BEFORE_WORDS = re.compile(r"^(?:\W*\[x\])?\W*")  # signs such as a robot, and a box that is ticked
_SIGN_SIZE = 4
_MOST_REMEMBERED = 20_000
_LONG_TRAILERS = 1_000  # characters: longer ones are of one commit alone, and not remembered


@dataclass(frozen=True, slots=True, order=True)
class Evidence:
    """One sign that a tool took part; it counts once, so signs that differ in ``model`` and ``basis`` alone are equal.

    Attributes:
        tool: Name of the tool; empty where the sign names none.
        kind: ``trailer``, ``author``, ``branch``, ``label``, ``description``, ``note`` or ``trace``.
        confidence: ``high``; ``medium`` where the sign stands in the middle of a message or names no known tool;
            ``low`` where a person could have left the same sign.
        model: Name of the model as the sign writes it; empty where it names none.
        basis: What it rests on, in a few words: the line, the name of the branch, the label.
    """

    tool: str
    kind: str
    confidence: str
    model: str = field(default="", compare=False)
    basis: str = field(default="", compare=False)


def commit_evidence(commit: Mapping[str, object]) -> frozenset[Evidence]:
    """Return the evidence on a commit: a stored row, or a mapping with any of these keys.

    ``author`` (login or name), ``author_id`` (numeric account), ``author_email``, ``trailers`` (as ``trailers_in`` has
    them, or the JSON list that the store holds). An e-mail address is looked up and never returned.
    """
    trailers = commit.get("trailers") or ""
    if (
        isinstance(trailers, str)
        and len(trailers) < _LONG_TRAILERS
        and not ("author_email" in commit or "author_id" in commit)
    ):
        return _remembered_evidence(_text(commit.get("author")), trailers)
    return frozenset(commit_signs(commit))


@lru_cache(maxsize=_MOST_REMEMBERED)
def _remembered_evidence(author: str, trailers: str) -> frozenset[Evidence]:
    """Return the evidence on a commit; most commits of a repository have few different authors and trailers."""
    return frozenset(commit_signs({"author": author, "trailers": trailers}))


def pull_request_evidence(
    pull_request: Mapping[str, object], commits: Iterable[Mapping[str, object]] = (), traced_calls: int = 0
) -> frozenset[Evidence]:
    """Return the evidence on a pull request, that of its commits included.

    Args:
        pull_request: A stored row, or a mapping with any of ``author``, ``head_ref``, ``labels`` (names, or the JSON
            list that the store holds), ``body`` and ``body_signs``.
        commits: Its commits, its merge or squash commit among them; see ``commit_evidence``.
        traced_calls: Number of traced model calls that name this pull request or its branch.
    """
    own = pull_request_signs(pull_request, traced_calls)
    return frozenset(own).union(*(commit_evidence(commit) for commit in commits))


def confidence_of(evidence: Iterable[Evidence]) -> str | None:
    """Return the highest confidence among the signs, None without any."""
    return min((item.confidence for item in evidence), key=CONFIDENCES.index, default=None)


def commit_signs(commit: Mapping[str, object]) -> Iterator[Evidence]:
    """Yield every sign on a commit, with what it rests on; see ``commit_evidence``."""
    yield from _person_signs(_text(commit.get("author")), _text(commit.get("author_email")), "author")
    if tool := signatures().ids.get(_integer(commit.get("author_id"))):
        yield Evidence(tool, "author", HIGH, basis="the account's number")
    for key, value, inside in _trailers(commit.get("trailers")):
        if key.lower() in signatures().trailer_keys:
            for sign in _trailer_signs(value):
                basis = f"{key}: {value[:_LONGEST_NAME]}"
                if inside:
                    confidence = MEDIUM if sign.confidence == HIGH else sign.confidence
                    yield replace(sign, confidence=confidence, basis=f"{basis} (in the middle of a message)")
                else:
                    yield replace(sign, basis=basis)


def pull_request_signs(pull_request: Mapping[str, object], traced_calls: int = 0) -> Iterator[Evidence]:
    """Yield every sign on a pull request itself, with what it rests on; see ``pull_request_evidence``."""
    known = signatures()
    yield from _person_signs(_text(pull_request.get("author")), "", "author")
    branch = _text(pull_request.get("head_ref"))
    for prefix, tool in known.branches:
        if branch.lower().startswith(prefix):
            yield Evidence(tool, "branch", LOW, basis=f"branch {branch[:_LONGEST_NAME]}")
    for label in _strings(pull_request.get("labels")):
        if (tool_of_label := known.labels.get(label.lower())) is not None:
            yield Evidence(tool_of_label, "label", HIGH, basis=f"label {label}")
    yield from _body_evidence(_text(pull_request.get("body")))
    for sign in _json(pull_request.get("body_signs")):
        if isinstance(sign, list) and len(sign) == _SIGN_SIZE and sign[1] in CONFIDENCES:
            tool, confidence, model, basis = map(_text, sign)
            yield Evidence(tool, "description", confidence, model, basis)
    if traced_calls > 0:
        yield Evidence("", "trace", HIGH, basis=f"traced calls: {traced_calls}")


def body_signs(body: object) -> list[list[str]]:
    """Return what a pull request's description says of tools, as ``body_signs`` of the store: never its text.

    Each is tool, confidence, model and basis. The basis is a phrase of ours or the key of a line, nothing else.
    """
    found = dict.fromkeys((e.tool, e.confidence, e.model, e.basis) for e in _body_evidence(_text(body)))
    return [list(sign) for sign in found]


def _body_evidence(body: str) -> Iterator[Evidence]:
    """Yield the signs in a description, those in quotations and blocks of code left out.

    A tool's phrase counts at the beginning of a line, after signs such as a robot. A link to a session, and a trailer,
    are weaker: people link sessions and copy messages.
    """
    known = signatures()
    whole = body[:_LONGEST_BODY].lower()
    if not whole or not any(word in whole for word in known.words_of_bodies):  # as in most: no line need be looked at
        return
    for line in _own_lines(body):
        lower = line.lower()
        start = _BEFORE_WORDS.sub("", lower)
        for phrase, tool in known.comments if line.lstrip().startswith("<!--") else known.phrases:
            if start.startswith(phrase):
                yield Evidence(tool, "description", HIGH, basis=f'the description says "{phrase}"')
        for link, tool in known.links:
            if link in lower:
                yield Evidence(tool, "description", MEDIUM, basis=f"the description links {link}")
        trailer = _BODY_LINE.fullmatch(line.rstrip(" \t\r*_"))
        if trailer and trailer["key"].lower() in known.trailer_keys:
            for sign in _trailer_signs(trailer["value"]):
                if sign.tool:
                    confidence = MEDIUM if sign.confidence == HIGH else sign.confidence
                    basis = f"the description has a line {trailer['key'].lower()}"
                    yield Evidence(sign.tool, "description", confidence, sign.model, basis)


def _own_lines(body: str) -> Iterator[str]:
    """Yield the lines of a description that are neither quoted nor in a block of code, nor a box that nobody ticked."""
    in_code = False
    for line in body[:_LONGEST_BODY].splitlines():
        start = line.lstrip()
        if start.startswith(("```", "~~~")):
            in_code = not in_code
        elif not in_code and not start.startswith((">", "- [ ]", "* [ ]", "+ [ ]")):
            yield line


def _trailer_signs(value: str) -> Iterator[Evidence]:
    """Yield what the value of an authorship trailer says: a person, a tool, or ``AGENT:MODEL [TOOL]``.

    The last form is the Linux kernel's (Documentation/process/coding-assistants.rst).
    """
    if agent := _AGENT.match(value):
        tool = tool_named(agent["agent"])
        yield Evidence(tool, "trailer", HIGH if tool else MEDIUM, agent["model"][:_LONGEST_MODEL])
        return
    address = _ADDRESS.fullmatch(value)
    name, email = (address["name"], address["email"]) if address else (value, "")
    yield from _person_signs(name, email, "trailer")


@lru_cache(maxsize=_MOST_REMEMBERED)
def _person_signs(name: str, email: str, kind: str) -> tuple[Evidence, ...]:
    """Return what a name, a login or an address says; a repository has few different ones, so they are remembered."""
    return tuple(_signs_of_person(name, email, kind))


def _signs_of_person(name: str, email: str, kind: str) -> Iterator[Evidence]:
    """Yield what a name, a login or an address says; the address of the tool itself settles it."""
    known = signatures()
    name, email = name.strip()[:_LONGEST_NAME], email.strip().lower()
    noreply = _NOREPLY.fullmatch(email)
    by_address = known.emails.get(email) or (known.ids.get(int(noreply[1])) if noreply else None)
    basis = f"account or name {name}"
    if tool := by_address or known.logins.get(name.lower()):
        yield Evidence(tool, kind, HIGH, model_in(name), "the tool's address" if by_address else basis)
        return
    if email:  # a person's address: whatever the name is, it is a person's
        return
    for pattern, tool in known.names:
        if pattern.fullmatch(name):
            yield Evidence(tool, kind, HIGH, model_in(name), basis)
            return
    if tool := known.first_names.get(name.lower()):
        yield Evidence(tool, kind, LOW, basis=basis)


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
