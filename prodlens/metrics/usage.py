"""Calls of one repository, counted in SQLite by model, decision and segment of the timeline.

Everything reads the covering index ``sessions_report_calls`` in its own order, so that nothing is sorted and no row of
the table is touched: for every (repository, model, decision) that exists, one range of the index a segment.
"""

from __future__ import annotations

import sqlite3
from array import array
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise
from math import fsum, inf, isfinite, nan
from typing import TYPE_CHECKING, Any, NamedTuple

from prodlens.calls import model_name
from prodlens.metrics.call_parts import PART, fill_parts
from prodlens.metrics.developers import DeveloperCell, read_developers
from prodlens.metrics.timeline import Window
from prodlens.timestamps import parse_timestamp

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from prodlens.metrics.timeline import Timeline
    from prodlens.statistics.estimates import FloatArray

# Made by the first report and not with the table, so that filling a new store does not pay for them. The dropped ones
# are those of older versions.
_INDEXES = (
    "DROP INDEX IF EXISTS sessions_report_people",
    "DROP INDEX IF EXISTS sessions_report_developers",
    "DROP INDEX IF EXISTS sessions_report",
    """CREATE INDEX IF NOT EXISTS sessions_report_calls ON sessions (
        repo_slug, model, acceptance_known, accepted_flag, timestamp, status_code, total_tokens, latency_ms, cost_usd,
        cost_source, diff_ratio, accepted_lines, developer_id)""",
    "CREATE INDEX IF NOT EXISTS sessions_report_own_price ON sessions (cost_source) WHERE cost_source = 'own-price'",
)
_IN_SEGMENT = "s.timestamp >= g.start AND s.timestamp < g.end"
# total() and not sum(), which gives up where absurd token counts add up to more than 64 bits.
_MEASURES = """
    count(*), total(s.total_tokens), total(s.cost_usd), count(s.cost_usd),
    total(s.total_tokens) FILTER (WHERE s.cost_usd IS NULL),
    total(s.cost_usd) FILTER (WHERE NOT ifnull(s.cost_source, '') {computed}),
    total(s.cost_usd) FILTER (WHERE s.cost_source {computed}),
    count(s.cost_usd) FILTER (WHERE s.cost_source {computed}),
    total(s.total_tokens) FILTER (WHERE s.cost_source {computed} AND s.cost_usd IS NOT NULL),
    {own_price},
    count(s.status_code), count(*) FILTER (WHERE s.status_code >= 400),
    total(s.diff_ratio), count(s.diff_ratio), count(*) FILTER (WHERE s.diff_ratio >= :threshold),
    total(s.accepted_lines), total(s.total_tokens) FILTER (WHERE s.accepted_lines IS NOT NULL),
    count(*) FILTER (WHERE s.latency_ms IS NOT NULL AND keep_latency(s.latency_ms) IS NULL)"""
# Where no call has a price of the user's own, which is the rule, each comparison of texts that is left out counts.
_WITHOUT_OWN_PRICES = _MEASURES.format(computed="= 'computed'", own_price="0.0, 0, 0")
_WITH_OWN_PRICES = _MEASURES.format(
    computed="IN ('computed', 'own-price')",
    own_price="""total(s.cost_usd) FILTER (WHERE s.cost_source = 'own-price'),
    count(s.cost_usd) FILTER (WHERE s.cost_source = 'own-price'),
    total(s.total_tokens) FILTER (WHERE s.cost_source = 'own-price' AND s.cost_usd IS NOT NULL)""",
)
# What is asked of calls before the window.
_EARLIER_MEASURES = """
    count(*), total(s.total_tokens), total(s.cost_usd), count(s.cost_usd),
    count(s.status_code), count(*) FILTER (WHERE s.status_code >= 400)"""


