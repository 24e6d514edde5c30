"""What AI coding assistants cost, how their suggestions fare, and whether usage goes with delivery.

The public names load on first use, so that ``import prodlens`` and ``--help`` stay fast.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from prodlens.lazy_names import loader
from prodlens.version import __version__ as __version__

if TYPE_CHECKING:
    from prodlens.aggregation import DailyAggregator, ParquetExporter
    from prodlens.github_etl import GithubETL
    from prodlens.metrics import ReportGenerator
    from prodlens.schemas import CanonicalTrace
    from prodlens.storage import ProdLensStore
    from prodlens.trace_ingestion import TraceIngestor
    from prodlens.trace_normalizer import normalize_records

_HOMES = {
    "CanonicalTrace": "prodlens.schemas",
    "DailyAggregator": "prodlens.aggregation",
    "GithubETL": "prodlens.github_etl",
    "ParquetExporter": "prodlens.aggregation",
    "ProdLensStore": "prodlens.storage",
    "TraceIngestor": "prodlens.trace_ingestion",
    "ReportGenerator": "prodlens.metrics",
    "normalize_records": "prodlens.trace_normalizer",
}

__all__ = [
    "CanonicalTrace",
    "DailyAggregator",
    "GithubETL",
    "ParquetExporter",
    "ProdLensStore",
    "ReportGenerator",
    "TraceIngestor",
    "normalize_records",
]


__getattr__ = loader("prodlens", _HOMES)
