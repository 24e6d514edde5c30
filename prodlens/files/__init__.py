"""Files of the program's own: where they are, how they are written without following a link, locks and digests."""

from prodlens.files.digests import DIGEST_BYTES, digest, new_digest
from prodlens.files.folders import Beside, Folder, LinkError, append_as_given
from prodlens.files.locks import locked
from prodlens.files.paths import (
    DEFAULT_DATABASE,
    DEFAULT_DEAD_LETTERS,
    DEFAULT_LAKE,
    DEFAULT_REPORTS,
    DEMO_DATABASE,
    STATE_FOLDER,
)

__all__ = [
    "DEFAULT_DATABASE",
    "DEFAULT_DEAD_LETTERS",
    "DEFAULT_LAKE",
    "DEFAULT_REPORTS",
    "DEMO_DATABASE",
    "DIGEST_BYTES",
    "STATE_FOLDER",
    "Beside",
    "Folder",
    "LinkError",
    "append_as_given",
    "digest",
    "locked",
    "new_digest",
]
