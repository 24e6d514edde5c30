"""Where the program keeps its files when nobody says otherwise, below the current folder."""

from __future__ import annotations

from pathlib import Path

STATE_FOLDER = Path(".prod-lens")
DEFAULT_DATABASE = STATE_FOLDER / "cache.db"
DEMO_DATABASE = STATE_FOLDER / "demo.db"
DEFAULT_LAKE = STATE_FOLDER / "parquet"
DEFAULT_DEAD_LETTERS = STATE_FOLDER / "dead-letter"
DEFAULT_REPORTS = STATE_FOLDER / "report"
