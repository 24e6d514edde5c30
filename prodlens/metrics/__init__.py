"""From the store to a report: one module a section, and the gates that hold a report against limits.

The generator loads pandas and scipy, and so with its first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from prodlens.lazy_names import loader
from prodlens.metrics.assignment import arm_of, author_week, issue_unit
from prodlens.metrics.delivery import read_delivery
from prodlens.metrics.gates import Gate, check_gates, gate_rows, parse_gates
from prodlens.metrics.ledger import LedgerLine, ledger
from prodlens.metrics.vendor_usage import VendorUsage, vendor_usage

if TYPE_CHECKING:
    from prodlens.metrics.drawn_arms import assigned_comparison
    from prodlens.metrics.focus import FocusLedger, focus_ledger
    from prodlens.metrics.focus_dataset import FOCUS_COLUMNS, focus_parquet, focus_rows
    from prodlens.metrics.generator import ReportGenerator
    from prodlens.metrics.one_pull_request import described_pull_request
    from prodlens.metrics.published import PublishedRepository, Publishing, publish_repositories, stored_repositories
    from prodlens.metrics.pull_request_costs import ModelCalls, calls_of_pull_request

__all__ = [
    "FOCUS_COLUMNS",
    "FocusLedger",
    "Gate",
    "LedgerLine",
    "ModelCalls",
    "PublishedRepository",
    "Publishing",
    "ReportGenerator",
    "VendorUsage",
    "arm_of",
    "assigned_comparison",
    "author_week",
    "calls_of_pull_request",
    "check_gates",
    "described_pull_request",
    "focus_ledger",
    "focus_parquet",
    "focus_rows",
    "gate_rows",
    "issue_unit",
    "ledger",
    "parse_gates",
    "publish_repositories",
    "read_delivery",
    "stored_repositories",
    "vendor_usage",
]

_HOMES = {"ReportGenerator": "generator", "assigned_comparison": "drawn_arms", "stored_repositories": "published"}
_HOMES |= dict.fromkeys(["FocusLedger", "focus_ledger"], "focus") | {"described_pull_request": "one_pull_request"}
_HOMES |= dict.fromkeys(["ModelCalls", "calls_of_pull_request"], "pull_request_costs")
_HOMES |= dict.fromkeys(["FOCUS_COLUMNS", "focus_parquet", "focus_rows"], "focus_dataset")
_HOMES |= dict.fromkeys(["PublishedRepository", "Publishing", "publish_repositories"], "published")
__getattr__ = loader("prodlens.metrics", {name: f"prodlens.metrics.{module}" for name, module in _HOMES.items()})
