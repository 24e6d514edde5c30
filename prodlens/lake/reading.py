"""Which files of a place a reader gets, and which are left out: a damaged file does not hide the others."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from prodlens.lake.file_checks import GONE, has_table_columns, look_at_files
from prodlens.lake.published_tables import PUBLISHED_TABLES, REPOSITORIES, repository_of
from prodlens.lake.table_files import COMPACTED, table_files

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from prodlens.lake.file_checks import Flaw
    from prodlens.lake.places import Place

_MOST_TRIES = 5  # of a place that changes while it is read


class LeftOut(NamedTuple):
    """Something that was not read.

    Attributes:
        repository: Whose file it is; empty for a file of no repository.
        problem: ``damaged`` or ``stray``.
        detail: What is missing, why, and what to do about it.
    """

    repository: str
    problem: str
    detail: str


class Reading:
    """The files of a place for one reader. A reader that failed calls ``narrow``, and then gets only readable files.

    Attributes:
        place: The place.
    """

    def __init__(self, place: Place, needed: Mapping[str, Collection[str]] | None = None) -> None:
        """Take a place and, by table, the columns that the reader asks for; of other tables it asks for all."""
        self.place = place
        self._needed = needed or {}
        self._given: dict[str, list[str]] = {}
        self._flaws: dict[str, Flaw] = {}
        self._strays: set[str] = set()
        self._tries = 0

    def paths(self, table: str, first_month: str = "", last_month: str = "") -> list[str]:
        """Return the paths of the files that make up a table, as ``published_files`` does, less what is left out.

        Raises:
            StorageError: The place cannot be listed.
        """
        found = table_files(self.place, table, first_month, last_month, self._flaws)
        # One table may be given twice, of other months each time.
        self._given[table] = list(dict.fromkeys((*self._given.get(table, ()), *found.paths)))
        self._strays.update(found.strays)
        return found.paths

    def defining(self, table: str, paths: list[str]) -> list[str]:
        """Return the paths, beginning with a file that has the table's columns; empty without one.

        For readers that expect the columns of the first file in all files.
        """
        for number, path in enumerate(paths):
            if has_table_columns(self.place, path, PUBLISHED_TABLES[table]):
                return [path, *paths[:number], *paths[number + 1 :]]
        return []

    def narrow(self) -> bool:
        """Leave out what cannot be read of the files that were given; return whether it is worth another try.

        Raises:
            StorageError: The place itself cannot be read.
        """
        self._tries += 1
        given, self._given = self._given, {}
        gone: set[str] = set()
        for strict in (False, True):
            found = look_at_files(self.place, given, self._needed, strict=strict)
            gone |= found.gone
            flaws = found.flaws | {path: GONE for path in gone if path.startswith(COMPACTED)}
            is_new = not flaws.keys() <= self._flaws.keys()
            self._flaws = flaws | self._flaws
            if is_new:
                return True
        return bool(gone) and self._tries < _MOST_TRIES

    def left_out(self) -> Iterator[LeftOut]:
        """Yield what was not read, by path."""
        for path, flaw in sorted(self._flaws.items()):
            *_, table, month, name = path.split("/")
            if path.startswith(COMPACTED):
                text = f"{table} of {_of(month)} are read from the files of the repositories"
                yield _damaged("", text, path, flaw.reason, "remove it, and run prod-lens compact")
            elif month == REPOSITORIES.name:
                text = "its team and how far it was read are not known"
                yield _damaged(repository_of(name), text, path, flaw.reason, "its next run that publishes mends it")
            else:
                yield _damaged(
                    repository_of(name), f"its {table} of {_of(month)} are left out", path, flaw.reason, flaw.remedy
                )
        for path in sorted(self._strays):
            detail = f"{path} was not read, since its name is not that of a repository's file; remove it"
            yield LeftOut("", "stray", detail)


def _damaged(repository: str, what: str, path: str, reason: str, remedy: str) -> LeftOut:
    return LeftOut(repository, "damaged", f"{what}: {reason} ({path}); {remedy}")


def _of(month: str) -> str:
    return month.removeprefix("month=")
