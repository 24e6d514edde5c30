"""The Vega files that an HTML page carries inside itself."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

_SOURCE_MAP = re.compile(r"^//# sourceMappingURL=.*$", re.MULTILINE)  # would be asked for by a developer's tools


@dataclass(frozen=True, slots=True)
class VendoredScript:
    """A script of another project: its text as it is inlined, and what its manifest says of it."""

    package: str
    version: str
    licence: str
    sha256: str
    text: str


@cache
def vega_scripts() -> tuple[VendoredScript, ...]:
    """Return the scripts in the order in which a page has to run them."""
    vendor = files("prodlens.rendering") / "vendor"
    return tuple(
        VendoredScript(
            package=entry["package"],
            version=entry["version"],
            licence=entry["licence"],
            sha256=entry["sha256"],
            text=_SOURCE_MAP.sub("", (vendor / entry["file"]).read_text(encoding="utf-8")).strip(),
        )
        for entry in json.loads((vendor / "manifest.json").read_text(encoding="utf-8"))
    )
