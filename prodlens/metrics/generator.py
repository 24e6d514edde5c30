"""ReportGenerator: from the store to the report, plain data that any renderer can read."""

from __future__ import annotations

import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from prodlens.evidence import stored_evidence
from prodlens.github_etl import sync_state
from prodlens.metrics import associations, headline, quality, series
from prodlens.metrics.ai_share import ai_share
from prodlens.metrics.assisted_pull_requests import assisted_pull_requests
from prodlens.metrics.assisted_work import Findings
from prodlens.metrics.attributed_calls import read_attributed_calls
from prodlens.metrics.cache_share import cache_share
from prodlens.metrics.delivery import read_delivery
from prodlens.metrics.effect_sizes import effect_size_section
from prodlens.metrics.failed_calls import failed_calls
from prodlens.metrics.forecast import forecast_section
from prodlens.metrics.from_frames import frame_correlations, frame_effect_sizes
from prodlens.metrics.ledger import cost_by_model, ledger_section
from prodlens.metrics.merge_time import lead_time_section, merge_time_section
from prodlens.metrics.periods import periods_section
from prodlens.metrics.proportions import interval_sections
from prodlens.metrics.pull_request_costs import first_calls, pull_request_costs
from prodlens.metrics.request import DEFAULT_DIFF_THRESHOLD, DEFAULT_HISTORY_DAYS, ReportRequest
from prodlens.metrics.timeline import Window, build_timeline
from prodlens.metrics.usage import call_span, calls_to_know_of, read_usage, totals
from prodlens.metrics.vendor_usage import last_reported_day, vendor_usage
from prodlens.storage import revert_times
from prodlens.timestamps import EARLIEST, as_utc, latest_plausible, parse_timestamp
from prodlens.trace_ingestion import ingestion_state

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from collections.abc import Set as AbstractSet
    from datetime import date

    import pandas as pd

    from prodlens.metrics.timeline import Timeline
    from prodlens.metrics.vendor_usage import VendorUsage
    from prodlens.storage import ProdLensStore

SCHEMA_VERSION = 1
# A report goes through long ranges of indexes and meets few pages twice; a larger cache would only hold memory.
_PAGE_CACHE_KIB = 16 * 1024


class ReportGenerator:
    """Computes reports from what a store holds."""

    def __init__(self, store: ProdLensStore, *, clock: Callable[[], float] = time.time) -> None:
        """Report on this store; nothing is read yet.

        Args:
            store: Where calls, pull requests and commits are.
            clock: What tells the Unix time; moments more than two days after it cannot be true.
        """
        self.store = store
        self._clock = clock

    def generate_report(  # noqa: PLR0913 - the documented parameters, then the settings of the action
        self,
        *,
        repo: str,
        since: date | datetime,
        lag_days: int = 1,
        policy_models: AbstractSet[str] | None = None,
        until: date | datetime | None = None,
        timezone: str = "UTC",
        report_time: datetime | None = None,
        history_days: int = DEFAULT_HISTORY_DAYS,
        holidays: Iterable[date] = (),
        acceptance_target: float | None = None,
        diff_threshold: float = DEFAULT_DIFF_THRESHOLD,
        plan_cost_usd_per_month: float | None = None,
        people: Mapping[str, str] | None = None,
        unnamed: str = "with",
        attribute_by_person: bool = False,
    ) -> dict[str, Any]:
        """Report on one repository over ``[since, until)``; see ``ReportRequest`` for every parameter.

        Returns:
            The report that ``report.schema.json`` describes: JSON values alone, None where a figure has no data behind
            it, never NaN.

        Raises:
            ConfigurationError: A parameter is out of range; every mistake is listed.
        """
        request = ReportRequest(
            repo=repo,
            since=since,
            lag_days=lag_days,
            policy_models=None if policy_models is None else frozenset(policy_models),
            until=until,
            timezone=timezone,
            report_time=None if report_time is None else as_utc(report_time),
            history_days=history_days,
            holidays=frozenset(holidays),
            acceptance_target=acceptance_target,
            diff_threshold=diff_threshold,
            plan_cost_usd_per_month=plan_cost_usd_per_month,
            people=tuple((people or {}).items()),
            unnamed=unnamed,
            attribute_by_person=attribute_by_person,
        )
        with _small_page_cache(self.store.conn):
            return _report(self.store, request, request.report_time or self._now())

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._clock(), UTC)

    def compute_effect_sizes(self, sessions: pd.DataFrame, pull_requests: pd.DataFrame) -> dict[str, Any]:
        """Compare accepted with rejected calls, by the plain formulas, whatever the size of the sample.

        Args:
            sessions: A frame like ``sessions_dataframe``; calls of unknown acceptance are in neither group.
            pull_requests: A frame like ``pull_requests_dataframe``; no effect size needs it yet.

        Returns:
            ``latency_cohens_d``: (mean latency of accepted - of rejected calls) / pooled standard deviation;
            ``token_efficiency_ratio``: mean tokens of accepted calls / of all calls; ``model_acceptance_rates``: the
            share of accepted calls, of those known, by model. None where a formula is not defined.
        """
        del pull_requests  # a documented parameter
        return frame_effect_sizes(sessions)

    def get_correlations_with_effect_sizes(
        self, sessions: pd.DataFrame, commits: pd.DataFrame, lag_days: int = 1
    ) -> dict[str, Any]:
        """Correlate calls a day with commits a day, ``lag_days`` later, each over its own observed span of UTC days.

        Args:
            sessions: A frame like ``sessions_dataframe``.
            commits: A frame like ``commits_dataframe``.
            lag_days: Days from calls to commits.

        Returns:
            ``pearson`` and ``spearman`` as in the report's ``ai_outcome_association``, ``lag_days``, ``effect_sizes``
            (see ``compute_effect_sizes``) and ``session_growth_percent``: calls of the last day against those of the
            first, None with less than two days.
        """
        return frame_correlations(sessions, commits, lag_days, self._now())


