"""Who made a call and in which session, where clients write both into one text.

Claude Code has used three forms for the ``user_id`` that it sends: ``user_<device>_account__session_<session>``, the
same with an account between, and a JSON object with ``device_id``, ``account_uuid`` and ``session_id``.
"""

from __future__ import annotations

import re

from prodlens.json_values import clean_text, mapping

_SESSION = re.compile(r"session[_-](?P<session>.+)", re.DOTALL)
_DEVICE = re.compile(r"user_(?P<device>[^_]+)_account_")


def held_session(value: object) -> str | None:
    """Return the session that a text holds in one of the known forms, None when it holds none."""
    if isinstance(value, str) and value.lstrip()[:1] == "{":
        return clean_text(mapping(value).get("session_id"))
    text = clean_text(value)
    match = _SESSION.search(text) if text else None
    return match["session"] if match else None


def session_of(value: object) -> str | None:
    """Return the session in a text; without the ``session_`` prefix the text itself, unless that is JSON."""
    session = held_session(value)
    if session is None and (text := clean_text(value)) is not None and text[:1] != "{":
        return text
    return session


def person_of(value: object) -> str | None:
    """Return a text that names a person; None for one that holds a session or is a JSON object."""
    text = clean_text(value)
    return None if text is None or text[:1] == "{" or _SESSION.search(text) else text


def person_behind_gateway(value: object) -> str | None:
    """Return a text that names a person, as ``person_of`` does; LiteLLM's name for its master key does not."""
    name = person_of(value)
    return None if name == "default_user_id" else name


def device_of(value: object) -> str | None:
    """Return the device in one of Claude Code's forms, a stable pseudonym of its user."""
    if isinstance(value, str) and value.lstrip()[:1] == "{":
        return clean_text(mapping(value).get("device_id"))
    match = _DEVICE.match(value) if isinstance(value, str) else None
    return match["device"] if match else None
