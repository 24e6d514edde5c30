"""The Vega files are what their manifest says."""

from __future__ import annotations

import hashlib
import json
from importlib.resources import files

from prodlens.rendering.vega import vega_scripts

VENDOR = files("prodlens.rendering") / "vendor"


def test_files_match_their_checksums() -> None:
    """Every shipped file has the bytes, size and licence of the manifest, and nothing else is shipped."""
    entries = json.loads((VENDOR / "manifest.json").read_text(encoding="utf-8"))
    named = {"manifest.json"}
    for entry in entries:
        content = (VENDOR / entry["file"]).read_bytes()
        assert hashlib.sha256(content).hexdigest() == entry["sha256"]
        assert len(content) == entry["bytes"]
        assert entry["licence"] == "BSD-3-Clause"
        assert "Redistribution and use" in (VENDOR / entry["licence_file"]).read_text(encoding="utf-8")
        named |= {entry["file"], entry["licence_file"]}
    assert {item.name for item in VENDOR.iterdir()} == named


def test_inlined_scripts_cannot_end_their_element() -> None:
    """No script holds what would close its element or ask a developer's tools for a map."""
    assert [script.package for script in vega_scripts()] == ["vega", "vega-lite", "vega-embed"]
    for script in vega_scripts():
        assert "</script" not in script.text.lower()
        assert "<!--" not in script.text
        assert "sourceMappingURL" not in script.text
