"""The errors of ProdLens: one class per decision that a caller can make.

ProdLensError                    anything below; ``exit_status`` is what a program ends with
├── UserError                    exit 2: the caller gave something wrong and can mend it
│   ├── ConfigurationError       a setting, flag or file of settings
│   ├── InvalidSlugError         a repository that is not ``owner/name`` (also a ValueError)
│   ├── InputNotFoundError       an input that is not there (also a FileNotFoundError)
│   └── UnusableStoreError       the database is not SQLite, not ours, or from a newer version
└── OutsideError                 exit 1: something outside failed; trying again may help
    ├── StorageError             the disk is full, the database read-only or locked
    └── GithubError              GitHub refused or failed; see ``prodlens.github``
"""

from __future__ import annotations


class ProdLensError(Exception):
    """Base of every error that ProdLens raises on purpose; its text says what to do."""

    exit_status = 1


class UserError(ProdLensError):
    """Something the caller gave is wrong; the same call will fail again until it is mended."""

    exit_status = 2


class ConfigurationError(UserError):
    """A setting is wrong. ``mistakes`` holds every one found, each a line of its own."""

    def __init__(self, *mistakes: str) -> None:
        super().__init__("\n".join(mistakes))
        self.mistakes = mistakes


class InvalidSlugError(UserError, ValueError):
    """A repository slug that is not ``owner/name`` or that would leave its folder."""


class InputNotFoundError(UserError, FileNotFoundError):
    """A file or folder to read is not there."""


class UnusableStoreError(UserError):
    """The database file is not SQLite, belongs to another program or comes from a newer version."""


class OutsideError(ProdLensError):
    """Something outside the program failed; nothing that was stored before is lost."""


class StorageError(OutsideError):
    """The database or the lake could not be written: full disk, read-only file, lock."""


class GithubError(OutsideError):
    """GitHub could not be asked, refused, or answered something unusable."""
