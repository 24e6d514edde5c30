"""Reading many things by few requests."""

from __future__ import annotations

from prodlens.github import ServerFailedError
from prodlens.github_etl.parts import read_in_parts


def test_parts_become_smaller_around_what_fails_and_larger_again() -> None:
    """One bad item of 120 is found in parts of 100, 25, 6 and 1; everything else is read once."""
    sizes: list[int] = []
    done: list[int] = []
    alone: list[int] = []

    def read(part: list[int]) -> list[int]:
        sizes.append(len(part))
        if 3 in part:
            raise ServerFailedError("no")
        done.extend(part)
        return []

    def leave(item: int) -> list[int]:
        alone.append(item)
        return []

    read_in_parts(list(range(120)), read, leave)
    assert sizes == [100, 25, 6, 1, 4, 1, 4, 1, 4, 1, 1, 4, 16, 64, 31]
    assert (alone, sorted(done)) == ([3], [n for n in range(120) if n != 3])


def test_what_a_part_left_is_asked_for_again() -> None:
    """Items that a part gives back come again before the rest, and one that fails alone can be given back once."""
    asked: list[list[str]] = []
    tries: list[str] = []

    def read(part: list[str]) -> list[str]:
        asked.append(part)
        return [item for item in part if item == "b" and len(tries) < 2]

    def again(item: str) -> list[str]:
        tries.append(item)
        return [item]

    read_in_parts(["a", "b"], read, again, lambda waiting, most: waiting[: min(most, 2)])
    assert asked == [["a", "b"], ["b"], ["b"], ["b"]]


def test_taking_nothing_ends_the_reading() -> None:
    """A part of nothing is not read, whatever still waits."""
    asked: list[list[int]] = []

    def read(part: list[int]) -> list[int]:
        asked.append(part)
        return []

    read_in_parts([1, 2], read, lambda _: [], lambda waiting, most: waiting[: most * 0])
    assert asked == []
