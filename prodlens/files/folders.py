"""Reading and writing below a folder without following a link, neither in the file's name nor on the way to it.

A checkout or an archive can hold links. A program that follows one writes where a stranger wants it to. So each folder
is opened by its name inside the folder above it, without following a link, and the file by its name inside the last
one. Whoever swaps a folder for a link in between changes nothing: what is open stays what it was.

Where a system cannot open by name inside an open folder (Windows), each name is checked right before its use.
"""

from __future__ import annotations

import errno
import os
import secrets
import stat
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path, PurePath
from typing import IO, TYPE_CHECKING, NamedTuple

from prodlens.errors import StorageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from contextlib import AbstractContextManager

_BY_DESCRIPTOR = {os.open, os.mkdir, os.unlink, os.rename, os.stat} <= os.supports_dir_fd
_NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
_FOLDER = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | _NO_FOLLOW
# Opening a named pipe must not wait for its other end; a regular file is not affected.
_NO_WAIT = getattr(os, "O_NONBLOCK", 0)
_NEW = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
_COMPARED_BYTES = 1024**2


class LinkError(StorageError):
    """A link stands where the program writes; the same call fails until the link is removed."""

    exit_status = 2


class _OpenFolder(NamedTuple):
    """An open folder; without a descriptor, a folder that is known by its path alone."""

    descriptor: int | None
    path: Path

    def at(self, name: str) -> str:
        """Return how a name in this folder is given to a function of ``os``, beside ``dir_fd``."""
        return name if self.descriptor is not None else str(self.path / name)

    def entry(self, name: str) -> os.stat_result:
        return os.stat(self.at(name), dir_fd=self.descriptor, follow_symlinks=False)

    def refuse_link(self, name: str) -> None:
        try:
            found = self.entry(name)
        except OSError:
            return
        if stat.S_ISLNK(found.st_mode) or getattr(found, "st_reparse_tag", False):
            raise LinkError(f"{self.path / name} is a link, and nothing is written through links; remove it")

    def open(self, name: str, flags: int) -> int:
        """Open a file; flags are those of ``os.open``."""
        if self.descriptor is None:
            self.refuse_link(name)
        try:
            found = os.open(self.at(name), flags | _NO_FOLLOW | _NO_WAIT, 0o666, dir_fd=self.descriptor)
        except OSError:
            self.refuse_link(name)
            raise
        if stat.S_ISREG(os.fstat(found).st_mode):
            return found
        os.close(found)
        raise StorageError(f"{self.path / name} is not a regular file; remove it")

    def enter(self, name: str, *, create: bool) -> _OpenFolder:
        """Open a folder inside this one; ``create`` makes it where it is missing."""
        try:
            return self._enter(name)
        except FileNotFoundError:
            if not create:
                raise
        with suppress(FileExistsError):  # another process was faster
            os.mkdir(self.at(name), dir_fd=self.descriptor)
        return self._enter(name)

    def _enter(self, name: str) -> _OpenFolder:
        path = self.path / name
        if self.descriptor is None:
            self.refuse_link(name)
            if not stat.S_ISDIR(self.entry(name).st_mode):
                raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(path))
            return _OpenFolder(None, path)
        try:
            return _OpenFolder(os.open(name, _FOLDER, dir_fd=self.descriptor), path)
        except OSError:
            self.refuse_link(name)
            raise

    def close(self) -> None:
        if self.descriptor is not None:
            os.close(self.descriptor)


@lru_cache(maxsize=1024)
def _way(folder: Path, here: Path, *, is_given: bool) -> tuple[Path, tuple[str, ...]]:
    """Return the folder to start from, links on the way to it followed, and the names from there on, none followed."""
    path = Path(os.path.normpath(here / folder))  # not ``resolve``, which would follow links
    if here != here.parent:
        for above in (here, *reversed((path, *path.parents))):
            if path.is_relative_to(above) and above.exists() and above.samefile(here):
                return above, path.relative_to(above).parts
    return (path.parent, (path.name,)) if is_given and path.name else (path, ())


def _opened(start: Path, *, create: bool) -> _OpenFolder:
    flags = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_CLOEXEC", 0)
    if create and not start.is_dir():
        start.mkdir(parents=True, exist_ok=True)
    return _OpenFolder(os.open(start, flags) if _BY_DESCRIPTOR else None, start)


