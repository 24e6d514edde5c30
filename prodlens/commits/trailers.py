"""The trailers of a commit message as they are stored: without e-mail addresses, which are personal."""

from __future__ import annotations

import re

_ADDRESS = re.compile(r"\s*<[^<>\s]*@[^<>\s]*>|\b[^\s<>@\"']+@[^\s<>@\"']+")
_TRAILER = re.compile(r"([A-Za-z][A-Za-z-]{1,60}):[ \t]+(\S.{0,400})")
_MOST_TRAILERS = 50
_LONGEST_VALUE = 200


def trailers_in(message: str) -> list[tuple[str, str]]:
    """Return the (key, value) trailers of a commit message: the lines ``Key: value`` of its last paragraph."""
    paragraphs = re.split(r"\n[ \t]*\n", message.replace("\r\n", "\n").strip())
    if len(paragraphs) < 2:  # noqa: PLR2004 - the first paragraph is the subject
        return []
    return [(match[1], match[2].strip()) for line in paragraphs[-1].splitlines() if (match := _TRAILER.match(line))]


def message_trailers(message: object) -> list[list[str]]:
    """Return [key, value] of every trailer of the message, addresses removed; of ``Name <address>`` the name stays."""
    if not isinstance(message, str) or ":" not in message:
        return []
    trailers = ([key, _ADDRESS.sub("", value).strip()[:_LONGEST_VALUE]] for key, value in trailers_in(message))
    return [trailer for trailer in trailers if trailer[1]][:_MOST_TRAILERS]
