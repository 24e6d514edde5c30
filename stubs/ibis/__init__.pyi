# Ibis has types in its source and no marker for them, and makes the attributes of its expressions at run time.
from typing import Any

_: Any

def __getattr__(name: str) -> Any: ...
