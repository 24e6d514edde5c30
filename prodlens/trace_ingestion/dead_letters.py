"""Dead letters: the lines that could not be used, byte for byte, with the reasons in a sidecar file beside them.

``<stem>.deadletter.jsonl`` can be ingested again as it is; ``<stem>.deadletter.reasons.jsonl`` holds for each of its
lines the source, the line number and the reason. The same line of the same file is written once, however often the
file is ingested and wherever a killed run stopped.
"""

from __future__ import annotations

import os
from collections import Counter, deque
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from prodlens.errors import StorageError
from prodlens.files import Beside, Folder, digest, locked

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

LETTERS_SUFFIX = ".deadletter.jsonl"
REASONS_SUFFIX = ".deadletter.reasons.jsonl"


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A line that could not be used.

    Attributes:
        source: Where it was read: a path, ``archive.zip!member`` or ``-``.
        line: Number of the line there, from 1.
        raw: The line without its line break.
        reason: Why it is here.
    """

    source: str
    line: int
    raw: bytes
    reason: str

    @property
    def digest(self) -> str:
        """Identify the line's bytes."""
        return digest(self.raw)


class DeadLetterBox:
    """The dead letters in one folder."""

    def __init__(self, folder: Path | str) -> None:
        self.folder = Path(folder)
        self._files = Folder(self.folder)
        self._written: dict[str, _Written] = {}

    def letters_path(self, stem: str) -> Path:
        """Return the file of the lines."""
        return self.folder / f"{stem}{LETTERS_SUFFIX}"

    def reasons_path(self, stem: str) -> Path:
        """Return the sidecar file."""
        return self.folder / f"{stem}{REASONS_SUFFIX}"

    def stems(self) -> list[str]:
        """Return the stems that have dead letters, sorted."""
        return [name.removesuffix(LETTERS_SUFFIX) for name in self._files.names() if name.endswith(LETTERS_SUFFIX)]

    def add(self, stem: str, letters: Iterable[DeadLetter]) -> int:
        """Write those of the letters that are not there yet; returns how many those were.

        Raises:
            StorageError: The folder cannot be written.
        """
        with _outside_errors(self.folder), locked(self._files):
            written = self._state(stem)
            new = [letter for letter in letters if written.note_reason(letter)]
            self._append(stem + LETTERS_SUFFIX, (letter.raw for letter in new if written.note_line(letter)))
            self._append(stem + REASONS_SUFFIX, map(_reason_line, new))
            written.sizes = self._sizes(stem)
            return len(new)

    def read(self, stem: str) -> Iterator[DeadLetter]:
        """Yield the dead letters of a stem; a line that was added by hand has line 0 and no known reason."""
        reasons = _Reasons(_entries(self._files, stem + REASONS_SUFFIX))
        for raw in _lines(self._files, stem + LETTERS_SUFFIX):
            entry = reasons.take(digest(raw)) or {"source": stem, "line": 0, "reason": "not recorded"}
            yield DeadLetter(entry["source"], entry["line"], raw, entry["reason"])

    def replace(self, stem: str, letters: Iterable[DeadLetter]) -> None:
        """Replace the letters of a stem by these, which are taken one by one while the folder is locked.

        Both files are written under temporary names, and renamed after the last letter.

        Raises:
            StorageError: The folder cannot be written.
        """
        names = (stem + LETTERS_SUFFIX, stem + REASONS_SUFFIX)
        with _outside_errors(self.folder), locked(self._files):
            files = [Beside(self._files, name) for name in names]
            kept = 0
            try:
                with files[0].open() as lines, files[1].open() as reasons:
                    for letter in letters:
                        lines.write(letter.raw + b"\n")
                        reasons.write(_reason_line(letter) + b"\n")
                        kept += 1
                if kept:
                    for file in files:
                        file.publish()
            finally:
                for file in files:
                    file.discard()
            if not kept:
                for name in names:
                    self._files.unlink(name)
            self._written.pop(stem, None)

    def _state(self, stem: str) -> _Written:
        known = self._written.get(stem)
        if known is None or known.sizes != self._sizes(stem):
            self._mend_end(stem + LETTERS_SUFFIX)
            self._mend_end(stem + REASONS_SUFFIX)
            known = self._written[stem] = _Written.load(self._files, stem)
            known.sizes = self._sizes(stem)
        return known

    def _sizes(self, stem: str) -> tuple[int, int]:
        return self._size(stem + LETTERS_SUFFIX), self._size(stem + REASONS_SUFFIX)

    def _size(self, name: str) -> int:
        entry = self._files.entry(name)
        return 0 if entry is None else entry.st_size

    def _append(self, name: str, lines: Iterable[bytes]) -> None:
        if data := b"".join(line + b"\n" for line in lines):
            self._files.append(name, data)

    def _mend_end(self, name: str) -> None:
        """Cut off the half of a line that a killed run left at a file's end."""
        if not self._size(name):
            return
        with self._files.open(name, "rb+") as stream:
            stream.seek(-1, os.SEEK_END)
            if stream.read(1) != b"\n":
                stream.seek(0)
                whole = sum(len(line) for line in stream if line.endswith(b"\n"))
                stream.truncate(whole)


