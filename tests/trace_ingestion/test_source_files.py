"""A tool's files give the same calls in whatever pieces and however often they are ingested."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from tests.examples import examples
from tests.trace_files import records
from tests.trace_project import TraceProject, lines

if TYPE_CHECKING:
    from pathlib import Path

# Each file's records stand for themselves: they may be cut anywhere and come in any order.
FREE: list[str] = [
    "copilot_cli_otel.jsonl",
    "copilot_vscode_otel.jsonl",
    "gh_aw_token_usage.jsonl",
    "gemini_logs.otlp.jsonl",
    "opencode_messages.jsonl",
    "opencode_export.json",
    "amp_thread.json",
    "amp_ledger.json",
    "langfuse_observations.jsonl",
    "langfuse_trace.json",
    "langfuse_spans.otlp.jsonl",
]
# Later records of these belong to earlier ones of the same file, which is therefore given whole.
WHOLE: list[str] = ["gemini_telemetry.jsonl", "gemini_chat.json", "gemini_chat.jsonl", "cline_ui_messages.json"]


def stored(folder: Path, files: list[list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """Return the calls of a new store after the files are ingested one after the other."""
    with TraceProject(folder) as project:
        for number, file in enumerate(files):
            project.ingest(lines(*file), f"{number}.jsonl")
        return project.rows()


@pytest.mark.parametrize("name", FREE)
@examples(5, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_pieces_in_any_order(name: str, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    """Records shuffled, cut into files, repeated and put together again are the same calls."""
    whole = records(name)
    shuffled = data.draw(st.permutations(whole)) + data.draw(st.lists(st.sampled_from(whole), max_size=3))
    cut = data.draw(st.integers(0, len(shuffled)))
    expected = stored(tmp_path_factory.mktemp("whole"), [whole])
    assert stored(tmp_path_factory.mktemp("pieces"), [shuffled[:cut], shuffled[cut:]]) == expected
    assert expected


@pytest.mark.parametrize("name", WHOLE)
def test_a_file_twice_or_with_another(name: str, tmp_path: Path) -> None:
    """A file ingested twice, or put after itself in one file, is the same calls."""
    whole = records(name)
    expected = stored(tmp_path / "once", [whole])
    assert expected
    assert stored(tmp_path / "twice", [whole, whole]) == expected
    assert stored(tmp_path / "joined", [whole + whole]) == expected
