"""The way of a piece of data through the package: which functions it passes, and how often it changes modules."""

from __future__ import annotations

import sys
from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType


class Walk:
    """Notes the functions of ours that are entered, and the calls that lead from one module to another."""

    def __init__(self) -> None:
        self.entered: Counter[str] = Counter()
        self.moves = 0
        self.modules: set[str] = set()
        self._modules = [""]

    @contextmanager
    def noted(self) -> Iterator[None]:
        """Note what happens inside the block."""
        sys.setprofile(self.note)
        try:
            yield
        finally:
            sys.setprofile(None)

    def note(self, frame: FrameType, event: str, _: Any) -> None:
        """Note an event of the interpreter, as ``sys.setprofile`` wants it."""
        module = str(frame.f_globals.get("__name__"))
        if not module.startswith("prodlens") or event not in {"call", "return"}:
            return
        if event == "return":
            self._modules.pop()
            return
        self.moves += self._modules[-1] not in {"", module}
        self.modules.add(module)
        self._modules.append(module)
        self.entered[f"{module}.{frame.f_code.co_qualname}"] += 1
