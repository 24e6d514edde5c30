"""Reading many things by few requests: in smaller parts where GitHub fails at large ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from prodlens.github import ServerFailedError

if TYPE_CHECKING:
    from collections.abc import Callable

MOST_AT_ONCE = 100
SHRINK = 4  # a request that fails is asked again in parts of this many
_Item = TypeVar("_Item")


def read_in_parts(
    waiting: list[_Item],
    read: Callable[[list[_Item]], list[_Item]],
    failed_alone: Callable[[_Item], list[_Item]],
    take: Callable[[list[_Item], int], list[_Item]] = lambda waiting, most: waiting[:most],
) -> None:
    """Read everything that waits; parts become smaller while GitHub fails at them, and larger again when it does not.

    Args:
        waiting: What to read, in its order.
        read: Reads a part and returns what to ask for again; a ``ServerFailedError`` means all of it.
        failed_alone: Told what failed in a part of its own; returns what to ask for again because of it.
        take: Returns the next part, the first of what waits and at most so many; nothing ends the reading.
    """
    size = MOST_AT_ONCE
    while part := take(waiting, size):
        waiting = waiting[len(part) :]
        try:
            again = read(part)
        except ServerFailedError:
            again = part
        if not again:
            size = min(size * SHRINK, MOST_AT_ONCE)
        elif len(part) > 1:
            size = max(len(part) // SHRINK, 1)
            waiting = again + waiting
        else:
            waiting = failed_alone(part[0]) + waiting
