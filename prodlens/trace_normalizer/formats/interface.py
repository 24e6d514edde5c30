"""What every source format provides, and what reading a record can yield."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from prodlens.schemas import Alias, CanonicalTrace, Decision, SessionBranch, SessionLink, ToolUse, UsageDay

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


@dataclass(frozen=True, slots=True)
class Skipped:
    """A record of a known kind that is not a model call, such as a process log or an embedding.

    Attributes:
        kind: What the record is, in two or three words that can be counted.
    """

    kind: str


@dataclass(frozen=True, slots=True)
class Unusable:
    """A record that cannot be used; it belongs to the dead letters.

    Attributes:
        reason: Why, in words for the user.
    """

    reason: str


@dataclass(frozen=True, slots=True)
class Withheld:
    """A value that is known to be recorded wrongly. It is left unknown and counted.

    Attributes:
        field: The field of ``CanonicalTrace``, today always ``latency_ms``.
        reason: Why, in words for the user.
    """

    field: str
    reason: str


# Stands for the time of a call whose record has none.
NO_TIME = datetime(1, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Untimed:
    """A call whose record gives no time: it takes that of its file or artifact.

    Attributes:
        call: The call; its ``timestamp`` is ``NO_TIME``, and its identity does not depend on it.
    """

    call: CanonicalTrace


Fact: TypeAlias = Alias | Decision | SessionBranch | SessionLink | ToolUse
Item: TypeAlias = CanonicalTrace | UsageDay | Fact | Skipped | Untimed | Unusable | Withheld


class Reader(Protocol):
    """Reads the records of one file in their order, and keeps what later records need."""

    def read(self, record: Mapping[str, Any]) -> list[Item]:
        """Return what the record yields at once; never raises, whatever the record holds."""
        ...

    def finish(self) -> list[Item]:
        """Return what was held back until the file's end."""
        ...


@dataclass(frozen=True, slots=True)
class RecordReader:
    """The reader of a format whose records stand for themselves: a function from one record to its items."""

    read: Callable[[Mapping[str, Any]], list[Item]]

    def finish(self) -> list[Item]:
        """Return nothing: nothing was held back."""
        return []


@dataclass(frozen=True, slots=True)
class Format:
    """One source format.

    Attributes:
        name: Its name in the store's ``source`` column, for example ``litellm``.
        title: What it is, for people.
        matches: Tells by a record's content whether it is of this format.
        reader: Makes the reader of one file.
        explain: Says for each field found in a record where it was found.
    """

    name: str
    title: str
    matches: Callable[[Mapping[str, Any]], bool]
    reader: Callable[[], Reader]
    explain: Callable[[Mapping[str, Any]], dict[str, str]]
