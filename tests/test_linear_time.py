"""Text from strangers takes time in proportion to its length, whatever is in it."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
import string
import time
from typing import TYPE_CHECKING

import pytest

import prodlens
from prodlens.errors import ProdLensError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SHORT, FACTOR = 2_000, 8
# Eight times the length takes a linear pattern eight times as long and a quadratic one 64 times as long.
MOST = 24
WORTH_A_LOOK = 1e-3  # seconds of the long text; a quadratic pattern takes far more

# Patterns that read settings of the user or files of ours, never text of a stranger.
OF_THE_USER = {"prodlens.metrics.gates", "prodlens.commands.setup_checks", "prodlens.rendering.vega"}
# The pattern of a trailer takes values of 400 characters; the test gives these no longer text.
LONGEST = {
    "prodlens.commits.trailers._ADDRESS": 400,
    "prodlens.commits.trailers._OF_A_PROGRAM": 400,
    "prodlens.commits.trailers._without_people": 400,
    "prodlens.evidence.signs._ADDRESS": 400,
    "prodlens.evidence.signs._NOREPLY": 400,
}


def patterns() -> Iterator[tuple[str, re.Pattern[str]]]:
    """Yield every compiled pattern of the package, also those inside tuples and mappings, by its dotted name."""
    for found in pkgutil.walk_packages(prodlens.__path__, "prodlens."):
        if found.name in OF_THE_USER:
            continue
        module = importlib.import_module(found.name)
        for name, value in vars(module).items():
            for pattern in _inside(value):
                yield f"{found.name}.{name}", pattern


def _inside(value: object) -> Iterator[re.Pattern[str]]:
    if isinstance(value, re.Pattern) and isinstance(value.pattern, str):
        yield value
    elif inspect.isbuiltin(value) and isinstance(value.__self__, re.Pattern):
        yield value.__self__
    elif isinstance(value, tuple | list | set | frozenset):
        for each in value:
            yield from _inside(each)
    elif isinstance(value, dict):
        yield from _inside(tuple(value.values()))


def texts(pattern: re.Pattern[str], length: int) -> Iterator[str]:
    """Yield long texts that come near to a match: its own characters, repeated, alone and in pairs, and blanks."""
    literal = re.sub(r"\\.|[\[\](){}?*+|^$]", "", pattern.pattern)
    own = sorted({*literal, *"a1 @.-_/<", "\n"} & set(string.printable))
    for one in own:
        yield one * length
        yield "a" + one * length + "\0"
    for one, other in (("a", "@"), ("a", "."), ("a@a.", "1"), (" ", "<"), ("\n", " "), ("a", " "), ("a:", " ")):
        yield (one + other) * (length // len(one + other))


def seconds(call: Callable[[str], object], text: str) -> float:
    """Return the time of the processor that a call takes, whatever else the machine does."""
    start = time.thread_time()
    call(text)
    return time.thread_time() - start


def is_linear(call: Callable[[str], object], short: str, long: str) -> bool:
    """Return whether the long text takes about as many times longer as it is long, in one of three attempts."""
    return any(
        (took := seconds(call, long)) < WORTH_A_LOOK or took < MOST * min(seconds(call, short) for _ in range(3))
        for _ in range(3)
    )


def uses(name: str, pattern: re.Pattern[str]) -> list[Callable[[str], object]]:
    """Return the methods by which the pattern's module, or one that imports it, uses it; all where it is not seen."""
    module, _, attribute = name.rpartition(".")
    source = inspect.getsource(importlib.import_module(module))
    used = set(re.findall(rf"\b{attribute}\.(\w+)\(", source))
    known: dict[str, Callable[[str], object]] = {
        "search": pattern.search,
        "match": pattern.match,
        "fullmatch": pattern.fullmatch,
        "sub": lambda text: pattern.sub("", text),
        "split": pattern.split,
        "findall": pattern.findall,
        "finditer": lambda text: list(pattern.finditer(text)),
    }
    return [known[method] for method in sorted(used & set(known))] or list(known.values())


ALL = sorted(patterns(), key=lambda found: found[0])


def test_every_pattern_is_found() -> None:
    """The search finds the patterns that names and repositories meet."""
    names = {name for name, _ in ALL}
    assert len(names) > 30
    assert {"prodlens.action.anonymize._ADDRESS", "prodlens.slugs._REMOTE"} <= names


@pytest.mark.parametrize(("name", "pattern"), ALL, ids=[name for name, _ in ALL])
def test_a_pattern_is_linear(name: str, pattern: re.Pattern[str]) -> None:
    """Eight times the text takes about eight times as long, in each way that the pattern is used."""
    longest = LONGEST.get(name)
    if longest is not None:
        for text in texts(pattern, longest):
            pattern.search(text)
        return
    for short, long in zip(texts(pattern, SHORT), texts(pattern, SHORT * FACTOR), strict=True):
        assert all(is_linear(use, short, long) for use in uses(name, pattern)), short[:20]


def test_a_quadratic_pattern_is_noticed() -> None:
    """The measure tells a pattern that tries every start to the end of the text."""
    compiled, short_enough = re.compile(r"[^@\s]+@"), SHORT // 4
    pairs = zip(texts(compiled, short_enough), texts(compiled, short_enough * FACTOR), strict=True)
    assert not all(is_linear(compiled.search, short, long) for short, long in pairs)


def functions() -> Iterator[tuple[str, Callable[[str], object]]]:
    """Yield the functions that take one text, of every module that has a pattern, by their dotted names."""
    modules = {name.rpartition(".")[0] for name, _ in ALL} | {"prodlens.json_values"}
    for name in sorted(modules):
        for function in vars(importlib.import_module(name)).values():
            if not inspect.isfunction(function) or function.__module__ != name:
                continue
            needed = [each for each in inspect.signature(function).parameters.values() if each.default is each.empty]
            if len(needed) == 1 and needed[0].annotation in {"str", "object", "str | None"}:
                yield f"{name}.{function.__qualname__}", function


CLEANING = list(functions())


def test_every_cleaning_function_is_found() -> None:
    """Among the functions are those that names, ids, people, repositories and reasons go through."""
    names = {name.rpartition(".")[2] for name, _ in CLEANING}
    assert {
        "clean_text",
        "person_of",
        "slug_from_remote",
        "message_trailers",
        "_without_address",
        "parse_timestamp",
    } <= names


@pytest.mark.parametrize(("name", "function"), CLEANING, ids=[name for name, _ in CLEANING])
def test_a_cleaning_function_is_linear(name: str, function: Callable[[str], object]) -> None:
    """A name, an id or a message that is eight times as long takes about eight times as long."""

    def call(text: str) -> object:
        try:
            return function(text)
        except (ValueError, ProdLensError):  # refusing a text is an answer too
            return None

    shapes = re.compile(r"@<>:/.{}\[\] -_=\"'\n`|#*&;")
    if name in LONGEST:
        for text in texts(shapes, LONGEST[name]):
            call(text)
        return
    for short, long in zip(texts(shapes, SHORT), texts(shapes, SHORT * FACTOR), strict=True):
        assert is_linear(call, short, long), (name, short[:20])
