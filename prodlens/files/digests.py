"""The one digest that identifies bytes: BLAKE2b of 16 bytes, written as 32 hexadecimal digits."""

from __future__ import annotations

import hashlib

DIGEST_BYTES = 16


def digest(data: bytes) -> str:
    """Return the digest of some bytes."""
    return hashlib.blake2b(data, digest_size=DIGEST_BYTES).hexdigest()


def new_digest(data: bytes = b"") -> hashlib.blake2b:
    """Return a digest that more bytes can be added to; ``hexdigest()`` gives what ``digest`` gives of all of them."""
    return hashlib.blake2b(data, digest_size=DIGEST_BYTES)
