"""Usage days on their way into the store: by CSV and JSON, replaced by later reports, people joined or left out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from prodlens.action.anonymize import make_anonymizer
from prodlens.cli import main
from prodlens.storage import ProdLensStore
from prodlens.trace_ingestion import TraceIngestor
from tests.trace_files import FOLDER
from tests.trace_project import TraceProject

if TYPE_CHECKING:
    from pathlib import Path

AI_USAGE = FOLDER / "copilot_ai_usage.csv"
VENDOR_FILES = [
    "copilot_ai_usage.csv",
    "copilot_premium_requests.csv",
    "copilot_metrics.jsonl",
    "cursor_usage.csv",
    "cursor_events.json",
    "cursor_daily.json",
    "claude_code_analytics.json",
    "openrouter_activity.json",
]


def stored(store: ProdLensStore) -> list[dict[str, Any]]:
    """Return the usage days of a store in the order of their keys."""
    return [dict(row) for row in store.conn.execute("SELECT * FROM usage_days ORDER BY key")]


def test_a_csv_file_and_an_answer_are_stored_beside_no_call(tmp_path: Path) -> None:
    """Vendor files bring usage days and no calls; what is not a day of somebody is skipped."""
    with TraceProject(tmp_path) as project:
        done = project.ingestor.ingest([FOLDER / name for name in VENDOR_FILES])
        assert [each.usage_days for each in done] == [4, 2, 3, 3, 3, 2, 4, 2]
        assert [(each.stored, each.dead) for each in done] == [(0, 0)] * 8
        assert project.rows() == []
        # One event is in Cursor's CSV file and in an answer of its API.
        assert len(stored(project.store)) == 22


def test_the_columns_of_a_usage_day(tmp_path: Path) -> None:
    """Every field of a row arrives in its column; a field that the vendor leaves empty is NULL."""
    with TraceProject(tmp_path) as project:
        project.ingestor.ingest([AI_USAGE])
        (row,) = [row for row in stored(project.store) if row["model"] == "Claude Sonnet 4.5" and row["tokens_in"]]
    assert row.pop("key").startswith("copilot-ai-usage/")
    assert row == {
        "day": "2026-06-01",
        "tool": "copilot",
        "source": "copilot-ai-usage",
        "person": "octocat",
        "model": "Claude Sonnet 4.5",
        "repo_slug": None,
        "tokens_in": 180620,
        "tokens_out": 590,
        "cache_read_tokens": 175000,
        "cache_write_tokens": 4200,
        "quantity": 21.36,
        "unit": "ai-credits",
        "gross_usd": 0.2136,
        "net_usd": 0.0,
    }


def test_a_later_export_replaces_the_earlier_one(tmp_path: Path) -> None:
    """The same month exported again, with more in it, holds each sum once, at its later figure."""
    text = AI_USAGE.read_text(encoding="utf-8")
    later = text.replace("21.36,ai-credits,0.01,0.2136,0.2136,0", "30,ai-credits,0.01,0.3,0.1,0.2")
    with TraceProject(tmp_path) as project:
        project.ingest(text.encode(), "a.csv")
        project.ingest((later + later.splitlines()[-1].replace("2026-06-02", "2026-06-03") + "\n").encode(), "b.csv")
        rows = stored(project.store)
    assert len(rows) == 5
    (changed,) = [row for row in rows if row["quantity"] == 30]
    assert (changed["gross_usd"], changed["net_usd"]) == (0.3, 0.2)


@pytest.mark.parametrize("name", VENDOR_FILES)
def test_a_file_twice_is_the_same_rows(name: str, tmp_path: Path) -> None:
    """Ingesting a file again changes nothing."""
    with TraceProject(tmp_path) as project:
        project.ingestor.ingest([FOLDER / name])
        once = stored(project.store)
        project.ingestor.ingest([FOLDER / name])
        assert stored(project.store) == once


def test_one_bad_row_costs_itself_alone(tmp_path: Path) -> None:
    """A row without a date and one with too many cells are dead letters; a retry reads what was mended."""
    text = AI_USAGE.read_text(encoding="utf-8")
    bad = text + text.splitlines()[1].replace("2026-06-01", "someday") + "\n" + "a,b\n"
    with TraceProject(tmp_path) as project:
        path = tmp_path / "usage.csv"
        path.write_text(bad, encoding="utf-8")
        (done,) = project.ingestor.ingest([path])
        assert (done.usage_days, done.dead) == (4, 2)
        letters = [*project.ingestor.dead_letters.read("usage")]
        assert [(letter.line, letter.reason) for letter in letters] == [
            (6, "row of Copilot's billing report without a readable date"),
            (7, "invalid CSV: 2 cells under a header of 22"),
        ]
        box = project.ingestor.dead_letters.letters_path("usage")
        box.write_bytes(box.read_bytes().replace(b"someday", b"2026-06-09"))
        (again,) = project.ingestor.retry_dead_letters()
        assert (again.usage_days, again.dead) == (1, 1)


def test_people_are_joined_to_logins(tmp_path: Path) -> None:
    """The people file names who is who in usage days as it does in calls."""
    with ProdLensStore(tmp_path / "cache.db") as store:
        ingestor = TraceIngestor(
            store,
            dead_letter_dir=tmp_path / "dead",
            parquet_dir=tmp_path / "lake",
            people={"dev@example.org": "octocat"},
        )
        ingestor.ingest([FOLDER / "claude_code_analytics.json"])
        assert {row["person"] for row in stored(store)} == {"octocat", "ops@example.org"}


@pytest.mark.parametrize(("key", "people"), [("secret", 3), ("", 1)])
def test_people_are_pseudonyms_or_left_out(key: str, people: int, tmp_path: Path) -> None:
    """In a public repository no name is kept, neither in the person nor in the key, and no row is lost by that."""
    with ProdLensStore(tmp_path / "cache.db") as store:
        ingestor = TraceIngestor(
            store,
            dead_letter_dir=tmp_path / "dead",
            parquet_dir=tmp_path / "lake",
            anonymize=make_anonymizer("auto", public=True, key=key),
        )
        ingestor.ingest([AI_USAGE, FOLDER / "cursor_events.json"])
        ingestor.ingest([AI_USAGE])
        rows = stored(store)
    assert len(rows) == 7
    named = {row["person"] for row in rows}
    assert len(named) == (4 if key else people)
    assert not [value for row in rows for value in row.values() if isinstance(value, str) and "@" in value]
    assert "octocat" not in named


def test_equal_figures_of_two_people_without_a_name_are_two_rows(tmp_path: Path) -> None:
    """Two people who used the same are counted twice, also where nothing but their names tells them apart."""
    header, row, *_ = AI_USAGE.read_text(encoding="utf-8").splitlines()
    (tmp_path / "two.csv").write_text(
        "\n".join([header, row, row.replace("octocat", "hubot")]) + "\n", encoding="utf-8"
    )
    with ProdLensStore(tmp_path / "cache.db") as store:
        ingestor = TraceIngestor(
            store,
            dead_letter_dir=tmp_path / "dead",
            parquet_dir=tmp_path / "lake",
            anonymize=make_anonymizer("on", public=False),
        )
        for _ in range(2):
            ingestor.ingest([tmp_path / "two.csv"])
        assert [(row["person"], row["gross_usd"]) for row in stored(store)] == [(None, 0.2136), (None, 0.2136)]


def test_the_command_says_what_was_stored(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Ingesting by the command line counts usage days apart from calls."""
    options = ["--db", str(tmp_path / "c.db"), "--dead-letter-dir", str(tmp_path), "--parquet-dir", str(tmp_path / "l")]
    assert main(["ingest-traces", str(AI_USAGE), *options]) == 0
    assert "4 records, 0 calls stored, 4 usage days stored" in capsys.readouterr().err
