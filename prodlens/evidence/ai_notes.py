"""What a git note at ``refs/notes/ai`` says: which lines of its commit agents wrote, in git-ai's formats.

Format 3 (``authorship/3.0.0``) lists, file by file, ``KEY RANGES`` below each path, then a line ``---``, then JSON that
says which agent a key stands for. A key is ``s_SESSION::t_TRACE``, ``h_PERSON`` (earlier ``human``), or a bare hash of
7 or 16 digits in what was written before sessions. Format 0 (``authorship/0.0.1``) is JSON alone, with the authors of
each file by name. A text that was cut keeps the lines that it still shows.
"""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from prodlens.evidence.signatures import tool_named
from prodlens.json_values import clean_text, mapping, sequence

if TYPE_CHECKING:
    from collections.abc import Iterator

_RANGE = re.compile(r"(\d{1,7})(?:-(\d{1,7}))?")
_DIVIDER = re.compile(r"^---$", re.MULTILINE)
_MOST_AGENTS = 20
_LONGEST_NAME = 100
_UNKNOWN_MODELS = {"unknown", "default", "<synthetic>"}
_PERSON = "h_"

Agent = tuple[str, str]
# A file, who wrote the lines (None: a person), first and last line.
_Marked = tuple[str, Agent | None, int, int]


class AiNote(NamedTuple):
    """The lines of a commit that a note marks.

    Attributes:
        ai_lines: Lines that agents wrote, each counted once.
        human_lines: Lines that a person was seen typing.
        agents: Tool as the note names it, model and lines of each agent, most lines first; unknown names are empty.
    """

    ai_lines: int
    human_lines: int
    agents: tuple[tuple[str, str, int], ...]


def read_note(text: str) -> AiNote:
    """Return what the text of a note marks; nothing if its format is not known."""
    of_agents, of_people = _Lines(), _Lines()
    by_agent: dict[Agent, _Lines] = defaultdict(_Lines)
    for file, agent, first, last in _format_0(text) if text.lstrip().startswith("{") else _format_3(text):
        for lines in (of_people,) if agent is None else (of_agents, by_agent[agent]):
            lines.ranges[file].append((first, last))
    agents = [(*agent, lines.count()) for agent, lines in by_agent.items()]
    return AiNote(
        ai_lines=of_agents.count(),
        human_lines=of_people.count(),
        agents=tuple(sorted((a for a in agents if a[2]), key=lambda agent: (-agent[2], agent))[:_MOST_AGENTS]),
    )


class _Lines:
    """Lines of files, some of them marked more than once."""

    def __init__(self) -> None:
        self.ranges: dict[str, list[tuple[int, int]]] = defaultdict(list)

    def count(self) -> int:
        """Return how many different lines there are."""
        total = 0
        for ranges in self.ranges.values():
            end = 0
            for first, last in sorted(ranges):
                total += max(last - max(first - 1, end), 0)
                end = max(end, last)
        return total


def _format_3(text: str) -> Iterator[_Marked]:
    divider = _DIVIDER.search(text)
    attestation, metadata = (text[: divider.start()], _json(text[divider.end() :])) if divider else (text, None)
    file, agents = "", _Agents(metadata)
    for line in attestation.splitlines():
        key, _, ranges = line.strip().partition(" ")
        if not line.startswith("  "):
            file = line
        elif ranges and (key == "human" or key.startswith(_PERSON) or key in agents):
            for part in ranges.split(","):
                if found := _RANGE.fullmatch(part):
                    yield file, agents.get(key), int(found[1]), int(found[2] or found[1])


class _Agents:
    """Which agent a key of the attestation stands for.

    A key that is missing from complete metadata belongs to nobody, and its lines are not counted. Where the metadata
    were cut off, every key that is not a person's counts as an agent without a name.
    """

    def __init__(self, metadata: dict[str, Any] | None) -> None:
        self._is_cut = metadata is None
        self._records = {**mapping((metadata or {}).get("prompts")), **mapping((metadata or {}).get("sessions"))}

    def __contains__(self, key: str) -> bool:
        return self._is_cut or key.partition("::")[0] in self._records

    def get(self, key: str) -> Agent | None:
        """Return tool and model; None for a person."""
        if key == "human" or key.startswith(_PERSON):
            return None
        agent = mapping(mapping(self._records.get(key.partition("::")[0])).get("agent_id"))
        return _named(agent.get("tool"), agent.get("model"))


def _format_0(text: str) -> Iterator[_Marked]:
    for file, content in mapping((_json(text) or {}).get("files")).items():
        for entry in sequence(mapping(content).get("authors")):
            author, record = (
                clean_text(mapping(entry).get("author")) or "",
                mapping(mapping(entry).get("agent_metadata")),
            )
            by_agent = bool(record) or bool(tool_named(author))
            agent = _named(author, record.get("model")) if by_agent else None
            for lines in sequence(mapping(entry).get("lines")):
                ends = lines if isinstance(lines, list) else [lines]
                if ends and all(type(end) is int and 0 < end < 10**7 for end in ends):
                    yield str(file), agent, ends[0], ends[-1]


def _named(tool: object, model: object) -> Agent:
    name = (clean_text(model) or "")[:_LONGEST_NAME]
    return (clean_text(tool) or "")[:_LONGEST_NAME], "" if name.lower() in _UNKNOWN_MODELS else name


def _json(text: str) -> dict[str, Any] | None:
    try:
        return dict(mapping(orjson.loads(text)))
    except orjson.JSONDecodeError:
        return None
