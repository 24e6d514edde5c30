"""Large files are read in a process of their own, while the first one stores what has been read so far."""

from __future__ import annotations

import gc
import marshal
import pickle
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from prodlens.child_process import side_process
from prodlens.errors import StorageError
from prodlens.timestamps import parse_timestamp
from prodlens.trace_ingestion.batches import Batch, batches

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

_SIZE_BYTES = 8
_GARBAGE_THRESHOLD = 100_000  # the rows of a batch are no garbage, and looking for some among them takes time


def batches_aside(
    path: Path, name: str, repo_slug: str | None, people: Mapping[str, str], time: datetime | None = None
) -> Iterator[Batch]:
    """Yield the batches of a plain file, read in another process that is never more than two batches ahead.

    Raises:
        StorageError: The file cannot be read, or the process ended early.
    """
    arguments = {"path": str(path.resolve()), "name": name, "repo_slug": repo_slug, "people": dict(people)}
    arguments["time"] = None if time is None else time.isoformat()
    with side_process(__name__, arguments) as output:
        while head := output.read(_SIZE_BYTES):
            plain, rest = _frame(output, head), _frame(output, output.read(_SIZE_BYTES))
            # Only what our own child wrote is unpickled.
            batch: Batch = pickle.loads(rest)  # noqa: S301
            batch.plain = marshal.loads(plain)  # noqa: S302
            yield batch


def run_aside(arguments: dict[str, Any], output: IO[bytes]) -> None:
    """Write the batches of a file to the output, each as two frames: plain rows, then the rest."""
    path = Path(arguments["path"])
    gc.set_threshold(_GARBAGE_THRESHOLD)
    try:
        given = (arguments["name"], arguments["repo_slug"], arguments["people"])
        for batch in batches(lambda: path.open("rb"), *given, time=parse_timestamp(arguments["time"])):
            plain, batch.plain = batch.plain, []
            for frame in (marshal.dumps(plain), pickle.dumps(batch)):
                output.write(len(frame).to_bytes(_SIZE_BYTES))
                output.write(frame)
            output.flush()
    except StorageError as error:
        raise SystemExit(f"prod-lens: {error}") from error
    except BrokenPipeError:  # the parent was stopped
        raise SystemExit(1) from None


def _frame(output: IO[bytes], head: bytes) -> bytes:
    size = int.from_bytes(head)
    data = output.read(size)
    if len(head) < _SIZE_BYTES or len(data) < size:
        raise StorageError("the process that reads the file ended early; run the command again")
    return data
