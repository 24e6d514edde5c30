"""Small made-up teams, the same in every test and in every program that a figure is checked against.

They use Python's own generator alone, whose numbers have been the same for a seed in every version.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

import numpy as np

from prodlens.statistics.adoption import Panel

if TYPE_CHECKING:
    from prodlens.statistics.estimates import BoolArray, FloatArray


@dataclass(frozen=True)
class Work:
    """Pull requests of a team."""

    log_hours: FloatArray
    merged: BoolArray
    assisted: FloatArray
    authors: list[str]
    weeks: list[int]
    covariates: FloatArray


def team(seed: int = 7, authors: int = 10, each: int = 14, weeks: int = 8, effect: float = -0.4) -> Work:
    """Return pull requests whose assisted ones take exp(effect) times as long, and are smaller."""
    random = Random(seed)
    rows = []
    for author in range(authors):
        own, taste = random.gauss(0, 1), random.uniform(-1, 1)
        for _ in range(each):
            size = random.gauss(3, 1)
            files = math.log(1 + int(math.exp(size) * random.random()))
            assisted = float(random.random() < 1 / (1 + math.exp(0.5 * (size - 3) - taste)))
            week = random.randrange(weeks)
            hours = own + 0.1 * week + effect * assisted + 0.5 * size + random.gauss(0, 1)
            rows.append((hours, random.random() < 0.9, assisted, f"a{author}", week, size, files))
    values = list(zip(*rows, strict=True))
    return Work(
        np.array(values[0]),
        np.array(values[1]),
        np.array(values[2]),
        list(values[3]),
        list(values[4]),
        np.column_stack([values[5], values[6]]),
    )


def steep_team(*, early: bool) -> Work:
    """Return work of which one week's is merged so much sooner that Newton's first step is far too long.

    Two authors have 400 pieces each, of which one is merged: of one author that of another week, of the other one
    of the same week. ``early`` says whether that other week comes first. Three more authors have two pieces each.
    """
    rows = []
    for author, other_week in (("a", 0), ("b", 1)) if early else (("b", 1), ("a", 0)):
        rows += [(at + 1.0, at == 0, float(at % 2), author, int(at == other_week)) for at in range(400)]
    for author, kind in (("c", 1.0), ("d", 1.0), ("e", 0.0)):
        rows += [(1.0, True, kind, author, 0), (2.0, True, 1 - kind, author, 0)]
    hours, merged, kinds, authors, weeks = zip(*rows, strict=True)
    columns = np.zeros((len(rows), 0))
    return Work(np.log(hours), np.array(merged), np.array(kinds), list(authors), list(weeks), columns)


def adopting_team(seed: int = 3, authors: int = 14, weeks: int = 16, ratio: float = 1.6) -> Panel:
    """Return weekly counts of a team, three quarters of which begin in the middle of the time."""
    random = Random(seed)
    begun = {f"a{author}": random.randrange(5, weeks - 5) for author in range(authors) if author % 4}
    rows = []
    for author in range(authors):
        own = math.exp(random.gauss(0.7, 0.4))
        for week in range(weeks):
            after = week >= begun.get(f"a{author}", weeks)
            rows.append((_poisson(random, own * (1 + 0.02 * week) * (ratio if after else 1.0)), f"a{author}", week))
    counts, people, times = zip(*rows, strict=True)
    return Panel(np.array(counts, dtype=float), list(people), list(times), np.array(times), begun)


def _poisson(random: Random, mean: float) -> int:
    limit, product, count = math.exp(-mean), random.random(), 0
    while product > limit:
        product, count = product * random.random(), count + 1
    return count
