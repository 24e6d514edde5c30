"""Files made in the workspace belong to the workspace's owner, though the container runs as root."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path


def hand_over(workspace: Path, made: Iterable[Path]) -> None:
    """Give what was made in the workspace, and the folders on the way to it, to the workspace's owner.

    Only root can do so, and only root needs to. Of a link the link itself is given away, never its target, and nothing
    outside the workspace is touched.
    """
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return
    owner = workspace.stat()
    root = workspace.resolve()
    for path in made:
        if root in path.absolute().parent.resolve().parents or path.absolute().parent.resolve() == root:
            for each in _below_and_above(path.absolute().parent.resolve() / path.name, root):
                os.chown(each, owner.st_uid, owner.st_gid, follow_symlinks=False)


def _below_and_above(path: Path, root: Path) -> Iterator[Path]:
    if not path.is_symlink() and not path.exists():
        return
    yield path
    yield from (parent for parent in path.parents if root in parent.parents)
    if path.is_dir() and not path.is_symlink():
        for folder, names, files in os.walk(path, followlinks=False):
            yield from (path.__class__(folder, name) for name in (*names, *files))
