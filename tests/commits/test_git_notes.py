"""Notes of real clones made by the git program."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from prodlens.commits import NoteBlob, added_lines, git_notes, note_texts, noted_commits
from prodlens.commits.git_history import NotACloneError
from tests.commits.test_git_history import git

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """Make a repository whose three commits and their merge add 3, 2, 1 and no lines."""
    folder = tmp_path / "clone"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    add(folder, "a.txt", "1\n2\n3\n")
    add(folder, "a.txt", "1\n2\n3\n4\n5\n")
    git(folder, "checkout", "-q", "-b", "topic", "HEAD~1")
    add(folder, 'b "x".txt', "1\n")
    git(folder, "checkout", "-q", "main")
    git(folder, "merge", "-q", "--no-ff", "-m", "Merge", "topic")
    return folder


def add(folder: Path, name: str, text: str) -> None:
    """Commit a file."""
    (folder / name).write_text(text)
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", f"Change {name}")


def shas(folder: Path) -> list[str]:
    """Return the commits, oldest first."""
    return git(folder, "rev-list", "--topo-order", "--reverse", "--first-parent", "main").split()


def write_note(folder: Path, sha: str, text: str) -> None:
    """Attach a note."""
    git(folder, "notes", "--ref=ai", "add", "-f", "-m", text, sha)


def test_notes_are_found_by_their_commits(clone: Path) -> None:
    """Each note has the sha of its commit, however git folds the tree, and its text as it was written."""
    for number, sha in enumerate(shas(clone)):
        write_note(clone, sha, f"Note {number}")
    blobs = noted_commits(clone)
    assert list(blobs) == sorted(shas(clone))
    texts = dict(note_texts(clone, blobs.values()))
    assert [texts[blobs[sha].oid] for sha in shas(clone)] == ["Note 0\n", "Note 1\n", "Note 2\n"]
    assert {blob.size for blob in blobs.values()} == {7}


def test_folded_trees_and_other_files(clone: Path) -> None:
    """A tree with folders of two digits is read, and what is not named like a commit is left out."""
    blob = git(clone, "hash-object", "-w", "a.txt").strip()
    sha = shas(clone)[0]
    for path, mode in ((f"{sha[:2]}/{sha[2:]}", "100644"), ("README", "100644"), (f"{sha[:2]}/link", "120000")):
        git(clone, "update-index", "--add", "--cacheinfo", f"{mode},{blob},{path}")
    git(clone, "rm", "-q", "--cached", "a.txt", 'b "x".txt')
    commit = git(clone, "commit-tree", "-m", "notes", git(clone, "write-tree").strip()).strip()
    git(clone, "update-ref", "refs/notes/ai", commit)
    assert noted_commits(clone) == {sha: NoteBlob(blob, 10)}


def test_a_clone_without_notes_has_none(clone: Path) -> None:
    """A missing reference is not an error, and a reference to something else gives nothing."""
    assert noted_commits(clone) == {}
    git(clone, "update-ref", "refs/notes/ai", git(clone, "hash-object", "-w", "a.txt").strip())
    assert noted_commits(clone) == {}


def test_large_notes_are_left_out_and_many_are_read_in_parts(clone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One beyond the limit has no text; the others are asked for in parts of a bounded size."""
    first, second, merge = shas(clone)
    for sha, length in ((first, 30), (second, 30), (merge, 90)):
        write_note(clone, sha, "x" * length)
    monkeypatch.setattr(git_notes, "MOST_BYTES", 80)
    monkeypatch.setattr(git_notes, "_BYTES_AT_ONCE", 40)
    write_note(clone, second, "y" * 30)
    blobs = noted_commits(clone)
    texts = dict(note_texts(clone, blobs.values()))
    assert sorted(texts.values()) == ["x" * 30 + "\n", "y" * 30 + "\n"]
    assert list(note_texts(clone, [])) == []


def test_a_note_that_is_missing_is_passed_over(clone: Path) -> None:
    """What git does not have, as in a damaged clone, has an empty text; the next is read all the same."""
    write_note(clone, shas(clone)[0], "Here")
    (blob,) = noted_commits(clone).values()
    gone = NoteBlob("0" * 40, 3)
    assert list(note_texts(clone, [gone, blob])) == [(gone.oid, ""), (blob.oid, "Here\n")]


def test_added_lines(clone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A root commit adds all of its lines, a merge is left out, and strange names of files do no harm."""
    first, second, merge = shas(clone)
    topic = git(clone, "rev-parse", "topic").strip()
    monkeypatch.setattr(git_notes, "_COMMITS_AT_ONCE", 3)
    assert added_lines(clone, [first, second, merge, topic]) == {first: 3, second: 2, topic: 1}
    assert added_lines(clone, []) == {}
    with pytest.raises(NotACloneError):
        added_lines(clone, ["0" * 40])


def test_a_hostile_clone_runs_nothing(clone: Path, tmp_path: Path) -> None:
    """Programs that the clone's own settings name for a diff are not started, and binary files have no lines."""
    proof = tmp_path / "ran"
    (clone / "c.bin").write_bytes(b"\0\1\2")
    (clone / ".gitattributes").write_text("*.txt diff=evil\n")
    add(clone, "a.txt", "6\n")
    for key in ("diff.external", "diff.evil.command", "diff.evil.textconv", "core.pager", "core.fsmonitor"):
        git(clone, "config", key, f"touch {proof}; cat")
    git(clone, "config", "log.showRoot", "false")
    head = git(clone, "rev-parse", "HEAD").strip()
    write_note(clone, head, "Note")
    assert added_lines(clone, [head, shas(clone)[0]]) == {head: 2, shas(clone)[0]: 3}
    assert len(dict(note_texts(clone, noted_commits(clone).values()))) == 1
    assert not proof.exists()
