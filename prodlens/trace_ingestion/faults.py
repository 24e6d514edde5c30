"""Errors of ProdLens itself while it reads a record: named by their place in the code, never blamed on the record."""

from __future__ import annotations

import traceback
from pathlib import Path

_PACKAGE = Path(__file__).parent.parent


def fault_of(error: BaseException) -> str:
    """Return the kind of an error and the line of ours that it came from; its text may hold what a trace says."""
    places = [
        f"{Path(frame.filename).relative_to(_PACKAGE.parent).as_posix()}:{frame.lineno}"
        for frame in traceback.extract_tb(error.__traceback__)
        if Path(frame.filename).is_relative_to(_PACKAGE)
    ]
    return f"{type(error).__name__} at {places[-1]}" if places else type(error).__name__
