"""However the files of a run are named, ordered, copied, split and joined, the store is the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from tests.examples import examples
from tests.trace_project import DATA, TraceProject

if TYPE_CHECKING:
    from pathlib import Path

# The files that one run of a tool left: two sessions of Claude Code with what its telemetry, its action and the proxy
# between wrote of them, a session of Codex, and LiteLLM's logs.
RUNS = {
    "Claude Code": (
        "claude_code_7fabc0bc.jsonl",
        "claude_code_15adb190.jsonl",
        "claude_code_otel_joined.otlp.jsonl",
        "litellm_proxy_joined.jsonl",
    ),
    "LiteLLM": ("litellm_proxy.jsonl", "litellm_failures.jsonl", "litellm_standard_logging.jsonl"),
    "spans": ("openinference_otlp.jsonl", "genai_otlp.jsonl", "phoenix_spans_dataframe.jsonl"),
    "Codex": ("codex_rollout.jsonl", "codex_otel_logs.otlp.jsonl"),
}
# A line of a rollout is read by what earlier lines said of its session, and the result of an edit by the edit that was
# proposed before it, so that neither rollouts nor transcripts are split.
WHOLE = {"codex_rollout.jsonl", "claude_code_7fabc0bc.jsonl", "claude_code_15adb190.jsonl"}


def stored(folder: Path, files: list[bytes]) -> tuple[Any, ...]:
    """Return calls and lake after the ingestion of files, in their order."""
    with TraceProject(folder) as project:
        for number, data in enumerate(files):
            path = folder / f"{number}.jsonl"
            path.write_bytes(data)
        project.ingestor.ingest([folder / f"{number}.jsonl" for number in range(len(files))])
        return project.rows(), project.lake()


@st.composite
def arrangements(draw: st.DrawFn, names: tuple[str, ...]) -> list[bytes]:
    """Draw other files of the same lines: split, given twice, shuffled, and some joined with the next one."""
    parts: list[bytes] = []
    for name in names:
        lines = DATA.joinpath(name).read_bytes().splitlines(keepends=True)
        at = 0 if name in WHOLE else draw(st.integers(0, len(lines)))
        pieces = [b"".join(piece) for piece in (lines[:at], lines[at:]) if piece]
        parts += [piece for piece in pieces for _ in range(draw(st.integers(1, 2)))]
    files: list[bytes] = []
    for part in draw(st.permutations(parts)):
        joined: bool = draw(st.booleans())
        if files and joined:
            files[-1] += part
        else:
            files.append(part)
    return files


@pytest.mark.parametrize("run", RUNS)
@examples(12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_files_in_any_arrangement_give_the_same_store(
    tmp_path_factory: pytest.TempPathFactory, run: str, data: st.DataObject
) -> None:
    """What is stored of a run depends on the set of its records alone."""
    expected = stored(tmp_path_factory.mktemp("given"), [DATA.joinpath(name).read_bytes() for name in RUNS[run]])
    assert stored(tmp_path_factory.mktemp("arranged"), data.draw(arrangements(RUNS[run]))) == expected
