"""Files made in the workspace belong to its owner."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from prodlens.action.ownership import hand_over

if TYPE_CHECKING:
    from pathlib import Path

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
OWNER = 12_345


@as_root
def test_everything_made_is_handed_over(tmp_path: Path) -> None:
    """Files, folders and the folders on the way to them get the workspace's owner; what lies beside them does not."""
    workspace = tmp_path / "work"
    made = workspace / ".prod-lens" / "report"
    made.mkdir(parents=True)
    (made / "report.json").write_text("{}")
    beside = workspace / "beside"
    beside.write_text("")
    os.chown(workspace, OWNER, OWNER)
    hand_over(workspace, [made, workspace / "not there"])
    for path in (made / "report.json", made, made.parent):
        assert (path.stat().st_uid, path.stat().st_gid) == (OWNER, OWNER)
    assert beside.stat().st_uid == 0


@as_root
def test_links_lead_nowhere(tmp_path: Path) -> None:
    """A link planted in the workspace changes the owner of nothing outside of it."""
    workspace, outside = tmp_path / "work", tmp_path / "outside"
    (workspace / "made").mkdir(parents=True)
    (outside / "inner").mkdir(parents=True)
    (workspace / "made" / "link").symlink_to(outside)
    (workspace / "door").symlink_to(outside)
    os.chown(workspace, OWNER, OWNER)
    hand_over(workspace, [workspace / "made", workspace / "door", workspace / "door" / "inner", outside])
    assert (outside.stat().st_uid, (outside / "inner").stat().st_uid) == (0, 0)
    assert (workspace / "made" / "link").lstat().st_uid == OWNER


def test_nobody_but_root_tries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another user's run owns its files anyway, and changes nothing."""
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    hand_over(tmp_path / "not there", [tmp_path])
