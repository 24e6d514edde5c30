"""Rate limits: whether a response speaks of one, and until when no request may be sent.

GitHub announces a limit in several ways: status 403 or 429 with ``Retry-After``, with a used-up quota or with words
alone, and status 200 whose body holds the same words or, from GraphQL, an error of the type ``RATE_LIMITED``.
"""

from __future__ import annotations

import re
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from prodlens.github.answers import graphql_failures, message_of

if TYPE_CHECKING:
    from prodlens.github.answers import Answer

SECONDARY_WAIT_SECONDS = 60.0  # GitHub's advice where it names no time; doubled at every attempt
_LIMIT_WORDS = re.compile(r"\brate limit|\babuse detection|\bsecondary limit", re.IGNORECASE)
_LIMIT_KINDS = frozenset({"RATE_LIMITED", "RATE_LIMIT"})
_KEYS_OF_A_REFUSAL = frozenset({"data", "errors", "message", "documentation_url", "status"})


def limited_until(answer: Answer, now: float, attempt: int) -> float | None:
    """Return when the limit that a response speaks of ends, as a Unix time of our clock; None for another response.

    Args:
        answer: The response.
        now: Unix time of our clock.
        attempt: How often this request was limited before, which doubles the wait where GitHub names no time.
    """
    if not _is_limit(answer):
        return None
    retry_after = _retry_after(answer, now)
    if retry_after is not None:
        return retry_after
    reset = quota_reset(answer, now)
    return now + SECONDARY_WAIT_SECONDS * (1 << attempt) if reset is None else reset


def quota_reset(answer: Answer, now: float) -> float | None:
    """Return when a used-up quota is filled again, as a Unix time of our clock; None while requests are left.

    The reset is a moment of the server's clock. The ``Date`` header says what that clock shows, so our own clock may
    be wrong.
    """
    reset = non_negative(answer.headers.get("x-ratelimit-reset"))
    has_no_limits = answer.headers.get("x-ratelimit-limit") == "0"  # an Enterprise Server without rate limits
    if answer.headers.get("x-ratelimit-remaining") != "0" or reset is None or has_no_limits:
        return None
    server_now = _unix_time(answer.headers.get("date"))
    return reset if server_now is None else now + max(reset - server_now, 0.0)


def non_negative(text: str | None) -> float | None:
    """Return a finite number from zero up; None for any other text."""
    try:
        number = float(text or "")
    except ValueError:
        return None
    return number if 0 <= number < float("inf") else None


def _is_limit(answer: Answer) -> bool:
    headers = answer.headers
    if answer.status == 429:  # noqa: PLR2004 - Too Many Requests
        return True
    if answer.status == 403:  # noqa: PLR2004 - Forbidden, which can also mean a missing permission
        used_up = headers.get("x-ratelimit-remaining") == "0" and headers.get("x-ratelimit-limit") != "0"
        return "retry-after" in headers or used_up or bool(_LIMIT_WORDS.search(message_of(answer)))
    return answer.status == 200 and _body_is_limit(answer)  # noqa: PLR2004 - OK


def _body_is_limit(answer: Answer) -> bool:
    """Tell whether a body of status 200 holds a limit in place of data."""
    try:
        body = answer.parsed()
    except (ValueError, AttributeError):
        return False
    if not isinstance(body, dict):
        return False
    failures = graphql_failures(body)
    if any(failure.kind in _LIMIT_KINDS for failure in failures):
        return True
    if body.get("data") is not None or not body.keys() <= _KEYS_OF_A_REFUSAL:
        return False
    messages = [str(body.get("message", "")), *(failure.message for failure in failures)]
    return any(_LIMIT_WORDS.search(message) for message in messages)


def _retry_after(answer: Answer, now: float) -> float | None:
    """Return the end of the wait in ``Retry-After``, which holds seconds or a date."""
    given = answer.headers.get("retry-after")
    seconds = non_negative(given)
    if seconds is not None:
        return now + seconds
    until, server_now = _unix_time(given), _unix_time(answer.headers.get("date"))
    return None if until is None else now + max(until - (now if server_now is None else server_now), 0.0)


def _unix_time(date: str | None) -> float | None:
    """Return the Unix time of an HTTP date; None for any other text."""
    try:
        return parsedate_to_datetime(date or "").timestamp()
    except (ValueError, OverflowError):
        return None
