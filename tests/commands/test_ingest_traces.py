"""The commands of ingestion, as a user runs them."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING

import pytest

from prodlens.cli import main
from prodlens.errors import ConfigurationError, InputNotFoundError
from prodlens.storage import ProdLensStore
from prodlens.trace_ingestion.people import read_people

if TYPE_CHECKING:
    from pathlib import Path

RECORD = {
    "timestamp": "2026-05-01T10:00:00Z",
    "usage": {"input_tokens": 1000, "output_tokens": 500},
    "attributes": {"llm.model_name": "claude-3-sonnet"},
    "metadata": {"developer_id": "alice@example.com"},
}


@pytest.fixture(autouse=True)
def _in_a_new_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "traces.jsonl").write_text(json.dumps(RECORD) + "\nnot json\n")


def test_ingest_then_ledger_then_dead_letters(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """The documented flags work, notes go to standard error, tables to standard output."""
    flags = ["--db", "x.db", "--dead-letter-dir", "dead", "--parquet-dir", "lake"]
    assert main(["ingest-traces", "traces.jsonl", "traces.jsonl", "--repo", "acme/web", *flags]) == 0
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "traces.jsonl: 2 records, 1 calls stored, 1 dead letters" in captured.err
    assert "2 sources: 4 records" in captured.err
    assert (tmp_path / "lake" / "acme-web" / "2026-05-01.parquet").exists()
    assert main(["ledger", "--db", "x.db", "--repo", "acme/web", "--since", "2026-05-01", "--until", "2026-05-02"]) == 0
    table = capsys.readouterr().out
    assert table.splitlines()[-1].split() == ["total", "1", "1,500", "0.01", "0.00", "0.01", "0", "0"]
    assert main(["dead-letters", *flags]) == 0
    assert "1 x invalid JSON: Expecting value at character 0 (traces.jsonl:2)" in capsys.readouterr().out
    (tmp_path / "dead" / "traces.deadletter.jsonl").write_text(json.dumps({**RECORD, "id": "x"}) + "\n")
    assert main(["dead-letters", "--retry", *flags]) == 0
    assert "no dead letters" in capsys.readouterr().err


def test_defaults_are_the_documented_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without flags everything is under .prod-lens; ``-`` reads standard input."""
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO((tmp_path / "traces.jsonl").read_bytes())))
    assert main(["ingest-traces", "-"]) == 0
    found = {str(path.relative_to(tmp_path / ".prod-lens")) for path in (tmp_path / ".prod-lens").rglob("*.*")}
    assert {"cache.db", "dead-letter/stdin.deadletter.jsonl", "parquet/unknown/2026-05-01.parquet"} <= found


@pytest.mark.parametrize(
    "arguments",
    [
        ["ingest-traces", "none.jsonl"],
        ["ingest-traces", "traces.jsonl", "--repo", "../../etc"],
        ["ingest-traces", "traces.jsonl", "--people", "none.toml"],
        ["ledger", "--db", "none.db"],
        ["formats", "none.jsonl"],
    ],
)
def test_mistakes_are_one_line_and_status_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """A user's mistake is said in a line on standard error."""
    assert main(arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert len(captured.err.splitlines()) == 1


def test_formats_say_what_a_file_is(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """A file's formats are counted, and of each the places of the fields are named; without a file all are listed."""
    (tmp_path / "cut.json.gz").write_bytes(b"\x1f\x8b\x08\x00cut")
    assert main(["formats", "traces.jsonl", "cut.json.gz"]) == 0
    out = capsys.readouterr().out
    assert "traces.jsonl: 1 reference, 1 invalid JSON" in out
    assert "reference model: attributes.llm.model_name" in out
    assert "cut.json.gz cannot be unpacked" in out
    assert main(["formats"]) == 0
    assert "reference: " in capsys.readouterr().out


def test_own_prices_go_before_the_list(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file of prices prices what it names; ingested again with other prices, a call costs those."""
    for price, cost in (("input = 1000\noutput = 0", 1.0), ("input = 2000\noutput = 0", 2.0)):
        (tmp_path / "prices.toml").write_text(f'[[price]]\nmodel = "claude-*"\n{price}\n')
        assert main(["ingest-traces", "traces.jsonl", "--prices", "prices.toml"]) == 0
        with ProdLensStore(".prod-lens/cache.db") as store:
            (row,) = store.fetch_sessions()
        assert (row["cost_usd"], row["cost_source"]) == (pytest.approx(cost * row["tokens_in"] / 1000), "own-price")
    assert main(["ingest-traces", "traces.jsonl", "--prices", "none.toml"]) == 2
    assert "name a TOML or JSON file" in capsys.readouterr().err


def test_people_are_joined_to_logins(tmp_path: Path) -> None:
    """Names in traces become logins; a file that is wrong says every mistake at once."""
    (tmp_path / "people.toml").write_text('[people]\nalice = ["alice@example.com", "device-1"]\nbob = "b"\n')
    assert main(["ingest-traces", "traces.jsonl", "--people", "people.toml"]) == 0
    with ProdLensStore(".prod-lens/cache.db") as store:
        assert [row["developer_id"] for row in store.fetch_sessions()] == ["alice"]
    with pytest.raises(InputNotFoundError):
        read_people(tmp_path / "none.toml")
    for text in ("people = 1", "[people", '[people]\na = ["x"]\nb = ["x"]\nc = [1]\n'):
        (tmp_path / "people.toml").write_text(text)
        with pytest.raises(ConfigurationError):
            read_people(tmp_path / "people.toml")
    (tmp_path / "people.toml").write_bytes(b"\xff")
    with pytest.raises(ConfigurationError):
        read_people(tmp_path / "people.toml")


def test_faults_of_the_program_are_said_as_such(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A record that ProdLens fails on ends the command with 1 and a message to report, until a retry succeeds."""
    flags = ["--dead-letter-dir", "dead"]
    with monkeypatch.context() as patch:
        patch.setattr("prodlens.trace_ingestion.batches.recognise", lambda record: record["timestamp"].format)
        assert main(["ingest-traces", "traces.jsonl", *flags]) == 1
        assert (
            "ProdLens failed on 1 records: a fault of the program, not of the traces (1 x " in capsys.readouterr().err
        )
        assert main(["dead-letters", "--retry", *flags]) == 1
    assert main(["dead-letters", "--retry", *flags]) == 0
    captured = capsys.readouterr()
    assert "1 calls stored, 1 dead letters" in captured.err
    assert "dead/traces.deadletter.jsonl: 1\n  1 x invalid JSON" in captured.out


def test_of_many_sources_the_total_is_said(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """More than fifty sources are not named one by one, except those with dead letters; equal calls are one."""
    for number in range(60):
        (tmp_path / f"good{number}.jsonl").write_text(json.dumps(RECORD) + "\n")
    assert main(["ingest-traces", "."]) == 0
    err = capsys.readouterr().err.splitlines()
    assert len(err) == 5
    assert err[0] == "traces.jsonl: 2 records, 1 calls stored, 1 dead letters"
    assert err[2] == "61 sources: 62 records, 61 calls stored, 1 dead letters"
    assert err[3] == "calls in .prod-lens/cache.db: 1 (a call that several records tell of is counted once)"
