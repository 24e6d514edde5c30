"""One writer at a time: an advisory lock that the system releases when its holder ends, however it ends.

The package ``filelock`` opens its file by path, and would follow a link in a folder on the way to it.
"""

from __future__ import annotations

import errno
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from prodlens.errors import StorageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prodlens.files.folders import Folder

if sys.platform == "win32":  # pragma: no cover - the tests run where fcntl is
    import msvcrt

    def _acquire(descriptor: int) -> None:
        while True:
            try:
                msvcrt.locking(descriptor, msvcrt.LK_LOCK, 1)
            except OSError as error:
                if error.errno != errno.EDEADLK:  # ten seconds have passed
                    raise
            else:
                return

else:
    import fcntl

    def _acquire(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX)


@contextmanager
def locked(folder: Folder) -> Iterator[None]:
    """Hold the folder's lock, waiting for it; the folder is created when it is missing.

    Raises:
        StorageError: The folder or its ``.lock`` file cannot be written.
    """
    try:
        held = folder.open(".lock", "ab")
    except OSError as error:
        raise StorageError(f"cannot write to the folder {folder.path}: {error.strerror}") from error
    with held:
        _acquire(held.fileno())
        yield
