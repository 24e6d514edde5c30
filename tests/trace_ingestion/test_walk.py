"""The way of a line: each step once and in its order, and no wandering between modules."""

from __future__ import annotations

import sys
from collections import Counter
from typing import TYPE_CHECKING, Any

from prodlens import slugs
from tests.trace_project import DATA, TraceProject

if TYPE_CHECKING:
    from pathlib import Path
    from types import FrameType

# The steps that docs/architecture.md names.
STEPS = (
    "prodlens.trace_ingestion.json_stream.read_entries",
    "prodlens.trace_normalizer.formats.known_formats.recognise",
    "prodlens.trace_normalizer.formats.litellm.PayloadReader.read",
    "prodlens.calls.pricing.Prices.priced",
    "prodlens.trace_ingestion.writer.StoreWriter.flush",
    "prodlens.trace_ingestion.lake_sync.LakeSync.write",
)
# Calls from one of our modules to another: 171 before fields were read as a table.
MOST_MOVES = 140


class Walk:
    """Notes the functions of ours that are entered, and the calls that lead from one module to another."""

    def __init__(self) -> None:
        self.entered: Counter[str] = Counter()
        self.moves = 0
        self._modules = [""]

    def note(self, frame: FrameType, event: str, _: Any) -> None:
        """Note an event of the interpreter, as ``sys.setprofile`` wants it."""
        module = str(frame.f_globals.get("__name__"))
        if not module.startswith("prodlens") or event not in {"call", "return"}:
            return
        if event == "return":
            self._modules.pop()
            return
        self.moves += self._modules[-1] not in {"", module}
        self._modules.append(module)
        self.entered[f"{module}.{frame.f_code.co_qualname}"] += 1


def walked(folder: Path, line: bytes) -> Walk:
    """Return the walk of one line into an empty store and lake."""
    walk = Walk()
    slugs.partition_folder.cache_clear()
    path = folder / "line.jsonl"
    with TraceProject(folder) as project:
        path.write_bytes(line)
        sys.setprofile(walk.note)
        try:
            stored = project.ingestor.ingest_file(path)
        finally:
            sys.setprofile(None)
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