class _Written:
    """What a stem's two files hold; a run that was killed can have left a line without its reason."""

    def __init__(self) -> None:
        self.sizes = (0, 0)
        self._lines: Counter[str] = Counter()
        self._reasons: Counter[str] = Counter()
        self._keys: set[tuple[int, str]] = set()

    @classmethod
    def load(cls, files: Folder, stem: str) -> _Written:
        state = cls()
        state._lines.update(digest(raw) for raw in _lines(files, stem + LETTERS_SUFFIX))
        keys = {(entry["line"], entry["digest"]) for entry in _entries(files, stem + REASONS_SUFFIX)}
        reasons_of = Counter(line for _, line in keys)
        # Where lines were taken out by hand, their reasons do not count.
        state._keys = {key for key in keys if reasons_of[key[1]] <= state._lines[key[1]]}
        state._reasons.update(line for _, line in state._keys)
        return state

    def note_reason(self, letter: DeadLetter) -> bool:
        """Count the letter's reason as written from now on; returns whether it was not written yet."""
        key = (letter.line, letter.digest)
        if key in self._keys:
            return False
        self._keys.add(key)
        return True

    def note_line(self, letter: DeadLetter) -> bool:
        """Count the letter's line as written from now on; returns whether it still has to be written."""
        line = letter.digest
        self._reasons[line] += 1
        if self._reasons[line] <= self._lines[line]:
            return False
        self._lines[line] += 1
        return True


class _Reasons:
    """Gives each line its reason. Both files have the same order, so only reasons of removed lines stay in memory."""

    def __init__(self, entries: Iterator[dict[str, Any]]) -> None:
        self._entries = entries
        self._passed: dict[str, deque[dict[str, Any]]] = {}

    def take(self, line: str) -> dict[str, Any] | None:
        """Return the next entry of a line, by its digest; None when there is no further one."""
        if passed := self._passed.get(line):
            return passed.popleft()
        for entry in self._entries:
            if entry["digest"] == line:
                return entry
            self._passed.setdefault(entry["digest"], deque()).append(entry)
        return None


def _reason_line(letter: DeadLetter) -> bytes:
    entry = {"line": letter.line, "source": letter.source, "reason": letter.reason, "digest": letter.digest}
    return orjson.dumps(entry)


def _lines(files: Folder, name: str) -> Iterator[bytes]:
    try:
        stream = files.open(name)
    except FileNotFoundError:
        return
    with stream:
        for line in stream:
            yield line.removesuffix(b"\n")


def _entries(files: Folder, name: str) -> Iterator[dict[str, Any]]:
    for line in _lines(files, name):
        try:
            entry = orjson.loads(line)
            yield {"line": int(entry["line"]), **{name: str(entry[name]) for name in ("source", "reason", "digest")}}
        except (ValueError, TypeError, KeyError):
            continue  # somebody edited the sidecar; the lines themselves are what matters


@contextmanager
def _outside_errors(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StorageError(f"cannot write dead letters to {folder}: {error.strerror or error}") from error
