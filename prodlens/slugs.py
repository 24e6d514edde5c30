"""What a repository is called: ``owner/name``, and the folder that stands for it."""

from __future__ import annotations

import re
from functools import lru_cache

from prodlens.errors import InvalidSlugError

_PART = r"[A-Za-z0-9_.\-]{1,100}"
_SLUG = re.compile(rf"{_PART}/{_PART}")
_REMOTE = re.compile(
    rf"(?:[a-z+]+://(?:[^@/]+@)?[^/]+/|(?:[^@/]+@)?[^:/]+:)(?P<slug>{_PART}/{_PART}?)(?:\.git)?/?",
    re.IGNORECASE,
)
UNKNOWN_FOLDER = "unknown"
_REMEMBERED = 4096  # texts, of which a log names few and each of them often
_UNSAFE = re.compile(r"[^A-Za-z0-9_.\-]+")


def is_slug(text: str) -> bool:
    """Tell whether the text is ``owner/name`` and neither part would leave its folder."""
    return bool(_SLUG.fullmatch(text)) and not {".", ".."} & set(text.split("/"))


@lru_cache(maxsize=1024)  # asked of every row, and nearly always about the same few
def one_spelling(text: str) -> str:
    """Return the spelling that a repository is stored and compared in; text that is not a slug is returned unchanged.

    GitHub takes owner and name without regard to case. Lower case is the one spelling that can be found without
    asking GitHub, and that does not depend on which source is read first.
    """
    return text.lower() if is_slug(text) else text


def same_repository(one: str | None, other: str | None) -> bool:
    """Tell whether two slugs name one repository; None names none."""
    return one is not None and other is not None and one_spelling(one) == one_spelling(other)


def checked_slug(text: str) -> str:
    """Return the slug in its one spelling.

    Raises:
        InvalidSlugError: It is not ``owner/name``.
    """
    if not is_slug(text):
        raise InvalidSlugError(f"not a repository: {text!r} (expected owner/name, for example octocat/hello-world)")
    return one_spelling(text)


def split_slug(text: str) -> tuple[str, str]:
    """Return owner and name of a slug, in its one spelling.

    Raises:
        InvalidSlugError: It is not ``owner/name``.
    """
    owner, _, name = checked_slug(text).partition("/")
    return owner, name


def slug_from_remote(url: str) -> str | None:
    """Read ``owner/name`` from a git remote (https, ssh or scp-like), in its one spelling; None without such a path."""
    match = _REMOTE.fullmatch(url.strip())
    if match is None:
        return None
    slug = match["slug"].removesuffix(".git")
    return one_spelling(slug) if is_slug(slug) else None


@lru_cache(maxsize=_REMEMBERED)
def read_slug(text: str) -> str | None:
    """Return ``owner/name``, in its one spelling, from a slug, git remote or URL; None for any other text."""
    return text.lower() if is_slug(text) else slug_from_remote(text)


def folder_name(slug: str | None) -> str:
    """Return the lake's folder for a repository: ``owner-name``, or ``unknown`` without one."""
    return checked_slug(slug).replace("/", "-") if slug else UNKNOWN_FOLDER


@lru_cache(maxsize=_REMEMBERED)
def partition_folder(slug: str | None) -> str:
    """Return the folder of a repository's calls: ``org-repo``, ``unknown`` without a slug.

    Text that is not ``owner/name`` but stays inside the lake gets a folder of its own with every odd character made
    a hyphen.

    Raises:
        InvalidSlugError: The slug would leave the lake.
    """
    if not slug or is_slug(slug):
        return folder_name(slug)
    parts = slug.replace("\\", "/").split("/")
    if {".", ".."} & set(parts) or not parts[0] or "\0" in slug or ":" in parts[0]:
        raise InvalidSlugError(f"a repository that would leave the Parquet folder: {slug!r}")
    return _UNSAFE.sub("-", slug).strip("-._")[:200] or UNKNOWN_FOLDER
