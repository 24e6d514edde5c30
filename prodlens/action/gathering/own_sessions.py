"""The sessions that coding tools keep on this machine, and which of them are of the repositories reported on.

A session says in which folder it ran, or of which remote. Its folder may be a clone of the repository anywhere, or gone
by now; then it still counts when it lay inside this clone, as the worktrees that tools make do. What says neither is
left out: it may be of any repository.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from prodlens.commits import GitHistoryError, origin_slug
from prodlens.json_values import clean_text, mapping
from prodlens.slugs import slug_from_remote

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

_HEAD_LINES = 80  # of a session, in which one names its folder
_LINE_BYTES = 1024**2
_SHARES = ("//", "\\\\")  # of a network, which nothing is asked of
_NONE = ""
_COPILOT_FILE = "COPILOT_OTEL_FILE_EXPORTER_PATH"


class _Session(NamedTuple):
    """A session as it lies there: what to read, the folder in which it ran, and the repository that it names."""

    path: Path
    folder: str | None
    repository: str | None = None


@dataclass(slots=True)
class KeptSessions:
    """What one tool keeps in one folder.

    Attributes:
        tool: Name of the tool.
        folder: Where it keeps its sessions.
        own: What to read, by the repository that it is of.
        others: Number of sessions of other repositories.
        unknown: Number of sessions of which nothing says whose they are, or which cannot be read.
    """

    tool: str
    folder: Path
    own: dict[str, list[Path]] = field(default_factory=dict)
    others: int = 0
    unknown: int = 0

    @property
    def sentence(self) -> str:
        """Say how many sessions were found and which were left out."""
        found = sum(map(len, self.own.values()))
        total = found + self.others + self.unknown
        noun = "session" if total == 1 else "sessions"
        told = f"{self.tool}: read {found} of {total} {noun} in {self.folder}, those of this repository"
        left = [f"{self.others} of other repositories"] if self.others else []
        left += [f"{self.unknown} that do not say of which"] if self.unknown else []
        return f"{told}; left out: {' and '.join(left)}." if left else f"{told}."


def find_sessions(environ: Mapping[str, str], clone: Path, repositories: Sequence[str]) -> list[KeptSessions]:
    """Return what each tool of this machine keeps, where it keeps anything.

    Args:
        environ: Where the home is, and where the variables of the tools say that their files are.
        clone: A folder of the clone that the report is made in.
        repositories: Slugs of the repositories reported on.
    """
    folders = _Folders(clone, frozenset(repositories))
    found = []
    for tool, folder, sessions in _places(environ, folders.root):
        if _is_folder(folder):
            kept = KeptSessions(tool, folder)
            for session in sessions(folder):
                folders.sort_in(session, kept)
            found.append(kept)
    return [kept for kept in found if kept.own or kept.others or kept.unknown]


def unreadable_sessions(environ: Mapping[str, str]) -> list[str]:
    """Return a sentence for each tool that keeps something here which cannot be told apart by repository, or read."""
    notes = []
    home = _home(environ)
    if (file := environ.get(_COPILOT_FILE)) and Path(file).is_file():
        notes.append(
            f"Copilot CLI: {file} names no repository; if it is all of this one, name it with --trace-paths {file}"
        )
    elif home and _is_folder(home / ".copilot/session-state"):
        notes.append(f"Copilot CLI: its own sessions are not read; let it write calls to a file ({_COPILOT_FILE}).")
    database = _data(environ, home) / "opencode/opencode.db" if home else None
    if database and database.is_file():
        notes.append(f"opencode: {database} is not read; give what `opencode export` writes with --trace-paths.")
    return notes


@dataclass
class _Folders:
    """Which repository the folders of sessions are of; each is asked about once."""

    clone: Path
    repositories: frozenset[str]
    known: dict[str, str | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        here = self.clone.resolve()
        self.root = next((folder for folder in (here, *here.parents) if (folder / ".git").exists()), here)
        self.slug = _origin(self.root)

    def sort_in(self, session: _Session, kept: KeptSessions) -> None:
        """Count a session where it belongs."""
        repository = session.repository or self._repository_of(session.folder)
        if repository is None:
            kept.unknown += 1
        elif repository in self.repositories:
            kept.own.setdefault(repository, []).append(session.path)
        else:
            kept.others += 1

    def _repository_of(self, folder: str | None) -> str | None:
        """Return the repository of a folder, empty for a folder of none; None where nothing says of which."""
        if folder is None or folder.startswith(_SHARES) or not Path(folder).is_absolute():
            return None
        if folder not in self.known:
            self.known[folder] = self._asked(Path(folder))
        return self.known[folder]

    def _asked(self, folder: Path) -> str | None:
        if _is_folder(folder):
            return _origin(folder) or _NONE
        return self.slug if folder.is_relative_to(self.root) and ".." not in folder.parts else None


def _origin(folder: Path) -> str | None:
    try:
        return origin_slug(folder)
    except GitHistoryError:
        return None


# Where the tools keep their sessions ----------------------------------------------------------------------------------


def _places(environ: Mapping[str, str], root: Path) -> Iterator[tuple[str, Path, Callable[[Path], Iterable[_Session]]]]:
    """Yield tool, folder, and what lists the sessions in it."""
    home = _home(environ)
    if configured := environ.get("CLAUDE_CONFIG_DIR"):
        claude = [Path(configured)]
    else:
        claude = [home / ".claude", _variable(environ, "XDG_CONFIG_HOME", home / ".config") / "claude"] if home else []
    for folder in claude:
        yield "Claude Code", folder / "projects", lambda place: _headed(place, "*.jsonl")
    if home is None and not environ.get("CODEX_HOME"):
        return
    codex = _variable(environ, "CODEX_HOME", (home or Path()) / ".codex")
    for name in ("sessions", "archived_sessions"):
        yield "Codex", codex / name, lambda place: _headed(place, "rollout-*.jsonl")
    if home is not None:
        gemini = _variable(environ, "GEMINI_CLI_HOME", home) / ".gemini/tmp"
        yield "Gemini CLI", gemini, lambda place: _gemini(place, root)
        yield "opencode", _data(environ, home) / "opencode/storage/message", _opencode


def _is_folder(path: Path) -> bool:
    """Return whether a folder is there; one that may not be looked at, or has an impossible name, is not."""
    try:
        return path.is_dir()
    except (OSError, ValueError):
        return False


def _home(environ: Mapping[str, str]) -> Path | None:
    home = environ.get("HOME") or environ.get("USERPROFILE")
    return Path(home) if home else None


def _variable(environ: Mapping[str, str], name: str, default: Path) -> Path:
    return Path(environ[name]) if environ.get(name) else default


def _data(environ: Mapping[str, str], home: Path | None) -> Path:
    return _variable(environ, "XDG_DATA_HOME", (home or Path()) / ".local/share")


def _headed(folder: Path, pattern: str) -> Iterator[_Session]:
    """Yield sessions whose first lines name the folder: those of Claude Code and Codex."""
    for path in sorted(folder.rglob(pattern)):
        yield _Session(path, *_head(path))


def _head(path: Path) -> tuple[str | None, str | None]:
    """Return the folder and the repository that the first lines of a session name."""
    try:
        with path.open("rb") as lines:
            for _ in range(_HEAD_LINES):
                line = lines.readline(_LINE_BYTES)
                if not line:
                    break
                if b'"cwd"' not in line:
                    continue
                record = _parsed(line)
                payload = mapping(record.get("payload"))
                folder = clean_text(record.get("cwd")) or clean_text(payload.get("cwd"))
                if folder:
                    url = clean_text(mapping(payload.get("git")).get("repository_url"))
                    return folder, slug_from_remote(url) if url else None
    except OSError:
        pass
    return None, None


def _gemini(folder: Path, root: Path) -> Iterator[_Session]:
    """Yield chat files: each project has a folder, which names its path in a file or is named by that path's digest."""
    here = hashlib.sha256(str(root).encode()).hexdigest()
    for project in _entries(folder):
        named = _text(project / ".project_root")
        where = named or (str(root) if project.name == here else None)
        for path in sorted((project / "chats").glob("session-*.json*")):
            yield _Session(path, where)


def _opencode(folder: Path) -> Iterator[_Session]:
    """Yield the folders of messages, one for each session; an answer names the folder in which it ran."""
    for session in _entries(folder):
        places = (mapping(_parsed(_text(path) or "").get("path")) for path in sorted(session.glob("msg_*.json")))
        where = next(
            (found for place in places if (found := clean_text(place.get("cwd")) or clean_text(place.get("root")))),
            None,
        )
        yield _Session(session, where)


def _entries(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if _is_folder(path))
    except OSError:
        return []


def _text(path: Path) -> str | None:
    try:
        with path.open("rb") as stream:
            return stream.read(_LINE_BYTES).decode(errors="replace").strip()
    except OSError:
        return None


def _parsed(text: bytes | str) -> Mapping[str, Any]:
    try:
        return mapping(json.loads(text))
    except (ValueError, RecursionError):
        return {}
