"""What the action keeps of the people in the traces: keyed pseudonyms, nothing, or names, but never an address.

Anyone signed in can download a public repository's artifacts, the cache among them. So a trace goes through here before
it reaches the store or the lake.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, overload

from prodlens.schemas import UsageDay

if TYPE_CHECKING:
    from collections.abc import Mapping

    from prodlens.schemas import CanonicalTrace

AUTO, ON, OFF = "auto", "on", "off"
MODES = (AUTO, ON, OFF)
_WORD = r"[^\s@<>\"',;:/\\]"
# It begins where a word begins and takes the rest of the word that it ends in, so that no character is tried twice.
_ADDRESS = re.compile(rf"(?<!{_WORD}){_WORD}+@{_WORD}+\.[A-Za-z]{{2,}}{_WORD}*")
_PSEUDONYM = re.compile(r"person-[0-9a-f]{12}")
_PSEUDONYM_DIGITS = 12  # 48 bits: two of 10,000 people share a pseudonym once in five million keys
_HASH_DIGITS = 32
_FREE_TEXTS = (
    *("model", "provider", "status_reason", "branch", "call_id", "price_modifier", "price_caveat"),
    *("commit_sha", "origin"),
)
_REMOVED = "[address removed]"


@dataclass(frozen=True, slots=True)
class Anonymizer:
    """Turns a trace into the one that is kept; call it on each trace.

    Attributes:
        everybody: Whether every person becomes a pseudonym or is left out; else only those named by an e-mail address.
        key: Secret that makes the pseudonyms; empty: people are left out.
        people: Trace identity to login, so that a person's several identities become one; keys in lower case.
    """

    everybody: bool
    key: str = field(default="", repr=False)
    people: Mapping[str, str] = field(default_factory=dict, repr=False)

    @overload
    def __call__(self, record: CanonicalTrace, /) -> CanonicalTrace: ...
    @overload
    def __call__(self, record: UsageDay, /) -> UsageDay: ...
    def __call__(self, record: CanonicalTrace | UsageDay, /) -> CanonicalTrace | UsageDay:
        """Return a call or usage day without what must not be kept; the same one gets the same identity each time."""
        return self._usage_day(record) if isinstance(record, UsageDay) else self._call(record)

    def _usage_day(self, day: UsageDay) -> UsageDay:
        """Return a usage day; its key can tell who it is of, so it is keyed anew, or left empty without a secret."""
        kept = replace(day, person=self._person(day.person), model=_without_address(day.model))
        if kept == day:
            return day
        secret = f"{day.source}/{self._digest('usage day', day.key)[:_HASH_DIGITS]}"
        return replace(kept, key=secret if self.key else "")

    def _call(self, trace: CanonicalTrace) -> CanonicalTrace:
        person, session = self._person(trace.developer_id), self._session(trace)
        texts: dict[str, Any] = {name: _without_address(getattr(trace, name)) for name in _FREE_TEXTS}
        kept = replace(trace, developer_id=person, session_id=session, **texts)
        if trace.call_id or kept == trace:
            return replace(kept, trace_hash=trace.to_record()["trace_hash"])
        # A hash over a name can be tried out name by name, so it is keyed, or made anew of what is kept.
        original = trace.to_record()["trace_hash"]
        rehashed = self._digest("trace", original)[:_HASH_DIGITS] if self.key else None
        return replace(kept, trace_hash=rehashed)

    def pseudonym(self, identity: str) -> str | None:
        """Return what stands for a person (``person-`` and 12 hex digits), None without a key."""
        known = self.people.get(identity.strip().lower(), identity)
        return f"person-{self._digest('person', known.strip().lower())[:_PSEUDONYM_DIGITS]}" if self.key else None

    def _person(self, identity: str | None) -> str | None:
        if identity is None or _PSEUDONYM.fullmatch(identity):
            return identity
        known = self.people.get(identity.strip().lower(), identity)
        return self.pseudonym(identity) if self.everybody or _ADDRESS.search(known) else known

    def _session(self, trace: CanonicalTrace) -> str | None:
        """A session is a person's when it is called like them or by an address; any other name of it is kept."""
        session = trace.session_id
        if session is None:
            return None
        named_after = self.everybody and session == trace.developer_id
        if not named_after and not _ADDRESS.search(session):
            return session
        return f"session-{self._digest('session', session)[:_PSEUDONYM_DIGITS]}" if self.key else None

    def _digest(self, purpose: str, text: str) -> str:
        message = f"{purpose}\0{text}".encode(errors="surrogatepass")
        return hmac.new(self.key.encode(errors="surrogateescape"), message, hashlib.sha256).hexdigest()


def make_anonymizer(
    setting: str, *, public: bool | None, key: str = "", people: Mapping[str, str] | None = None
) -> Anonymizer:
    """Return the anonymizer that the ``anonymize`` input asks for.

    Args:
        setting: ``auto``, ``on`` or ``off``.
        public: Whether anyone can download the repository's artifacts; None: not known, which counts as yes.
        key: The ``anonymize-key`` input.
        people: Trace identity to login.
    """
    everybody = setting == ON or (setting == AUTO and public is not False)
    joined = {identity.strip().lower(): login for identity, login in (people or {}).items()}
    return Anonymizer(everybody=everybody, key=key, people=joined)


def _without_address(text: str | None) -> str | None:
    return text if text is None else _ADDRESS.sub(_REMOVED, text)