class Cell(NamedTuple):
    """The calls of one model and decision inside one segment of the window.

    ``model`` is the name that reports use, ``given_model`` that of the source. ``accepted`` is None where the source
    said nothing about acceptance, ``names_repo`` False for calls that name no repository. Sums are over the known
    values alone. ``computed`` costs come from list prices or the user's own, which ``own_price`` counts once more;
    all others were recorded.
    """

    segment: int
    names_repo: bool
    model: str | None
    given_model: str | None
    accepted: bool | None
    calls: int
    tokens: int
    cost_usd: float
    priced_calls: int
    unpriced_tokens: int
    recorded_usd: float
    computed_usd: float
    computed_calls: int
    computed_tokens: int
    own_price_usd: float
    own_price_calls: int
    own_price_tokens: int
    known_statuses: int
    errors: int
    diff_ratio_sum: float
    diff_ratios: int
    diff_ratios_above: int
    accepted_lines: int
    tokens_with_lines: int
    latencies: int
    up_to_median: int


class EarlierCell(NamedTuple):
    """The calls of one model and decision inside one segment before the window, where less is asked of them.

    The counts are called as those of a ``Cell`` are.
    """

    segment: int
    accepted: bool | None
    calls: int
    tokens: int
    cost_usd: float
    priced_calls: int
    known_statuses: int
    errors: int


