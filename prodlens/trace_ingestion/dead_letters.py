"""Dead letters: the lines that could not be used, byte for byte, with the reasons in a sidecar file beside them.

``<stem>.deadletter.jsonl`` can be ingested again as it is; ``<stem>.deadletter.reasons.jsonl`` holds for each of its
lines the source, the line number and the reason. The same line of the same file is written once, however often the
file is ingested and wherever a killed run stopped.
"""

from __future__ import annotations

import hashlib
import os
from collections import Counter, deque
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from prodlens.errors import StorageError
from prodlens.files import locked

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
        return _digest(self.raw)


class DeadLetterBox:
    """The dead letters in one folder."""

    def __init__(self, folder: Path | str) -> None:
        self.folder = Path(folder)
        self._written: dict[str, _Written] = {}

    def letters_path(self, stem: str) -> Path:
        """Return the file of the lines."""
        return self.folder / f"{stem}{LETTERS_SUFFIX}"

    def reasons_path(self, stem: str) -> Path:
        """Return the sidecar file."""
        return self.folder / f"{stem}{REASONS_SUFFIX}"

    def stems(self) -> list[str]:
        """Return the stems that have dead letters, sorted."""
        return sorted(path.name.removesuffix(LETTERS_SUFFIX) for path in self.folder.glob(f"*{LETTERS_SUFFIX}"))

    def add(self, stem: str, letters: Iterable[DeadLetter]) -> int:
        """Write those of the letters that are not there yet; returns how many those were.

        Raises:
            StorageError: The folder cannot be written.
        """
        with _outside_errors(self.folder), locked(self.folder):
            written = self._state(stem)
            new = [letter for letter in letters if written.misses(letter)]
            _append(self.letters_path(stem), (letter.raw for letter in new if written.misses_line(letter)))
            _append(self.reasons_path(stem), (_said(letter) for letter in new))
            written.sizes = self._sizes(stem)
            return len(new)

    def read(self, stem: str) -> Iterator[DeadLetter]:
        """Yield the dead letters of a stem; a line that was added by hand has line 0 and no known reason."""
        reasons: dict[str, deque[dict[str, Any]]] = {}
        for entry in _entries(self.reasons_path(stem)):
            reasons.setdefault(entry["digest"], deque()).append(entry)
        for raw in _lines(self.letters_path(stem)):
            known = reasons.get(_digest(raw))
            entry = known.popleft() if known else {"source": stem, "line": 0, "reason": "not recorded"}
            yield DeadLetter(entry["source"], entry["line"], raw, entry["reason"])

    def replace(self, stem: str, letters: Iterable[DeadLetter]) -> None:
        """Leave only these letters of a stem, each file written beside its name and renamed.

        Raises:
            StorageError: The folder cannot be written.
        """
        with _outside_errors(self.folder), locked(self.folder):
            kept = list(letters)
            _replace(self.letters_path(stem), [letter.raw for letter in kept])
            _replace(self.reasons_path(stem), [_said(letter) for letter in kept])
            self._written.pop(stem, None)

    def _state(self, stem: str) -> _Written:
        known = self._written.get(stem)
        if known is None or known.sizes != self._sizes(stem):
            _mend_end(self.letters_path(stem))
            _mend_end(self.reasons_path(stem))
            known = self._written[stem] = _Written.load(self.letters_path(stem), self.reasons_path(stem))
        return known

    def _sizes(self, stem: str) -> tuple[int, int]:
        return _size(self.letters_path(stem)), _size(self.reasons_path(stem))


class _Written:
    """What a stem's two files hold; a run that was killed can have left a line without its reason."""

    def __init__(self) -> None:
        self.sizes = (0, 0)
        self._lines: Counter[str] = Counter()
        self._reasons: Counter[str] = Counter()
        self._keys: set[tuple[int, str]] = set()

    @classmethod
    def load(cls, letters: Path, reasons: Path) -> _Written:
        state = cls()
        state._lines.update(_digest(raw) for raw in _lines(letters))
        keys = {(entry["line"], entry["digest"]) for entry in _entries(reasons)}
        said = Counter(digest for _, digest in keys)
        # Where lines were taken out by hand, none of their reasons counts.
        state._keys = {key for key in keys if said[key[1]] <= state._lines[key[1]]}
        state._reasons.update(digest for _, digest in state._keys)
        state.sizes = (_size(letters), _size(reasons))
        return state

    def misses(self, letter: DeadLetter) -> bool:
        """Tell whether the letter has no reason written, and count it as written from now on."""
        key = (letter.line, letter.digest)
        if key in self._keys:
            return False
        self._keys.add(key)
        return True

    def misses_line(self, letter: DeadLetter) -> bool:
        """Tell whether the letter's line itself has to be written, and count it as written from now on."""
        digest = letter.digest
        self._reasons[digest] += 1
        if self._reasons[digest] <= self._lines[digest]:
            return False
        self._lines[digest] += 1
        return True


def _said(letter: DeadLetter) -> bytes:
    said = {"line": letter.line, "source": letter.source, "reason": letter.reason, "digest": letter.digest}
    return orjson.dumps(said)


def _append(path: Path, lines: Iterable[bytes]) -> None:
    data = b"".join(line + b"\n" for line in lines)
    if data:
        with path.open("ab") as stream:
            stream.write(data)


def _replace(path: Path, lines: list[bytes]) -> None:
    if not lines:
        path.unlink(missing_ok=True)
        return
    beside = path.with_name(f".{path.name}.new")
    beside.unlink(missing_ok=True)
    _append(beside, lines)
    beside.replace(path)


def _mend_end(path: Path) -> None:
    """Cut off the half of a line that a killed run left at a file's end."""
    if not _size(path):
        return
    with path.open("rb+") as stream:
        stream.seek(-1, os.SEEK_END)
        if stream.read(1) != b"\n":
            stream.seek(0)
            whole = sum(len(line) for line in stream if line.endswith(b"\n"))
            stream.truncate(whole)


def _lines(path: Path) -> Iterator[bytes]:
    if path.exists():
        with path.open("rb") as stream:
            for line in stream:
                yield line.removesuffix(b"\n")


def _entries(path: Path) -> Iterator[dict[str, Any]]:
    for line in _lines(path):
        try:
            entry = orjson.loads(line)
            yield {"line": int(entry["line"]), **{name: str(entry[name]) for name in ("source", "reason", "digest")}}
        except (ValueError, TypeError, KeyError):
            continue  # somebody edited the sidecar; the lines themselves are what matters


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _digest(raw: bytes) -> str:
    return hashlib.blake2b(raw, digest_size=16).hexdigest()


@contextmanager
def _outside_errors(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StorageError(f"cannot write dead letters to {folder}: {error.strerror or error}") from error
