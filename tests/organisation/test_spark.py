"""Every figure is equal on DuckDB and on Spark, over random tables.

The layer runs where pyspark is installed and java is on the PATH.
"""

from __future__ import annotations

import random
import shutil
import tempfile
from datetime import timedelta
from decimal import Decimal
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from prodlens.organisation import Engine, Period, connected, organisation_report
from tests.organisation.published import NOW, call, moment, publish, pull, repository
from tests.organisation.test_adoption import WHOLE, organisation

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [
    pytest.mark.spark,
    pytest.mark.timeout(600),
    pytest.mark.filterwarnings("ignore"),  # of Spark, on the Python and pandas of the day
    pytest.mark.skipif(
        find_spec("pyspark") is None or shutil.which("java") is None,
        reason="spark layer: pyspark is not installed, or java is not on the PATH",
    ),
]
PERIOD = Period(moment("4-15").date(), moment("6-16").date())
DAYS = (
    "4-01",
    "4-14 23:59",
    "4-15 00:00",
    "4-30 23:59",
    "5-01 00:00",
    "5-03",
    "5-04 00:00",
    "5-31 23:59",
    "6-15 23:59",
    "6-16 00:00",
)
COSTS = (None, "0", "0.0000000001", "0.1", "0.2", "1.5", "123456.7890123456", "99999999.9999999999")
LATENCIES = (None, 0.0, 99.999, 100.0, 125.0, 1600.0, 1e6, 1e9, float("inf"))
PEOPLE = (None, "Ann", "ann", "ünï", "", *(f"person {number}" for number in range(5)))
NAMES = ("acme/a", "acme/b", "acme/c", "acme/d")


@pytest.fixture(scope="module")
def spark() -> Iterator[Engine]:
    """Start Spark on two cores, in a time zone that is not UTC."""
    builder = import_module("pyspark.sql").SparkSession.builder.master("local[2]")
    chosen = {"spark.sql.session.timeZone": "Asia/Tokyo", "spark.sql.shuffle.partitions": "2"}
    for name, value in (chosen | {"spark.ui.enabled": "false"}).items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    yield connected("spark")
    session.stop()


def filled(place: Path, seed: int) -> Path:
    """Publish random rows, from values that engines could see differently."""
    choice = random.Random(seed).choice
    calls = [
        call(
            choice(DAYS), choice(PEOPLE), choice(COSTS), repository=choice(NAMES), tool=choice((None, "codex", "amp")),
            model=choice((None, "m-1", "M-1", "m 1")), latency_ms=choice(LATENCIES), pull_request=choice((None, 1)),
        )
        for _ in range(400)
    ]  # fmt: skip
    weekly = [
        call("5-01", choice(PEOPLE), repository=choice(NAMES), source=choice((None, "otel")))
        | {"at": at, "day": at.date()}
        for at in (NOW - timedelta(days=choice(range(300))) for _ in range(900))
    ]
    closed: dict[str, Any] = {"merged_at": None, "state": "closed"}
    kinds: tuple[dict[str, Any], ...] = ({}, closed, {"reverted": True}, {"is_bot": True})
    pulls = [
        pull(number, choice(DAYS), choice(PEOPLE), choice(COSTS), repository=choice(NAMES), **choice(kinds))
        | {"assisted": choice((None, True, False))}
        for number in range(200)
    ]
    for number in range(200, 600):
        opened = NOW - timedelta(days=choice(range(120)), hours=choice(range(24)))
        ended = choice((None, opened + timedelta(hours=choice(range(1, 90)))))
        row = pull(number, None, choice(PEOPLE), repository=choice(NAMES), assisted=choice((True, False)))
        size = choice((3, 40, 500, None))
        state: dict[str, Any] = {"merged_at": choice((None, ended)), "closed_at": ended, "additions": size}
        pulls.append(row | state | {"opened_at": opened, "deletions": 4, "draft": choice((None, True, False))})
    commits = [
        {
            "repository": choice(NAMES),
            "sha": f"{number:04}",
            "at": at,
            "day": at.date(),
            "is_bot": choice((True, False)),
        }
        | {"author": choice(PEOPLE)}
        for number, at in enumerate(NOW - timedelta(days=choice(range(120))) for _ in range(200))
    ]
    rows = [repository(name, team=choice((None, "core", "web"))) for name in NAMES]
    return publish(place, calls=calls + weekly, pull_requests=pulls, commits=commits, repositories=rows)


def figures(engine: Engine, place: Path) -> dict[str, Any]:
    """Return the report less the name of the engine."""
    found = organisation_report(engine, str(place), PERIOD, now=NOW)
    return found | {"metadata": found["metadata"] | {"engine": ""}}


@settings(max_examples=2, deadline=None, phases=[Phase.explicit, Phase.generate])
@given(st.integers(0, 10**9))
def test_every_figure_is_equal_on_both(spark: Engine, seed: int) -> None:
    """Counts, people, weeks, medians and sums of money are the same on DuckDB and on Spark, to the last digit."""
    with tempfile.TemporaryDirectory() as folder:
        place = filled(Path(folder), seed)
        on_duckdb, on_spark = figures(connected("duckdb"), place), figures(spark, place)
    assert on_spark == on_duckdb
    assert on_duckdb["cost"]["months"][1]["calls"] > 0
    assert on_duckdb["pull_requests"]["by_team"]["rows"]
    assert on_duckdb["comparison"]["authors"] is not None
    assert on_duckdb["adoption"]["beginning"]["since"] is not None


def test_an_empty_place_is_equal_on_both(spark: Engine, tmp_path: Path) -> None:
    """Spark has a report of nothing too."""
    assert figures(spark, tmp_path) == figures(connected("duckdb"), tmp_path)


def test_money_is_decimal_on_spark(spark: Engine, tmp_path: Path) -> None:
    """A tenth added ten times is one dollar."""
    publish(tmp_path, calls=[call("5-02", f"p{n}", Decimal("0.1")) for n in range(10)], repositories=[repository()])
    assert figures(spark, tmp_path)["cost"]["cost_usd"] == 1.0


def test_beginnings_and_open_pull_requests_are_equal_on_both(spark: Engine, tmp_path: Path) -> None:
    """An organisation whose people begin, some of whose pull requests are open, has the same figures on both."""
    tables = organisation(1.8, 1)
    for at, row in enumerate(tables["pull_requests"]):
        row |= {"assisted": at % 3 == 0, "additions": at % 50, "deletions": 3, "changed_files": 2}
        if at % 9 == 0:
            row |= {"merged_at": None, "closed_at": None, "state": "open"}
    place = publish(tmp_path, **tables)
    on_duckdb, on_spark = (
        organisation_report(engine, str(place), WHOLE, now=NOW) for engine in (connected("duckdb"), spark)
    )
    assert on_spark["adoption"] == on_duckdb["adoption"]
    assert on_spark["comparison"] == on_duckdb["comparison"]
    assert on_duckdb["adoption"]["beginning"]["ratio"] > 1
    assert on_duckdb["comparison"]["measure"] == "hazard_ratio"
