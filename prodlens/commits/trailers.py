"""The trailers of a commit message as they are stored: without the addresses of people."""

from __future__ import annotations

import re

# A trailer that stands in the middle of a message, where a squash has left it, has this as its third part.
INSIDE = "inside"

Trailer = tuple[str, str] | tuple[str, str, str]

_ADDRESS = re.compile(r"\s*<[^<>\s]*@[^<>\s]*>|\b[^\s<>@\"']+@[^\s<>@\"']+")
# Nobody reads mail at such an address: it names a program, and is how most assistants sign. GitHub's own
# users.noreply.github.com stands for a person.
_OF_A_PROGRAM = re.compile(r"\s*<no-?reply@(?!users\.noreply\.github\.com)[^<>@\s]+>", re.IGNORECASE)
_TRAILER = re.compile(r"([A-Za-z][A-Za-z-]{1,60}):[ \t]+(\S.{0,400})")
_AUTHORSHIP = re.compile(r"(?:co-authored|co-developed|(?:ai-)?assisted|generated)-by|made-with", re.IGNORECASE)
_MOST_TRAILERS = 50
_LONGEST_VALUE = 200


def trailers_in(message: str) -> list[Trailer]:
    """Return the trailers of a commit message.

    They are the lines ``Key: value`` of its last paragraph, as (key, value). Of the paragraphs between that and the
    subject only those lines count that name who took part in the writing, as (key, value, ``INSIDE``).
    """
    paragraphs = re.split(r"\n[ \t]*\n", message.replace("\r\n", "\n").strip())
    if len(paragraphs) < 2:  # noqa: PLR2004 - the first paragraph is the subject
        return []
    buried = [
        (key, value, INSIDE) for text in paragraphs[1:-1] for key, value in _lines(text) if _AUTHORSHIP.fullmatch(key)
    ]
    return [*_lines(paragraphs[-1]), *buried]


def message_trailers(message: object) -> list[list[str]]:
    """Return every trailer of the message with the addresses of people removed, as lists that JSON can hold.

    Of ``Name <address>`` the name stays; an address that nobody reads, such as ``noreply@anthropic.com``, stays too.
    """
    if not isinstance(message, str) or ":" not in message or "\n" not in message:
        return []  # as most messages are: one line
    trailers = ([key, _without_people(value), *rest] for key, value, *rest in trailers_in(message))
    return [trailer for trailer in trailers if trailer[1]][:_MOST_TRAILERS]


def _lines(paragraph: str) -> list[tuple[str, str]]:
    return [(match[1], match[2].strip()) for line in paragraph.splitlines() if (match := _TRAILER.match(line))]


def _without_people(value: str) -> str:
    kept = _ADDRESS.sub(lambda found: found[0] if _OF_A_PROGRAM.fullmatch(found[0]) else "", value)
    return kept.strip()[:_LONGEST_VALUE]
