"""The dead letters on disk."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from prodlens.errors import StorageError
from prodlens.trace_ingestion.dead_letters import DeadLetter, DeadLetterBox

if TYPE_CHECKING:
    from pathlib import Path

LETTERS = [
    DeadLetter("a.jsonl", 2, b"garbage", "invalid JSON"),
    DeadLetter("a.jsonl", 5, b"\xff\xfe", "invalid UTF-8"),
    DeadLetter("a.jsonl", 9, b"garbage", "invalid JSON"),
]


def test_written_once_byte_for_byte(tmp_path: Path) -> None:
    """The same lines of the same places are written once, equal lines of different places each."""
    for _ in range(2):
        DeadLetterBox(tmp_path).add("a", LETTERS)
    box = DeadLetterBox(tmp_path)
    assert box.letters_path("a").read_bytes() == b"garbage\n\xff\xfe\ngarbage\n"
    assert list(box.read("a")) == LETTERS
    assert box.stems() == ["a"]


@pytest.mark.parametrize("cut", [1, 5, 9, 12])
def test_a_killed_run_is_mended(tmp_path: Path, cut: int) -> None:
    """Wherever the files were cut off, adding the same letters again gives the same files."""
    box = DeadLetterBox(tmp_path)
    box.add("a", LETTERS)
    whole = box.letters_path("a").read_bytes()
    box.letters_path("a").write_bytes(whole[:-cut])
    box.reasons_path("a").write_bytes(b"")
    assert DeadLetterBox(tmp_path).add("a", LETTERS) == 3
    assert sorted(box.letters_path("a").read_bytes().split(b"\n")) == sorted(whole.split(b"\n"))
    assert {letter.line for letter in box.read("a")} == {2, 5, 9}


def test_lines_taken_out_by_hand_are_written_again(tmp_path: Path) -> None:
    """A sidecar without its lines hides nothing; a line without a reason is listed all the same."""
    box = DeadLetterBox(tmp_path)
    box.add("a", LETTERS)
    box.letters_path("a").unlink()
    assert DeadLetterBox(tmp_path).add("a", LETTERS) == 3
    assert len(list(box.read("a"))) == 3
    box.reasons_path("a").write_bytes(b"edited\n{}\n")
    assert {letter.reason for letter in box.read("a")} == {"not recorded"}


def test_replacing_leaves_what_is_given(tmp_path: Path) -> None:
    """Letters that could be used leave the box, and the last one takes the files with it."""
    box = DeadLetterBox(tmp_path)
    box.add("a", LETTERS)
    box.replace("a", LETTERS[1:2])
    assert list(box.read("a")) == LETTERS[1:2]
    box.replace("a", [])
    assert box.stems() == []


def test_an_unwritable_folder_is_an_outside_error(tmp_path: Path) -> None:
    """A folder that cannot be written is said by name."""
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StorageError, match="file"):
        DeadLetterBox(tmp_path / "file" / "box").add("a", LETTERS)
