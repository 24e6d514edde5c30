"""The trailers of a commit message: the ``Key: value`` lines that end it.

E-mail addresses are left out: the name in ``Co-authored-by: Name <address>`` is the evidence, the address is personal.
"""

from __future__ import annotations

import re

_TRAILER = re.compile(r"(?P<key>[A-Za-z0-9][A-Za-z0-9-]{0,59}):[ \t]+(?P<value>\S.*)")
_ADDRESS = re.compile(r"\s*<[^<>\s]*@[^<>\s]*>|\b[^\s<>@\"']+@[^\s<>@\"']+")
_MOST_TRAILERS = 50
_LONGEST_VALUE = 200


def message_trailers(message: object) -> list[list[str]]:
    """Return [key, value] of every trailer in the message's last paragraph, addresses removed.

    A first paragraph is the subject and never trailers; a paragraph counts when at least one of its lines is a
    trailer, as in git, where a line of prose may stand between them.
    """
    if not isinstance(message, str):
        return []
    paragraphs = re.split(r"\n[ \t]*\n", message.replace("\r\n", "\n").strip())
    if len(paragraphs) == 1:
        return []
    found = (_TRAILER.fullmatch(line.strip()) for line in paragraphs[-1].split("\n"))
    trailers = [[match["key"], _without_address(match["value"])] for match in found if match]
    return [trailer for trailer in trailers if trailer[1]][:_MOST_TRAILERS]


def _without_address(value: str) -> str:
    return _ADDRESS.sub("", value).strip()[:_LONGEST_VALUE]