class Folder:
    """A folder that the program reads and writes below.

    Links are followed in neither the folder nor anything below it, nor in the folders that lead to it from the current
    folder, where a checkout may have put them. Outside the current folder the way to it is taken as the user gave it.

    The names given to the methods are relative to the folder, and may have folders of their own (``a/b.txt``). Methods
    that write create what is missing. All of them raise ``LinkError``, ``StorageError`` for a name that stands for a
    pipe or device, and ``OSError``.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        self._is_given = True

    @classmethod
    def of(cls, file: Path | str) -> Folder:
        """Return the folder of a file that the user gave, whose own name is all that they answer for."""
        folder = cls(Path(file).parent)
        folder._is_given = False
        return folder

    def open(self, name: str, mode: str = "rb") -> IO[bytes]:
        """Open a file; ``mode`` is a binary one of the built-in ``open``."""
        *folders, last = PurePath(name).parts
        with self.entered(folders, create=mode[0] != "r") as place:
            return open(place.path / last, mode, opener=lambda _, flags: place.open(last, flags))

    def append(self, name: str, data: bytes) -> None:
        """Add bytes to the end of a file."""
        with self.open(name, "ab") as stream:
            stream.write(data)

    def make(self) -> None:
        """Create the folder."""
        with self.entered((), create=True):
            pass

    def unlink(self, name: str) -> None:
        """Remove a file, or a link itself; a missing one is fine."""
        *folders, last = PurePath(name).parts
        with suppress(FileNotFoundError), self.entered(folders, create=False) as place:
            os.unlink(place.at(last), dir_fd=place.descriptor)

    def rename(self, name: str, new: str) -> None:
        """Give a file another name in the same folder; a file that has it already is replaced."""
        *folders, last = PurePath(name).parts
        with self.entered(folders, create=False) as place:
            place.refuse_link(last)
            target = place.at(PurePath(new).name)
            os.replace(place.at(last), target, src_dir_fd=place.descriptor, dst_dir_fd=place.descriptor)

    def entry(self, name: str) -> os.stat_result | None:
        """Return what the system says of a file, None where there is none."""
        *folders, last = PurePath(name).parts
        try:
            with self.entered(folders, create=False) as place:
                place.refuse_link(last)
                return place.entry(last)
        except FileNotFoundError:
            return None

    def links(self) -> list[str]:
        """Return the names in the folder that are links, sorted."""
        with self.entered((), create=False) as place:
            return [name for name in self.names() if stat.S_ISLNK(place.entry(name).st_mode)]

    def names(self) -> list[str]:
        """Return the names of everything in the folder, sorted; a folder that is missing has none."""
        try:
            with self.entered((), create=False) as place:
                where = place.path if place.descriptor is None else place.descriptor
                with os.scandir(where) as entries:
                    return sorted(entry.name for entry in entries)
        except FileNotFoundError:
            return []

    def replace(self, name: str, content: bytes | Iterable[bytes]) -> None:
        """Make a file's content these bytes, at once: written beside the name, to the disk, then renamed over it.

        A reader sees the old file or the new one, and a failure leaves the old one. Its permissions are kept.
        """
        beside = Beside(self, name, secrets.token_hex(8))
        try:
            with beside.open() as stream:
                for part in [content] if isinstance(content, bytes) else content:
                    stream.write(part)
                stream.flush()
                os.fsync(stream.fileno())
            beside.publish(durable=True)
        except BaseException:
            beside.discard()
            raise

    @contextmanager
    def entered(self, folders: Iterable[str], *, create: bool) -> Iterator[_OpenFolder]:
        """Give the open folder that names lead to from here."""
        start, names = _way(self.path, Path.cwd(), is_given=self._is_given)
        place = _opened(start, create=create)
        try:
            for name in (*names, *folders):
                below = place.enter(name, create=create)
                place.close()
                place = below
            yield place
        except OSError as error:
            if isinstance(error.filename, str):  # a name in an open folder says little to who reads the error
                error.filename = str(place.path / error.filename)
            raise
        finally:
            place.close()


class Beside:
    """A file that is written beside its name and takes its name when it is whole."""

    def __init__(self, folder: Folder, name: str, token: str = "") -> None:
        """Write beside a name in a folder.

        Args:
            folder: The folder.
            name: The name that the file will have.
            token: Tells writers apart that hold no common lock. Under a lock it is left out, so that what a killed run
                left there gives way to the next.
        """
        *folders, self._last = PurePath(name).parts
        self.path = folder.path / name
        self._folder, self._folders = folder, folders
        self._new = f".{self._last}{'.' if token else ''}{token}.new"

    def open(self) -> IO[bytes]:
        """Create the file beside the name, with the permissions of the one that it will replace."""
        with self._place(create=True) as place:
            place.refuse_link(self._last)
            with suppress(FileNotFoundError):
                os.unlink(place.at(self._new), dir_fd=place.descriptor)
            opened = place.open(self._new, _NEW)
            with suppress(FileNotFoundError):
                if hasattr(os, "fchmod"):
                    os.fchmod(opened, stat.S_IMODE(place.entry(self._last).st_mode) & 0o777)
            return os.fdopen(opened, "w+b")

    def publish(self, *, durable: bool = False) -> None:
        """Give the file its name; ``durable`` waits until the disk has the name, as ``fsync`` does for the content."""
        with self._place(create=False) as place:
            self._rename(place)
            if durable and place.descriptor is not None:
                os.fsync(place.descriptor)

    def publish_change(self) -> None:
        """Give the file its name; where that stands for a file of the same bytes already, remove the new one."""
        with self._place(create=False) as place:
            if self._is_same(place):
                os.unlink(place.at(self._new), dir_fd=place.descriptor)
            else:
                self._rename(place)

    def discard(self) -> None:
        """Remove the file beside the name; whatever hinders that is left to the error that led here."""
        with suppress(OSError, StorageError), self._place(create=False) as place:
            os.unlink(place.at(self._new), dir_fd=place.descriptor)

    def _rename(self, place: _OpenFolder) -> None:
        place.refuse_link(self._last)
        new, last = place.at(self._new), place.at(self._last)
        os.replace(new, last, src_dir_fd=place.descriptor, dst_dir_fd=place.descriptor)

    def _is_same(self, place: _OpenFolder) -> bool:
        """Return whether the name stands for a file of the same bytes already."""
        try:
            old = place.open(self._last, os.O_RDONLY | getattr(os, "O_BINARY", 0))
        except FileNotFoundError:
            return False
        with os.fdopen(old, "rb") as kept, os.fdopen(place.open(self._new, os.O_RDONLY), "rb") as new:
            if os.fstat(kept.fileno()).st_size != os.fstat(new.fileno()).st_size:
                return False
            while (part := new.read(_COMPARED_BYTES)) == kept.read(_COMPARED_BYTES):
                if not part:
                    return True
            return False

    def _place(self, *, create: bool) -> AbstractContextManager[_OpenFolder]:
        return self._folder.entered(self._folders, create=create)


def append_as_given(path: Path, data: bytes) -> None:
    """Add bytes to a file that the runner named in its environment, wherever that leads."""
    with path.open("ab") as stream:
        stream.write(data)
