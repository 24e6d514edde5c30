"""The locked requirements."""

from __future__ import annotations

import re
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
LOCKS = ("requirements.lock", "requirements-test.lock")
_VERSION = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^]]*\])?==(\S+)", re.MULTILINE)
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


def test_the_lock_of_the_organisation_holds_what_the_image_has_not() -> None:
    """It is installed on top of the image's packages: none of them is in it, and all that Ibis and DuckDB need is."""
    base, tested, extra = (
        dict(_VERSION.findall((ROOT / f"requirements{name}.lock").read_text(encoding="utf-8")))
        for name in ("", "-test", "-organisation")
    )
    assert {"duckdb", "ibis-framework"} <= extra.keys()
    assert extra.keys() & base.keys() == set()
    assert {name: tested.get(name, version) for name, version in extra.items()} == extra
    asked = {"duckdb": set[str](), "ibis-framework": {"duckdb"}}
    missing = set()
    for name, extras in asked.items():
        for wanted in map(Requirement, _wanted(name)):
            if wanted.marker is None or any(wanted.marker.evaluate({"extra": e}) for e in {"", *extras}):
                missing |= {canonicalize_name(wanted.name)} - extra.keys() - base.keys()
    assert missing == set()
