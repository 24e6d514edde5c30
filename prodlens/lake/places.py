"""Places that the published tables live at: a folder, or a bucket that pyarrow or fsspec has a file system for.

A file appears whole: in a folder it is written beside its name and renamed, in a bucket it is one put. Credentials come
from the environment alone, as the file systems read it.
"""

from __future__ import annotations

import re
import secrets
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

import pyarrow as pa
from pyarrow import fs

from prodlens.errors import ConfigurationError, StorageError
from prodlens.files import Beside, Folder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# What pyarrow has a file system for, under the name that pyarrow gives it.
_NATIVE = {"s3": "s3", "gs": "gs", "gcs": "gs", "abfs": "abfs", "abfss": "abfss", "hdfs": "hdfs"}
_ADDRESS = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.\-]+)://.+")
_LONGEST_REASON = 500
# What file systems raise where something is wrong with what they were asked or with the answer.
_FAILURES = (OSError, pa.ArrowException, ValueError)


class Entry(NamedTuple):
    """A file of a place: its name in its folder, bytes, and when it was written (nanoseconds since 1970)."""

    name: str
    size: int
    changed_ns: int


class Place:
    """A place for files, each under a path with ``/`` below it.

    Attributes:
        shown: How the place is called in messages; without settings of its address.
        is_folder: Whether it was given as a folder's path, which engines open by themselves.
    """

    def __init__(self, address: str | Path) -> None:
        """Take a folder's path, or an address such as ``s3://bucket/prefix``.

        Raises:
            ConfigurationError: The address has credentials in it, or nothing here has a file system for it.
        """
        text = str(address)
        match = _ADDRESS.fullmatch(text)
        scheme = match["scheme"].lower() if match else "file"
        self.is_folder = match is None
        self._folder = None if scheme != "file" else Folder(text.removeprefix("file://"))
        if self._folder is not None:
            self.shown = str(self._folder.path)
            self._system: fs.FileSystem = fs.LocalFileSystem()
            self._base = str(self._folder.path.absolute())
        else:
            self.shown = text.partition("?")[0].rstrip("/")
            if _holds_credentials(text, scheme):
                raise ConfigurationError(
                    f"the address of the place at {scheme}://{urlsplit(text).hostname or ''} has credentials in it; "
                    "leave them out, they are taken from the environment"
                )
            self._system, self._base = _file_system(text, scheme)

    @property
    def filesystem(self) -> fs.FileSystem:
        """The file system, for pyarrow."""
        return self._system

    def key(self, path: str) -> str:
        """Return the path of a file in the file system."""
        return f"{self._base}/{path}"

    def address(self, path: str) -> str:
        """Return the address of a file, for an engine: an absolute path, or ``s3://bucket/prefix/…``."""
        return self.key(path) if self._folder is not None else f"{self.shown}/{path}"

    def entries(self, folder: str) -> list[Entry]:
        """Return the files of a folder, sorted by name; a folder that is missing has none."""
        return sorted(
            Entry(info.base_name, info.size, info.mtime_ns or 0)
            for info in self._listed(folder)
            if info.is_file and not info.base_name.startswith(".")
        )

    def folders(self, folder: str) -> list[str]:
        """Return the names of the folders in a folder, sorted."""
        return sorted(info.base_name for info in self._listed(folder) if info.type == fs.FileType.Directory)

    def read(self, path: str) -> bytes | None:
        """Return the bytes of a file, None where there is none.

        Raises:
            StorageError: It cannot be read.
        """
        try:
            if self._folder is not None:
                with self._folder.open(path) as stream:
                    return stream.read()
            with self._system.open_input_file(self.key(path)) as remote:
                return remote.read()
        except FileNotFoundError:
            return None
        except _FAILURES as error:
            raise self._failure("read", path, error) from error

    def write(self, path: str, data: bytes) -> None:
        """Make a file's content these bytes, at once: a reader sees the old file or the new one.

        Raises:
            StorageError: It cannot be written; the old file is as it was.
        """
        try:
            if self._folder is not None:
                self._folder.replace(path, data)
                return
            with self._opened(path) as stream:
                stream.write(data)
        except _FAILURES as error:
            raise self._failure("write", path, error) from error

    @contextmanager
    def writing(self, path: str) -> Iterator[Any]:
        """Give a stream whose bytes become a file when the block ends, for one that is too large to hold.

        Where the block raises, a folder keeps nothing of it. A bucket may keep what was written, so that such a file
        must have a name that nobody reads before the block has ended.

        Raises:
            StorageError: It cannot be written.
        """
        try:
            if self._folder is None:
                with self._opened(path) as stream:
                    yield stream
                return
            beside = Beside(self._folder, path, secrets.token_hex(8))
            try:
                with beside.open() as file:
                    yield file
                beside.publish(durable=True)
            except BaseException:
                beside.discard()
                raise
        except _FAILURES as error:
            raise self._failure("write", path, error) from error

    def delete(self, path: str) -> None:
        """Remove a file; a missing one is fine.

        Raises:
            StorageError: It cannot be removed.
        """
        try:
            if self._folder is not None:
                self._folder.unlink(path)
            else:
                self._system.delete_file(self.key(path))
        except FileNotFoundError:
            return
        except _FAILURES as error:
            raise self._failure("remove", path, error) from error

    def _listed(self, folder: str) -> list[fs.FileInfo]:
        try:
            found = self._system.get_file_info(fs.FileSelector(self.key(folder), allow_not_found=True))
        except _FAILURES as error:
            raise self._failure("list", folder, error) from error
        return list(found)

    def _opened(self, path: str) -> Any:
        if isinstance(self._system, fs.PyFileSystem):  # some of fsspec's have folders, which they do not make
            self._system.create_dir(self.key(path).rpartition("/")[0], recursive=True)
        return self._system.open_output_stream(self.key(path))

    def _failure(self, what: str, path: str, error: Exception) -> StorageError:
        if isinstance(error, StorageError):
            return error
        reason = " ".join(str(error).split())[:_LONGEST_REASON]
        return StorageError(f"cannot {what} {path} at {self.shown}: {reason}")


