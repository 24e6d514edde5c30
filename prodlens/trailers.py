"""The trailers of a commit message as they are stored: without e-mail addresses, which are personal."""

from __future__ import annotations

import re

from prodlens.attribution import trailers_in

_ADDRESS = re.compile(r"\s*<[^<>\s]*@[^<>\s]*>|\b[^\s<>@\"']+@[^\s<>@\"']+")
_MOST_TRAILERS = 50
_LONGEST_VALUE = 200


def message_trailers(message: object) -> list[list[str]]:
    """Return [key, value] of every trailer of the message, addresses removed; of ``Name <address>`` the name stays."""
    if not isinstance(message, str) or ":" not in message:
        return []
    trailers = ([key, _ADDRESS.sub("", value).strip()[:_LONGEST_VALUE]] for key, value in trailers_in(message))
    return [trailer for trailer in trailers if trailer[1]][:_MOST_TRAILERS]
