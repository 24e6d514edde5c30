"""The files of one run of a tool give the same store however they are shuffled, split, repeated or put together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.examples import examples
from tests.trace_project import DATA, TraceProject

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

CASES = DATA.parent / "cases"
# The files of a run, and whether each of their lines stands for itself so that a file may be cut between any two.
RUNS: dict[str, tuple[list[Path], bool]] = {
    "claude-code": (sorted(DATA.glob("claude_code_*[0-9a-f].jsonl")), True),
    "claude-code-constant-id": (
        [
            *sorted((CASES / "61-gateway-constant-id-one-call-a-session").glob("*/*.jsonl")),
            *sorted((CASES / "73-gateway-constant-id-with-request-ids-over-files").glob("*/*.jsonl")),
            CASES / "62-gateway-constant-id-with-request-ids" / "input.jsonl",
        ],
        True,
    ),
    "litellm": (sorted(DATA.glob("litellm_*.jsonl"))[:4], True),
    "codex-forked": (
        [
            *sorted((CASES / "12-codex-fork-replays-parent-restamped").glob("*/*.jsonl")),
            *sorted((CASES / "57-codex-fork-with-old-times-and-records").glob("*/*.jsonl")),
            DATA / "codex_rollout.jsonl",
        ],
        False,
    ),
    "claude-code-spans": (sorted((CASES / "70-claude-code-spans-beside-its-logs").glob("*/*.jsonl")), True),
    "spans": ([CASES / "24-pydantic-ai-agent-run-span" / "input.jsonl", DATA / "genai_otlp.jsonl"], True),
}


def pieces(name: str) -> list[list[bytes]]:
    """Return the lines of each file of a run."""
    return [path.read_bytes().splitlines(keepends=True) for path in RUNS[name][0]]


def figures(folder: Path, files: Sequence[Sequence[bytes]]) -> tuple[list[tuple[Any, ...]], float]:
    """Return the calls of a new store with their tokens and sessions, and the sum of their costs."""
    with TraceProject(folder) as project:
        paths = []
        for number, lines in enumerate(files):
            path = folder / f"{number}.jsonl"
            path.write_bytes(b"".join(line if line.endswith(b"\n") else line + b"\n" for line in lines))
            paths.append(path)
        project.ingestor.ingest(paths)
        rows = project.rows()
    calls = sorted((row["session_id"] or "", row["tokens_in"], row["tokens_out"], row["timestamp"]) for row in rows)
    return calls, round(sum(row["cost_usd"] or 0.0 for row in rows), 9)


@st.composite
def arrangements(draw: st.DrawFn, name: str) -> list[list[bytes]]:
    """Return the files of a run in another order, some cut in two, some repeated, some put together."""
    files: list[list[bytes]] = []
    for lines in pieces(name):
        cut = draw(st.integers(0, len(lines))) if RUNS[name][1] else 0
        files += [part for part in (lines[:cut], lines[cut:]) if part]
    files += draw(st.lists(st.sampled_from(files), max_size=2))
    files = draw(st.permutations(files))
    together = draw(st.integers(0, len(files)))
    joined = [line for lines in files[:together] for line in lines]
    return [joined, *files[together:]] if joined else [*files]


@pytest.mark.parametrize("name", RUNS)
@examples(12)
@given(st.data())
def test_any_arrangement_gives_the_same_store(
    tmp_path_factory: pytest.TempPathFactory, name: str, data: st.DataObject
) -> None:
    """Calls, tokens and costs are those of the files as the tool wrote them."""
    expected = figures(tmp_path_factory.mktemp("given"), pieces(name))
    assert expected[0]
    assert figures(tmp_path_factory.mktemp("other"), data.draw(arrangements(name))) == expected
