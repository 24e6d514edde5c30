"""``prod-lens compact`` as a program."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from pyiceberg.catalog import load_catalog

from prodlens.cli import main
from prodlens.lake import Place, publish
from tests.lake.published_rows import publication

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_what_was_done_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Counts go to standard output; what waits, what cannot be used, and why, to standard error."""
    publish(Place(tmp_path), publication("01a", "02a"))
    assert main(["compact", "--in", str(tmp_path)]) == 0
    said = capsys.readouterr()
    assert said.out == "0 files written, 0 unchanged\n"
    assert said.err == "prod-lens: 2 months have just changed; compact again in a minute or later\n"
    monkeypatch.setattr("prodlens.lake.compaction.QUIET", timedelta(0))
    monkeypatch.setattr("prodlens.lake.compaction.KEPT", timedelta(0))
    (tmp_path / "v1/commits/month=2026-01/acme.web.parquet").write_bytes(b"damaged")
    assert main(["compact", "--in", str(tmp_path)]) == 0
    said = capsys.readouterr()
    assert said.out == "1 files written, 0 unchanged\n"
    assert said.err.startswith("prod-lens: commits of 2026-01 is not compacted: v1/commits/month=2026-01/acme.web")
    for sha in ("02b", "02c"):
        publish(Place(tmp_path), publication("01a", sha, again=True))
        assert main(["compact", "--in", str(tmp_path)]) == 0
    assert capsys.readouterr().out.endswith("2 files written, 0 unchanged, 1 old files removed\n")


def test_the_result_is_committed_to_iceberg(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What was committed is said after what was compacted; a table that fails is an error, after what went well."""
    monkeypatch.setattr("prodlens.lake.compaction.QUIET", timedelta(0))
    publish(Place(tmp_path), publication("01a", "02a"))
    command = ["compact", "--in", str(tmp_path), "--iceberg", f"sqlite:///{tmp_path}/catalog.db"]
    assert main(command) == 0
    assert capsys.readouterr().out == (
        "2 files written, 0 unchanged\nIceberg tables with a new snapshot: commits, repositories; 5 unchanged\n"
    )
    assert main(command) == 0
    assert capsys.readouterr().out == (
        "0 files written, 2 unchanged\nIceberg tables with a new snapshot: none; 7 unchanged\n"
    )
    with load_catalog("default", uri=f"sqlite:///{tmp_path}/catalog.db") as catalog:
        catalog.drop_table("prodlens.calls")
        commits = catalog.load_table("prodlens.commits")
        catalog.create_table("prodlens.calls", commits.schema(), f"{commits.location()}-foreign")
    assert main(command) == 2
    said = capsys.readouterr()
    assert said.out.endswith("with a new snapshot: none; 6 unchanged\n")
    assert said.err == (
        "prod-lens: error: the Iceberg table prodlens.calls is there and ProdLens did not make it; name a namespace of "
        "its own with --iceberg-namespace\n"
    )
    assert main([*command, "--iceberg-namespace", "usage"]) == 0


def test_a_commit_that_fails_leaves_what_is_compacted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A warehouse that refuses ends with 1 after the compaction, and mistakes in the flags with 2 before it."""
    monkeypatch.setattr("prodlens.lake.compaction.QUIET", timedelta(0))
    publish(Place(tmp_path), publication("01a"))
    assert main(["compact", "--in", str(tmp_path), "--iceberg", "x", "--iceberg-namespace", ""]) == 2
    assert not (tmp_path / "compacted").exists()
    capsys.readouterr()
    (tmp_path / "iceberg").write_text("in the way", encoding="utf-8")
    assert main(["compact", "--in", str(tmp_path), "--iceberg", f"sqlite:///{tmp_path}/catalog.db"]) == 1
    said = capsys.readouterr()
    assert said.out.startswith("1 files written, 0 unchanged\n")
    assert said.err.count("prod-lens: error: cannot commit to the Iceberg table prodlens.") == 7
    (tmp_path / "iceberg").unlink()
    (tmp_path / "v1/repositories/acme.web.parquet").write_bytes(b"damaged")
    assert main(["compact", "--in", str(tmp_path), "--iceberg", f"sqlite:///{tmp_path}/catalog.db"]) == 0
    assert "prod-lens: repositories is not committed to Iceberg: v1/repositories/acme.web" in capsys.readouterr().err
