"""``prod-lens compact`` as a program."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

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
