"""The way of a line: each step once and in its order, and no wandering between modules."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prodlens import slugs
from tests.moves import Walk
from tests.trace_project import DATA, TraceProject

if TYPE_CHECKING:
    from pathlib import Path

# The steps that docs/architecture.md names.
STEPS = (
    "prodlens.trace_ingestion.json_stream.read_entries",
    "prodlens.trace_normalizer.formats.known_formats.recognise",
    "prodlens.trace_normalizer.formats.litellm.PayloadReader.read",
    "prodlens.calls.pricing.Prices.priced",
    "prodlens.trace_ingestion.writer.StoreWriter.flush",
    "prodlens.trace_ingestion.lake_sync.LakeSync.write",
)
# Calls from one of our modules to another.
MOST_MOVES = 114


def walked(folder: Path, line: bytes) -> Walk:
    """Return the walk of one line into an empty store and lake."""
    walk = Walk()
    slugs.partition_folder.cache_clear()
    path = folder / "line.jsonl"
    with TraceProject(folder) as project:
        path.write_bytes(line)
        with walk.noted():
            stored = project.ingestor.ingest_file(path)
        assert (stored, len(project.lake())) == (1, 1)
    return walk


def test_a_line_takes_its_steps_once(tmp_path: Path) -> None:
    """A line is read, recognised, normalised, priced, stored and written to the lake, in this order."""
    line = DATA.joinpath("litellm_proxy.jsonl").read_bytes().splitlines(keepends=True)[0]
    walked(tmp_path / "first", line)  # what is loaded once is loaded then
    walk = walked(tmp_path / "second", line)
    assert [name for name in walk.entered if name in STEPS] == list(STEPS)
    once = [*STEPS[1:4], "prodlens.slugs.partition_folder", "prodlens.schemas.CanonicalTrace.to_record"]
    assert {name: walk.entered[name] for name in once} == dict.fromkeys(once, 1)
    assert walk.moves <= MOST_MOVES