_FIRST_MEASURE = Cell._fields.index("calls")
_AMOUNTS = {"cost_usd", "recorded_usd", "computed_usd", "own_price_usd", "diff_ratio_sum"}


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums over cells.

    ``cost_usd`` is None when no call among them has a price. A sum that leaves the range of numbers is unknown: None,
    and the parts of such a cost are 0.
    """

    calls: int
    tokens: int
    cost_usd: float | None
    priced_calls: int
    unpriced_tokens: int
    recorded_usd: float
    computed_usd: float
    computed_calls: int
    computed_tokens: int
    own_price_usd: float
    own_price_calls: int
    own_price_tokens: int
    known_statuses: int
    errors: int
    diff_ratio_sum: float | None
    diff_ratios: int
    diff_ratios_above: int
    accepted_lines: int
    tokens_with_lines: int
    latencies: int
    up_to_median: int


@dataclass(frozen=True, slots=True)
class Usage:
    """What was counted of the calls of a repository.

    Attributes:
        cells: Counts of the window by segment, model and decision; empty ones are left out.
        earlier: Those of the segments before it.
        first: Time of the first stored call, whenever it was.
        last: Time of the last stored call before the end of the window.
        window_first: Time of the first call in the window.
        window_last: Time of the last call in the window.
        latencies_ms: Known latencies in the window by decision, in no order.
        median_latency_ms: Median of them all; None without any.
        people: Counts of the window by developer.
        people_before: Those of the period before.
    """

    cells: tuple[Cell, ...]
    earlier: tuple[EarlierCell, ...]
    first: datetime | None
    last: datetime | None
    window_first: datetime | None
    window_last: datetime | None
    latencies_ms: dict[bool | None, FloatArray]
    median_latency_ms: float | None
    people: tuple[DeveloperCell, ...]
    people_before: tuple[DeveloperCell, ...]

    @property
    def developers(self) -> frozenset[str]:
        """Everybody who called in the window, as the traces name them."""
        return frozenset(cell.developer for cell in self.people if cell.developer is not None)

    def earlier_in(self, segments: range) -> list[EarlierCell]:
        """Return the cells of the given segments before the window."""
        return [cell for cell in self.earlier if cell.segment in segments]


def totals(cells: Iterable[Cell]) -> Totals:
    """Add cells up."""
    columns = list(zip(*cells, strict=True)) or [()] * len(Cell._fields)
    sums = dict(zip(Cell._fields[_FIRST_MEASURE:], (add(column) for column in columns[_FIRST_MEASURE:]), strict=True))
    whole = {name: int(value) for name, value in sums.items() if name not in _AMOUNTS}
    cost = sums["cost_usd"] if sums["priced_calls"] else None
    cost, recorded, computed, own = finite_costs(
        cost, sums["recorded_usd"], sums["computed_usd"], sums["own_price_usd"]
    )
    diff_ratio_sum = sums["diff_ratio_sum"]
    return Totals(
        **whole,
        cost_usd=cost,
        recorded_usd=recorded,
        computed_usd=computed,
        own_price_usd=own,
        diff_ratio_sum=diff_ratio_sum if isfinite(diff_ratio_sum) else None,
    )


def add(values: Iterable[float]) -> float:
    """Return the sum, rounded once; infinite where it leaves the range of numbers."""
    try:
        return fsum(values)
    except OverflowError:
        return inf
    except ValueError:  # an infinite value of each sign
        return nan


def known_cost(cells: Sequence[Cell | EarlierCell]) -> float | None:
    """Return the sum of the known costs; None where not one is known, or it leaves the range of numbers."""
    cost = add(cell.cost_usd for cell in cells)
    return cost if isfinite(cost) and any(cell.priced_calls for cell in cells) else None


def finite_costs(
    cost: float | None, recorded: float, computed: float, own_price: float
) -> tuple[float | None, float, float, float]:
    """Return a cost, its two parts, and the amount in the second that comes from the user's own prices.

    Where one of them leaves the range of numbers they are None and zeros.
    """
    if all(map(isfinite, (cost or 0.0, recorded, computed, own_price))):
        return cost, recorded, computed, own_price
    return None, 0.0, 0.0, 0.0


def call_span(
    conn: sqlite3.Connection, repos: Sequence[str | None], plausible: Window
) -> tuple[datetime | None, datetime | None, int]:
    """Return the times of the first and last plausible call of the repositories, and how many are not plausible.

    A repository of None stands for the calls that name none.
    """
    _make_indexes(conn)
    fill_parts(conn, repos)
    query = f"SELECT count(*) FROM temp.report_part p CROSS JOIN sessions s ON {PART}"
    outside = (f"{query} AND s.timestamp < ?", plausible.start), (f"{query} AND s.timestamp >= ?", plausible.end)
    misdated = sum(conn.execute(text, (bound.isoformat(),)).fetchone()[0] for text, bound in outside)
    return _edge(conn, "min", _inside(plausible)), _edge(conn, "max", _inside(plausible)), misdated


def read_usage(
    conn: sqlite3.Connection,
    repos: Sequence[str | None],
    timeline: Timeline,
    threshold: float,
    plausible: Window,
) -> Usage:
    """Count the calls of the repositories over the timeline, as far as their times are plausible.

    Args:
        conn: The store's connection.
        repos: Slugs; None stands for the calls that name no repository.
        timeline: The segments to count in.
        threshold: Diff ratio from which on ``diff_ratios_above`` counts.
        plausible: The times that can be true.
    """
    fill_parts(conn, repos)
    _fill_segments(conn, timeline, plausible)
    window, previous = timeline.window.within(plausible), timeline.previous.within(plausible)
    in_window = _inside(window)
    segments = timeline.segments(timeline.window)
    cells, latencies, median = _read_cells(conn, segments, threshold)
    return Usage(
        cells=cells,
        earlier=_read_earlier_cells(conn, range(segments.start)),
        first=_edge(conn, "min", _inside(plausible)),
        last=_edge(conn, "max", _inside(Window(plausible.start, timeline.window.end).within(plausible))),
        window_first=_edge(conn, "min", in_window),
        window_last=_edge(conn, "max", in_window),
        latencies_ms=latencies,
        median_latency_ms=median,
        people=read_developers(conn, window, threshold, median),
        people_before=read_developers(conn, previous, threshold, median),
    )


def _read_cells(
    conn: sqlite3.Connection, segments: range, threshold: float
) -> tuple[tuple[Cell, ...], dict[bool | None, FloatArray], float | None]:
    """Return the cells of the window, the known latencies by decision and the median of them all."""
    import numpy as np

    own = conn.execute("SELECT EXISTS (SELECT 1 FROM sessions WHERE cost_source = 'own-price')").fetchone()[0]
    measures = _WITH_OWN_PRICES if own else _WITHOUT_OWN_PRICES
    # Kept while they are counted: calls are counted cell by cell, so the latencies of a cell stand together.
    kept = array("d")
    conn.create_function("keep_latency", 1, kept.append)
    rows = _grouped(conn, f"p.repo_slug IS NOT NULL, p.model, p.known, p.flag, {measures}", segments, threshold)
    conn.create_function("keep_latency", 1, None)
    values = np.frombuffer(kept)
    median = _median(values)
    up_to_median = np.concatenate([[0], np.cumsum(values <= (nan if median is None else median))])
    counts = np.array([row[-1] for row in rows], dtype=np.int64)
    ends = np.cumsum(counts)
    below = up_to_median[ends] - up_to_median[ends - counts]
    cells = tuple(_cell(row, up_to) for row, up_to in zip(rows, below.tolist(), strict=True))
    decisions: tuple[bool | None, ...] = (None, False, True)
    decided = np.repeat([decisions.index(cell.accepted) for cell in cells], counts)
    return cells, {decision: values[decided == place] for place, decision in enumerate(decisions)}, median


def _read_earlier_cells(conn: sqlite3.Connection, segments: range) -> tuple[EarlierCell, ...]:
    rows = _grouped(conn, f"p.known, p.flag, {_EARLIER_MEASURES}", segments)
    return tuple(
        EarlierCell(segment, bool(flag) if known else None, *measures) for segment, known, flag, *measures in rows
    )


def _grouped(
    conn: sqlite3.Connection, columns: str, segments: range, threshold: float | None = None
) -> list[tuple[Any, ...]]:
    """Return the number of the segment and the columns for each part and segment with calls."""
    rows = conn.execute(
        f"SELECT g.id, {columns} FROM temp.report_part p CROSS JOIN temp.report_segment g CROSS JOIN sessions s "
        f"ON {PART} AND {_IN_SEGMENT} WHERE g.id >= :first AND g.id < :end GROUP BY p.id, g.id",
        {"first": segments.start, "end": segments.stop, "threshold": threshold},
    )
    return [tuple(row) for row in rows]


def _cell(row: tuple[Any, ...], up_to_median: int) -> Cell:
    segment, names_repo, given, known, flag, *measures = (*row, up_to_median)
    model = None if given is None else model_name(given)
    return Cell(segment, bool(names_repo), model, given, bool(flag) if known else None, *measures)


def _make_indexes(conn: sqlite3.Connection) -> None:
    with suppress(sqlite3.OperationalError):  # a read-only store is reported on too, only slower
        for statement in _INDEXES:
            conn.execute(statement)


def _inside(window: Window) -> str:
    return f"AND s.timestamp >= '{window.start.isoformat()}' AND s.timestamp < '{window.end.isoformat()}'"


def _fill_segments(conn: sqlite3.Connection, timeline: Timeline, plausible: Window) -> None:
    bounds = [min(max(bound, plausible.start), plausible.end).isoformat() for bound in timeline.bounds]
    rows = [(number, start, end) for number, (start, end) in enumerate(pairwise(bounds))]
    conn.execute("DROP TABLE IF EXISTS temp.report_segment")
    conn.execute("CREATE TEMP TABLE report_segment (id INTEGER PRIMARY KEY, start TEXT, end TEXT)")
    conn.executemany("INSERT INTO temp.report_segment VALUES (?, ?, ?)", rows)


def _edge(conn: sqlite3.Connection, function: str, condition: str) -> datetime | None:
    row = conn.execute(
        f"SELECT {function}((SELECT {function}(s.timestamp) FROM sessions s "
        f"WHERE {PART} {condition})) FROM temp.report_part p"
    ).fetchone()
    return parse_timestamp(row[0])


def _median(values: FloatArray) -> float | None:
    import numpy as np

    if not values.size:
        return None
    with np.errstate(over="ignore"):
        median = float(np.median(values))
    return median if isfinite(median) else None


def calls_to_know_of(
    conn: sqlite3.Connection, repos: Sequence[str | None], window: Window
) -> tuple[dict[str, int], int]:
    """Return how many calls of the window have each caveat on their price, and how many have an estimated time."""
    bounds = window.start.isoformat(), window.end.isoformat()
    # The plus keeps SQLite to the small indexes of these calls alone.
    where = "timestamp >= ? AND timestamp < ? AND +repo_slug IS ?"
    caveats: Counter[str] = Counter()
    estimated = 0
    for slug in repos:
        noted = f"{where} AND price_caveat IS NOT NULL"
        query = f"SELECT price_caveat, count(*) FROM sessions WHERE {noted} GROUP BY price_caveat"
        caveats.update(dict(map(tuple, conn.execute(query, (*bounds, slug)))))
        query = f"SELECT count(*) FROM sessions WHERE {where} AND time_is_estimated = 1"
        estimated += conn.execute(query, (*bounds, slug)).fetchone()[0]
    return dict(caveats), estimated
