"""The sessions that coding tools keep on this machine: those of the repository reported on, and what is left out."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from prodlens.action.gathering.own_sessions import KeptSessions, find_sessions, unreadable_sessions

if TYPE_CHECKING:
    from pathlib import Path

SLUG = "octo/hello"


@dataclass
class Machine:
    """A home with sessions, and clones in it."""

    home: Path

    def clone(self, name: str, slug: str | None = None) -> Path:
        """Make a folder; with a slug it is a clone of that repository."""
        folder = self.home / name
        folder.mkdir(parents=True)
        if slug:
            environ = {"PATH": os.environ["PATH"], "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
            remote = ("remote", "add", "origin", f"git@github.com:{slug}.git")
            for command in (("init", "-q"), remote):
                subprocess.run(["git", *command], cwd=folder, check=True, env=environ)
        return folder

    def write(self, name: str, *records: Any) -> Path:
        """Write a file of JSON lines below the home."""
        path = self.home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(json.dumps(record) for record in records) + "\n", encoding="utf-8")
        return path

    def claude(self, session: str, folder: object, base: str = ".claude") -> Path:
        """Write a transcript of Claude Code whose third line names its folder."""
        lines = ({"type": "summary"}, {"type": "mode", "sessionId": session}, {"type": "user", "cwd": str(folder)})
        return self.write(f"{base}/projects/-some-folder/{session}.jsonl", *lines)

    def find(self, clone: Path, **environ: str) -> dict[str, KeptSessions]:
        """Return what each tool keeps, by its name."""
        found = find_sessions({"HOME": str(self.home), **environ}, clone, [SLUG])
        return {kept.tool: kept for kept in found}


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """Return a machine with an empty home."""
    return Machine(tmp_path)


def test_sessions_are_told_apart_by_the_folder_in_which_they_ran(machine: Machine) -> None:
    """Every clone of the repository counts, and a folder inside this one that is gone; other folders do not."""
    here = machine.clone("work/hello", SLUG)
    (here / "src").mkdir()
    folders = {
        "inside": here / "src",
        "second clone": machine.clone("again", SLUG.upper()),
        "gone worktree": here / ".claude/worktrees/fix",
        "another": machine.clone("work/other", "octo/other"),
        "another inside": machine.clone("work/hello/vendor", "octo/vendored"),
        "no clone": machine.clone("notes"),
        "gone": machine.home / "work/long-gone",
        "way out": here / "../../etc",
        "relative": "hello",
        "share": f"/{here}",
    }
    files = {name: machine.claude(name.replace(" ", "-"), folder) for name, folder in folders.items()}
    machine.write(".claude/projects/-some-folder/empty.jsonl", {"type": "summary"})
    kept = machine.find(here / "src")["Claude Code"]
    assert sorted(kept.own[SLUG]) == sorted(files[name] for name in ("inside", "second clone", "gone worktree"))
    assert (list(kept.own), kept.others, kept.unknown) == ([SLUG], 3, 5)
    assert kept.sentence == (
        f"Claude Code: read 3 of 11 sessions in {machine.home}/.claude/projects, those of this repository; "
        "left out: 3 of other repositories and 5 that do not say of which."
    )


def test_a_remote_that_a_session_names_goes_before_its_folder(machine: Machine) -> None:
    """A rollout of Codex names the remote, so it counts wherever it ran, and in this clone it may be of another."""
    here = machine.clone("hello", SLUG)

    def rollout(name: str, folder: object, url: str | None) -> Path:
        git = {"git": {"repository_url": url}} if url else {}
        meta = {"type": "session_meta", "payload": {"id": name, "cwd": str(folder), **git}}
        return machine.write(f".codex/sessions/2026/11/23/rollout-{name}.jsonl", meta)

    mine = [
        rollout("gone", "/nowhere/at/all", "https://github.com/Octo/Hello.git"),
        rollout("here", here, None),
        rollout("odd", here, "not a remote"),
    ]
    rollout("other", here, "https://github.com/octo/other")
    kept = machine.find(here)["Codex"]
    assert (sorted(kept.own[SLUG]), kept.others, kept.unknown) == (sorted(mine), 1, 0)
    assert kept.sentence.endswith("; left out: 1 of other repositories.")


def test_gemini_names_a_project_in_a_file_or_by_a_digest(machine: Machine) -> None:
    """A project folder says which folder it is of; the digest of another folder says nothing."""
    here = machine.clone("hello", SLUG)
    digest = hashlib.sha256(str(here).encode()).hexdigest()
    own = [
        machine.write(f".gemini/tmp/{digest}/chats/session-1.json", {}),
        machine.write(".gemini/tmp/hello/chats/session-2.jsonl", {}),
    ]
    (machine.home / ".gemini/tmp/hello/.project_root").write_text(f"{here}\n")
    machine.write(f".gemini/tmp/{digest}/logs.json", [])
    machine.write(f".gemini/tmp/{'0' * 64}/chats/session-3.json", {})
    machine.write(".gemini/tmp/bin.json", {})
    kept = machine.find(here)["Gemini CLI"]
    assert (sorted(kept.own[SLUG]), kept.others, kept.unknown) == (sorted(own), 0, 1)


def test_opencode_names_the_folder_in_an_answer(machine: Machine) -> None:
    """A session of opencode is a folder of messages, of which the answers say where it ran."""
    here = machine.clone("hello", SLUG)
    place = ".local/share/opencode/storage/message"
    machine.write(f"{place}/ses_1/msg_1.json", {"role": "user"})
    answer = machine.write(f"{place}/ses_1/msg_2.json", {"role": "assistant", "path": {"cwd": str(here)}})
    machine.write(f"{place}/ses_2/msg_1.json", {"path": {"root": "/elsewhere"}})
    (machine.home / place / "ses_2/msg_0.json").write_text("[" * 100_000)
    kept = machine.find(here)["opencode"]
    assert (kept.own, kept.others, kept.unknown) == ({SLUG: [answer.parent]}, 0, 1)


def test_the_tools_variables_say_where_their_files_are(machine: Machine) -> None:
    """CLAUDE_CONFIG_DIR, CODEX_HOME, XDG_DATA_HOME and GEMINI_CLI_HOME take the place of the folders at home."""
    here = machine.clone("hello", SLUG)
    machine.claude("at-home", here)
    moved = machine.claude("moved", here, base="elsewhere")
    machine.write("codex/archived_sessions/rollout-1.jsonl", {"payload": {"cwd": str(here)}})
    machine.write("data/opencode/storage/message/ses_1/msg_1.json", {"path": {"cwd": str(here)}})
    machine.write("g/.gemini/tmp/x/chats/session-1.json", {})
    names = {"CLAUDE_CONFIG_DIR": "elsewhere", "CODEX_HOME": "codex", "XDG_DATA_HOME": "data", "GEMINI_CLI_HOME": "g"}
    found = machine.find(here, **{name: str(machine.home / folder) for name, folder in names.items()})
    assert found["Claude Code"].own == {SLUG: [moved]}
    assert sorted(found) == ["Claude Code", "Codex", "Gemini CLI", "opencode"]
    assert machine.find(here, HOME="", CODEX_HOME=str(machine.home / "codex")).keys() == {"Codex"}
    assert machine.find(here, HOME="") == {}
    assert machine.find(here, HOME="", USERPROFILE=str(machine.home))["Claude Code"].own
    by_xdg = machine.claude("xdg", here, base=".config/claude")
    assert [kept.own.get(SLUG) for kept in find_sessions({"HOME": str(machine.home)}, here, [SLUG])][1] == [by_xdg]


def test_files_that_cannot_be_read_are_left_out(machine: Machine) -> None:
    """A link to nothing, a folder named like a session and a line without an end are counted, and fail nothing."""
    here = machine.clone("hello", SLUG)
    file = machine.claude("good", here)
    file.with_name("nothing.jsonl").symlink_to(machine.home / "nowhere")
    file.with_name("folder.jsonl").mkdir()
    file.with_name("long.jsonl").write_bytes(b'{"cwd": "' + b"x" * 3_000_000)
    kept = machine.find(here)["Claude Code"]
    assert (kept.own, kept.others, kept.unknown) == ({SLUG: [file]}, 0, 3)


@pytest.mark.parametrize("folder", ["/" + "x" * 5000, "/a\0b", "/a\nb", "", 7, None, ["/a"], {"/a": 1}])
def test_a_folder_may_be_anything(machine: Machine, folder: object) -> None:
    """What a session gives as its folder is not trusted to be one."""
    here = machine.clone("hello", SLUG)
    machine.write(
        ".claude/projects/x/odd.jsonl", {"cwd": folder, "payload": folder}, [1], "cwd", {"payload": {"cwd": folder}}
    )
    machine.write(".codex/sessions/rollout-1.jsonl", {"payload": {"cwd": folder, "git": folder}})
    machine.write(".local/share/opencode/storage/message/ses_1/msg_1.json", {"path": {"cwd": folder, "root": folder}})
    machine.write(".gemini/tmp/x/chats/session-1.json", {})
    (machine.home / ".gemini/tmp/x/.project_root").write_text(str(folder))
    found = machine.find(here)
    assert {kept.tool: (kept.own, kept.others, kept.unknown) for kept in found.values()} == dict.fromkeys(
        ["Claude Code", "Codex", "Gemini CLI", "opencode"], ({}, 0, 1)
    )


def test_outside_a_clone_nothing_is_taken_for_the_folders_own(machine: Machine) -> None:
    """A folder that is not a clone gives its sessions to no repository."""
    here = machine.clone("notes")
    machine.claude("one", here)
    machine.claude("gone", here / "gone")
    kept = machine.find(here)["Claude Code"]
    assert (kept.own, kept.others, kept.unknown) == ({}, 1, 1)


def test_one_session_is_not_several(machine: Machine) -> None:
    """The sentence is grammatical for a single session, and names nothing left out where nothing was."""
    here = machine.clone("hello", SLUG)
    machine.claude("one", here)
    sentence = machine.find(here)["Claude Code"].sentence
    assert sentence == (
        f"Claude Code: read 1 of 1 session in {machine.home}/.claude/projects, those of this repository."
    )


def test_what_cannot_be_told_apart_is_named(machine: Machine) -> None:
    """Copilot's file names no repository, and neither its own sessions nor opencode's database are read."""
    environ = {"HOME": str(machine.home)}
    assert unreadable_sessions({}) == unreadable_sessions(environ) == []
    (machine.home / ".copilot/session-state").mkdir(parents=True)
    database = machine.write(".local/share/opencode/opencode.db")
    copilot, opencode = unreadable_sessions(environ)
    assert "COPILOT_OTEL_FILE_EXPORTER_PATH" in copilot
    assert str(database) in opencode
    calls = machine.write("calls.jsonl")
    named = unreadable_sessions({"COPILOT_OTEL_FILE_EXPORTER_PATH": str(calls)})
    assert named == [
        f"Copilot CLI: {calls} names no repository; if it is all of this one, name it with --trace-paths {calls}"
    ]
