"""What an import loads."""

from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    ("module", "unwanted"),
    [
        ("prodlens", ("numpy", "pandas", "pyarrow", "requests", "scipy", "prodlens.storage")),
        ("prodlens.cli", ("numpy", "pandas", "pyarrow", "requests", "scipy", "prodlens.storage")),
        ("prodlens.storage", ("numpy", "pandas", "pyarrow", "requests", "scipy", "prodlens.trace_normalizer")),
        ("prodlens.trace_ingestion", ("numpy", "pandas", "pyarrow", "requests", "scipy", "prodlens.trace_normalizer")),
        ("prodlens.metrics.generator", ("pandas", "pyarrow", "requests", "prodlens.trace_normalizer")),
        ("prodlens.github_etl", ("pandas", "requests")),
        ("prodlens.rendering", ("numpy", "pandas", "pyarrow", "requests", "scipy")),
    ],
)
def test_an_import_loads_no_library_that_it_can_do_without(module: str, unwanted: tuple[str, ...]) -> None:
    """A package loads slow libraries, and the store the source formats, only with the first use that needs them."""
    code = f"import sys, {module}; print([name for name in {unwanted!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
