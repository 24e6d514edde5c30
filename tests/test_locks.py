"""The locked requirements."""

from __future__ import annotations

import re
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
LOCKS = ("requirements.lock", "requirements-test.lock")
_PINNED = re.compile(r"^([A-Za-z0-9._-]+)(?:\[([^]]*)\])?==", re.MULTILINE)


def test_a_lock_pins_the_extras_that_its_packages_ask_for() -> None:
    """A package that another one wants with an extra is pinned with it: older pips take the newest release else."""
    text = "".join((ROOT / name).read_text(encoding="utf-8") for name in LOCKS)
    pinned = {canonicalize_name(name): set(extras.split(",")) - {""} for name, extras in _PINNED.findall(text)}
    assert pinned
    missing = []
    for name, extras in pinned.items():
        for wanted in map(Requirement, _wanted(name)):
            applies = wanted.marker is None or any(wanted.marker.evaluate({"extra": e}) for e in {"", *extras})
            if applies and not wanted.extras <= pinned[canonicalize_name(wanted.name)]:
                missing.append(f"{name} wants {wanted}")
    assert missing == []


def _wanted(name: str) -> list[str]:
    """Return what an installed package asks for; one that is for another platform is not installed here."""
    try:
        return requires(name) or []
    except PackageNotFoundError:
        return []
