"""Notes at ``refs/notes/ai`` of a local clone, and how many lines their commits add."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from prodlens.commits.git_history import NotACloneError, git_output

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

NOTES_REF = "refs/notes/ai"
MOST_BYTES = 8 * 1024 * 1024  # of one note: older ones hold whole conversations
_BYTES_AT_ONCE = 16 * 1024 * 1024
_COMMITS_AT_ONCE = 1_000
_ENTRY = re.compile(rb"100644 blob ([0-9a-f]{40,64}) +(\d{1,12})\t([0-9a-f/]{40,70})")
_COMMIT, _LINES = re.compile(r"\x01([0-9a-f]+) (.*)"), re.compile(r"(\d+)\t\d+\t.*")
# Settings of the clone can neither start a program for a diff nor change what is counted.
_DIFF = ("--numstat", "-M", "--no-ext-diff", "--no-textconv", "--no-color", "--ignore-submodules=all")


class NoteBlob(NamedTuple):
    """Where the text of a note is: git's name for the content, and its bytes."""

    oid: str
    size: int


def noted_commits(folder: Path) -> dict[str, NoteBlob]:
    """Return the notes of a clone by the sha of their commit; none where the clone has no such reference."""
    try:
        listed = git_output(folder, "ls-tree", "-r", "-l", "-z", "--full-tree", NOTES_REF)
    except NotACloneError:
        return {}
    entries = (_ENTRY.fullmatch(entry) for entry in listed.split(b"\0"))
    return {
        entry[3].replace(b"/", b"").decode(): NoteBlob(entry[1].decode(), int(entry[2])) for entry in entries if entry
    }


def note_texts(folder: Path, blobs: Iterable[NoteBlob]) -> Iterator[tuple[str, str]]:
    """Yield git's name for the content and the text of each note; one of more than ``MOST_BYTES`` has no text.

    Raises:
        NotACloneError: git cannot read them.
    """
    for part in _portions(blobs):
        found = git_output(folder, "cat-file", "--batch", stdin="".join(f"{blob.oid}\n" for blob in part).encode())
        start = 0
        while (end := found.find(b"\n", start) + 1) > 0:
            oid, kind, *size = found[start : end - 1].decode(errors="replace").split(" ")
            length = int(size[0]) if kind == "blob" else 0
            yield oid, found[end : end + length].decode(errors="replace")
            start = end + length + 1 if kind == "blob" else end


def added_lines(folder: Path, shas: Sequence[str]) -> dict[str, int]:
    """Return how many lines each commit adds to its parent; a merge, which adds none of its own, is left out.

    Raises:
        NotACloneError: git cannot read them.
    """
    added: dict[str, int] = {}
    for start in range(0, len(shas), _COMMITS_AT_ONCE):
        asked = "".join(f"{sha}\n" for sha in shas[start : start + _COMMITS_AT_ONCE]).encode()
        arguments = ("-c", "log.showRoot=true", "log", "--no-walk=unsorted", "--stdin", "--format=%x01%H %P", *_DIFF)
        sha = ""
        for line in git_output(folder, *arguments, stdin=asked).decode(errors="replace").split("\n"):
            if commit := _COMMIT.fullmatch(line):
                sha = "" if " " in commit[2] else commit[1]
                added.update({sha: 0} if sha else {})
            elif sha and (lines := _LINES.fullmatch(line)):
                added[sha] += int(lines[1])
    return added


def _portions(blobs: Iterable[NoteBlob]) -> Iterator[list[NoteBlob]]:
    """Divide notes into parts that are not too large at once."""
    part: list[NoteBlob] = []
    size = 0
    for blob in blobs:
        if blob.size > MOST_BYTES:
            continue
        if size + blob.size > _BYTES_AT_ONCE:
            yield part
            part, size = [], 0
        part.append(blob)
        size += blob.size
    if part:
        yield part
