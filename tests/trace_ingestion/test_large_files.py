"""Large files of what people have: calls beside records that are not calls, failures and lines that cannot be used."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
import pytest

from prodlens.trace_ingestion import batches
from tests import trace_files
from tests.trace_project import TraceProject, lines, record

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.trace_project import Opener

    Log = Callable[[int], bytes]


def transcript(number: int) -> bytes:
    """Return a session of Claude Code: five calls in 19 lines, of which six are events without a call."""
    data = trace_files.FOLDER.joinpath("claude_code_7fabc0bc.jsonl").read_bytes()
    for prefix in (b'"msg_', b'"req_', b'"toolu_'):
        data = data.replace(prefix, b"%s%d_" % (prefix, number))
    return data


def proxy_log(number: int) -> bytes:
    """Return lines of LiteLLM: two calls, an embedding, two failures, and a line that was cut."""
    records = [*trace_files.records("litellm_standard_logging.jsonl"), *trace_files.records("litellm_failures.jsonl")]
    for each in records:
        each.update({name: f"{each[name]}-{number}" for name in ("id", "litellm_call_id") if each.get(name)})
    return lines(*records, b'{"id": "chatcmpl-')


LOGS = pytest.mark.parametrize(
    ("log", "each"),
    [
        (transcript, {"entries": 19, "stored": 5, "skipped": {"session event": 6}, "dead": 0}),
        (proxy_log, {"entries": 6, "stored": 4, "skipped": {"embedding": 1}, "dead": 1}),
    ],
    ids=["Claude Code", "LiteLLM"],
)


def state(project: TraceProject) -> tuple[Any, ...]:
    """Return everything that an ingestion leaves: calls, lake, dead letters and what it says of the sources."""
    box = project.ingestor.dead_letters
    dead = sorted(letter.raw for stem in box.stems() for letter in box.read(stem))
    query = "SELECT entries, stored, skipped, dead, latency_withheld FROM ingestions ORDER BY source"
    return project.rows(), project.lake(), dead, [tuple(row) for row in project.store.conn.execute(query)]


def ingest(project: TraceProject, path: Path) -> dict[str, Any]:
    """Ingest a file and return what became of it."""
    (done,) = project.ingestor.ingest([path])
    return {name: getattr(done, name) for name in ("entries", "stored", "skipped", "dead")}


def times(each: dict[str, Any], number: int) -> dict[str, Any]:
    """Return the counts of so many logs."""
    skipped = {kind: count * number for kind, count in each["skipped"].items()}
    return {name: count * number for name, count in each.items() if name != "skipped"} | {"skipped": skipped}


@LOGS
@pytest.mark.parametrize("before", [0, 3], ids=["a new store", "a second file"])
def test_many_batches_are_as_one(
    opened: Opener, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, log: Log, each: dict[str, Any], before: int
) -> None:
    """In one batch or many, the first file of a store or a later one gives the same calls, lake, letters and counts."""
    first, second = tmp_path / "first.jsonl", tmp_path / "second.jsonl"
    first.write_bytes(lines(*map(record, range(before))))
    second.write_bytes(b"".join(map(log, range(4))))
    states = []
    for name, most in (("one", 20_000), ("many", 3)):
        monkeypatch.setattr(batches, "BATCH_ENTRIES", most)
        project = opened(tmp_path / name)
        project.ingestor.ingest_file(first)
        assert ingest(project, second) == times(each, 4)
        states.append(state(project))
    assert states[0] == states[1]


@LOGS
def test_a_large_file_that_is_ingested_again_changes_nothing(
    opened: Opener, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, log: Log, each: dict[str, Any]
) -> None:
    """Whole, again, and grown, the file is counted as what is in it."""
    monkeypatch.setattr(batches, "BATCH_ENTRIES", 3)
    project, path = opened(tmp_path), tmp_path / "log.jsonl"
    path.write_bytes(log(1) + log(2))
    assert ingest(project, path) == times(each, 2)
    before = state(project)
    assert ingest(project, path) == times(each, 2)
    assert state(project) == before
    path.write_bytes(log(1) + log(2) + log(3))
    assert ingest(project, path) == times(each, 3)
    assert len(project.rows()) == each["stored"] * 3


@LOGS
def test_a_file_of_seventeen_megabytes_is_ingested(
    opened: Opener, tmp_path: Path, log: Log, each: dict[str, Any]
) -> None:
    """A file that is large by its size, with records that are skipped, ends in a store and a lake."""
    project, path = opened(tmp_path), tmp_path / "log.jsonl"
    padded = orjson.dumps({"type": "system", "sessionId": "s", "content": "x" * 17 * 1024**2})
    path.write_bytes(log(1) + padded + b"\n")
    counts = ingest(project, path)
    assert (counts["entries"], counts["stored"]) == (each["entries"] + 1, each["stored"])
    assert sum(map(len, project.lake().values())) == each["stored"]
    assert ingest(project, path) == counts