@contextmanager
def _small_page_cache(conn: sqlite3.Connection) -> Iterator[None]:
    before = conn.execute("PRAGMA cache_size").fetchone()[0]
    conn.execute(f"PRAGMA cache_size = -{_PAGE_CACHE_KIB}")
    try:
        yield
    finally:
        conn.execute(f"PRAGMA cache_size = {before}")


def _report(store: ProdLensStore, request: ReportRequest, now: datetime) -> dict[str, Any]:
    plausible = Window(EARLIEST, latest_plausible(now + timedelta(microseconds=1)))
    delivery, misdated = read_delivery(store.conn, request.repo).within(plausible)
    first_call, last_call, misdated_calls = call_span(store.conn, request.covered, plausible)
    moments = [last_call, *delivery.pull_request_moments()]
    moments += [commit.timestamp for commit in delivery.commits]
    moments.append(last_reported_day(store.conn, request.covered, now))
    timeline = build_timeline(request, max((m for m in moments if m is not None), default=None), first_call)
    counted = timeline.window.within(plausible)
    usage = read_usage(store.conn, request.covered, timeline, request.diff_threshold, plausible)
    cells = usage.cells
    to_know = calls_to_know_of(store.conn, request.covered, counted)
    sync, ingestion = sync_state(store, request.repo), ingestion_state(store)
    daily = series.daily_series(request, timeline, usage, delivery, _readings(sync, ingestion))
    people = delivery.by_people()
    delivered = headline.delivery_figures(request, timeline, people)
    implausible = {
        "sessions": misdated_calls,
        "pull_requests": len(misdated.pull_requests),
        "commits": len(misdated.commits),
    }
    whole = totals(cells)
    cost_usd = whole.cost_usd
    calls = read_attributed_calls(store.conn, request, counted, whole)
    reverted = revert_times(store.conn, request.slug)
    costs = pull_request_costs(store.conn, request, counted, cost_usd, calls.parts, reverted)
    signs = stored_evidence(store.conn, request.slug, calls.traced)
    return {
        "schema_version": SCHEMA_VERSION,
        "metadata": {**_metadata(request, timeline), "simulated": store.simulated},
        "coverage": quality.coverage(request, timeline, usage, delivery),
        "data_quality": quality.data_quality(request, usage, cells, daily, (sync, ingestion), to_know, implausible),
        **headline.usage_figures(request, usage, cells),
        **delivered,
        "rework": headline.rework_counts(people, timeline.window),
        "bots": headline.bot_counts(delivery.by_bots(), timeline.window),
        **interval_sections(request, timeline, cells, usage, people),
        "cost_metrics": headline.cost_metrics(
            request, timeline, cost_usd, delivered["pr_throughput"]["total_merged"], daily
        ),
        "forecast": forecast_section(request, timeline, daily["cost_usd"]),
        **associations.association_sections(request, daily),
        "periods": periods_section(request, timeline, usage, people, daily),
        "merge_time": merge_time_section(people, timeline.window),
        "lead_time": lead_time_section(people, timeline.window),
        "effect_sizes": effect_size_section(timeline, usage, cells),
        "ledger": ledger_section(request, timeline.window, cells, _reported(store, request, timeline.window)),
        "cost_by_model": cost_by_model(cells),
        "failed_calls": failed_calls(store.conn, request.covered, counted),
        "ai_share": ai_share(store.conn, request, timeline, plausible, signs),
        "cache": cache_share(store.conn, request.covered, counted),
        "pull_request_costs": costs,
        "assisted_pull_requests": assisted_pull_requests(
            store.conn, request, timeline, people, Findings(first_calls(calls.parts), signs, reverted), plausible
        ),
        "daily": series.daily_table(daily),
        "weekly": series.weekly_table(daily),
    }


def _reported(store: ProdLensStore, request: ReportRequest, window: Window) -> dict[str, VendorUsage | None]:
    """Return what vendors report of the days (UTC) that the window touches."""
    last = max(window.start, window.end - timedelta(microseconds=1))
    return vendor_usage(store.conn, window.start.date(), last.date(), request.covered)


def _readings(sync: Mapping[str, Any], ingestion: Mapping[str, Any]) -> dict[str, series.Reading]:
    """Return how far traces and each stream of GitHub were read."""
    readings = {
        stream["stream"]: series.Reading(parse_timestamp(stream["since"]), parse_timestamp(stream["synced_at"]))
        for stream in sync["streams"]
    }
    return {**readings, "sessions": series.Reading(through=parse_timestamp(ingestion["last_ingested_at"]))}


def _metadata(request: ReportRequest, timeline: Timeline) -> dict[str, Any]:
    return {
        "repo": request.repo,
        "since": _iso(request.since),
        "lag_days": request.lag_days,
        "until": _iso(request.until) if request.until is not None else timeline.window.end.isoformat(),
        "window": {
            "start": timeline.window.start.isoformat(),
            "end": timeline.window.end.isoformat(),
            "days": timeline.window.days,
        },
        "timezone": request.timezone,
        "report_time": None if request.report_time is None else request.report_time.isoformat(),
        "history_days": request.history_days,
        "policy_models": None if request.policy_models is None else sorted(request.policy_models),
        "acceptance_target": request.acceptance_target,
        "diff_threshold": request.diff_threshold,
        "plan_cost_usd_per_month": request.plan_cost_usd_per_month,
        "holidays": sorted(day.isoformat() for day in request.holidays),
    }


def _iso(value: date | datetime) -> str:
    return value.isoformat()