def _holds_credentials(address: str, scheme: str) -> bool:
    """Return whether an address has a password, or a key of S3; other systems have a name there."""
    parts = urlsplit(address)
    return bool(parts.password or (parts.username and scheme == "s3"))


def _file_system(address: str, scheme: str) -> tuple[fs.FileSystem, str]:
    try:
        if scheme in _NATIVE:
            native = f"{_NATIVE[scheme]}{address[len(scheme) :]}"
            if scheme == "s3" and "allow_delayed_open=" not in address:  # one put for a small file, not three requests
                native += ("&" if "?" in address else "?") + "allow_delayed_open=true"
            system, base = fs.FileSystem.from_uri(native)
        else:
            system, base = _fsspec_system(address)
    except _FAILURES as error:
        reason = " ".join(str(error).split())[:_LONGEST_REASON]
        raise ConfigurationError(f"cannot use the place {address.partition('?')[0]}: {reason}") from error
    return system, base.rstrip("/")


def _fsspec_system(address: str) -> tuple[fs.FileSystem, str]:
    try:
        from fsspec.core import url_to_fs  # type: ignore[import-untyped]  # it has no stubs, and may not be there
    except ImportError as error:
        raise ValueError("pyarrow has no file system for it; install fsspec and its package for it") from error
    try:
        system, base = url_to_fs(address)
    except ImportError as error:
        raise ValueError(f"fsspec needs a package that is not installed: {error}") from error
    except RecursionError as error:
        raise ValueError("it chains too many file systems") from error
    handler: Any = fs.FSSpecHandler  # the stubs take it for an abstract class
    return fs.PyFileSystem(handler(system)), base
