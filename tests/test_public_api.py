"""The documented API: names, order and defaults of every parameter that users call with."""

from __future__ import annotations

import importlib
import inspect
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

import prodlens
from prodlens import metrics, trace_normalizer
from prodlens.aggregation import DailyAggregator, ParquetExporter
from prodlens.github_etl import GithubETL
from prodlens.schemas import CanonicalTrace
from prodlens.storage import ProdLensStore
from prodlens.trace_ingestion import TraceIngestor

REQUIRED = inspect.Parameter.empty

DOCUMENTED: list[tuple[Any, dict[str, Any]]] = [
    (ProdLensStore, {"path": REQUIRED}),
    (ProdLensStore.insert_sessions, {"sessions": REQUIRED}),
    (ProdLensStore.fetch_sessions, {}),
    (ProdLensStore.sessions_dataframe, {}),
    (ProdLensStore.insert_pull_requests, {"pull_requests": REQUIRED}),
    (ProdLensStore.fetch_pull_requests, {}),
    (ProdLensStore.pull_requests_dataframe, {}),
    (ProdLensStore.insert_commits, {"commits": REQUIRED}),
    (ProdLensStore.fetch_commits, {}),
    (ProdLensStore.commits_dataframe, {}),
    (ProdLensStore.get_last_checkpoint, {"job_name": REQUIRED}),
    (ProdLensStore.set_checkpoint, {"job_name": REQUIRED, "checkpoint_timestamp": REQUIRED}),
    (ProdLensStore.insert_daily_session_metrics, {"metrics": REQUIRED}),
    (ProdLensStore.insert_daily_github_metrics, {"metrics": REQUIRED}),
    (ProdLensStore.fetch_daily_session_metrics, {"since": None}),
    (ProdLensStore.fetch_daily_github_metrics, {"since": None}),
    (ProdLensStore.get_etag, {"endpoint": REQUIRED}),
    (ProdLensStore.set_etag, {"endpoint": REQUIRED, "etag": REQUIRED}),
    (trace_normalizer.normalize_records, {"records": REQUIRED}),
    (
        TraceIngestor,
        {
            "store": REQUIRED,
            "dead_letter_dir": Path(".prod-lens/dead-letter"),
            "parquet_dir": Path(".prod-lens/parquet"),
        },
    ),
    (TraceIngestor.ingest_file, {"path": REQUIRED, "repo_slug": None}),
    (DailyAggregator, {"store": REQUIRED}),
    (DailyAggregator.aggregate_sessions, {"event_date": None}),
    (DailyAggregator.aggregate_github, {"event_date": None}),
    (DailyAggregator.write_aggregates, {}),
    (ParquetExporter, {"parquet_dir": Path(".prod-lens/parquet")}),
    (ParquetExporter.export_sessions_by_date, {"store": REQUIRED, "since": None, "repo_filter": None}),
    (ParquetExporter.export_aggregates_by_date, {"store": REQUIRED, "since": None}),
    (ParquetExporter.list_partitions, {}),
    (metrics.ReportGenerator, {"store": REQUIRED}),
    (
        metrics.ReportGenerator.generate_report,
        {"repo": REQUIRED, "since": REQUIRED, "lag_days": 1, "policy_models": None},
    ),
    (metrics.ReportGenerator.compute_effect_sizes, {"sessions": REQUIRED, "pull_requests": REQUIRED}),
    (
        metrics.ReportGenerator.get_correlations_with_effect_sizes,
        {"sessions": REQUIRED, "commits": REQUIRED, "lag_days": 1},
    ),
    (GithubETL, {"store": REQUIRED, "session": None}),
    (GithubETL.sync_pull_requests, {"owner": REQUIRED, "repo": REQUIRED, "token": None, "since": None}),
    (GithubETL.sync_commits, {"owner": REQUIRED, "repo": REQUIRED, "token": None, "since": None}),
    (
        CanonicalTrace,
        {
            **dict.fromkeys(["session_id", "developer_id", "timestamp", "model", "tokens_in", "tokens_out"], REQUIRED),
            **dict.fromkeys(["latency_ms", "status_code", "accepted_flag"], REQUIRED),
            **dict.fromkeys(["repo_slug", "diff_ratio", "accepted_lines"]),
        },
    ),
]


PATHS = {
    "prodlens.storage": ["ProdLensStore"],
    "prodlens.schemas": ["CanonicalTrace"],
    "prodlens.trace_normalizer": ["normalize_records"],
    "prodlens.trace_ingestion": ["TraceIngestor"],
    "prodlens.aggregation": ["DailyAggregator", "ParquetExporter"],
    "prodlens.metrics": ["ReportGenerator"],
    "prodlens.github_etl": ["GithubETL"],
    "prodlens.cli": ["main"],
}


@pytest.mark.parametrize(("module", "names"), PATHS.items(), ids=PATHS)
def test_every_documented_import_path_and_name_stays(module: str, names: list[str]) -> None:
    """What the documentation imports loads from where it says, and is what ``prodlens`` itself exports."""
    loaded = importlib.import_module(module)
    for name in names:
        assert callable(getattr(loaded, name))
        if name in prodlens.__all__:
            assert getattr(loaded, name) is getattr(prodlens, name)


@pytest.mark.parametrize(("documented", "parameters"), DOCUMENTED, ids=lambda value: getattr(value, "__qualname__", ""))
def test_documented_parameters_come_first_and_keep_their_defaults(documented: Any, parameters: dict[str, Any]) -> None:
    """Documented parameters stand first, in order, with their defaults; what was added after them is optional."""
    found = {name: p.default for name, p in inspect.signature(documented).parameters.items() if name != "self"}
    assert list(found)[: len(parameters)] == list(parameters)
    assert {name: found[name] for name in parameters} == parameters
    assert REQUIRED not in [default for name, default in found.items() if name not in parameters]


def test_the_public_names_are_sorted_and_load() -> None:
    """``__all__`` is sorted, complete, and each of its names loads on first use."""
    assert sorted(prodlens.__all__) == prodlens.__all__ == sorted(prodlens._HOMES)
    for name, home in prodlens._HOMES.items():
        assert getattr(prodlens, name) is getattr(import_module(home), name)
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = prodlens.nonsense
