"""What is particular to a store in a SQLite file: its mode, its journal, and where it may not lie."""

from __future__ import annotations

import os
from contextlib import closing
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from connector.errors import AccordError

BUSY_MS = 30_000  # how long a transaction waits for another process's
NETWORK = {
    "nfs",
    "nfs4",
    "cifs",
    "smb3",
    "smbfs",
    "9p",
    "afs",
    "ceph",
    "glusterfs",
    "lustre",
    "fuse.sshfs",
    "davfs",
}
MOUNTS = Path("/proc/self/mounts")


def engine(url: sa.URL) -> sa.Engine:
    """An engine for the file that *url* names; the file is made where it is not there."""
    if not url.database or url.database == ":memory:":
        raise AccordError("a store in memory would forget what was sent", hint="write sqlite:///accord.db")
    path = Path(url.database).absolute()
    refuse_network_file_system(path)
    make_private(path)
    made = sa.create_engine(url.set(database=str(path)))
    sa.event.listen(made, "connect", _on_connect)
    sa.event.listen(made, "begin", _on_begin)
    return made


def refuse_network_file_system(path: Path, mounts: Path = MOUNTS) -> None:
    """Raise AccordError where *path* lies on a network file system: WAL needs memory shared by all processes
    (https://www.sqlite.org/wal.html), and locks over a network cannot be trusted.

    *mounts* is the kernel's list; where there is none (not Linux) nothing can be told.
    """
    kind = _file_system(path, mounts)
    if kind in NETWORK:
        raise AccordError(
            f"the store {path} lies on a network file system ({kind}), where SQLite cannot keep it safe",
            hint="put it on a local disk, or use postgresql+psycopg://…",
        )


def _file_system(path: Path, mounts: Path) -> str | None:
    if not mounts.exists():
        return None
    place, found = path.resolve(), (0, "")
    for line in mounts.read_text().splitlines():
        _device, mounted, kind, *_rest = line.split(" ")
        folder = Path(mounted.encode().decode("unicode_escape"))  # a blank is written \040
        if place.is_relative_to(folder) and len(folder.parts) >= found[0]:
            found = (len(folder.parts), kind)
    return found[1] or None


def make_private(path: Path) -> None:
    """Only the owner may read what customers wrote in their tickets; SQLite's side files inherit the mode."""
    if not path.parent.is_dir():
        raise AccordError(
            f"there is no folder {path.parent} for the store", hint="make it, or change `store:`"
        )
    try:
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        if path.stat().st_mode & 0o077:
            path.chmod(0o600)
    except PermissionError as error:
        raise AccordError(
            f"the store {path} may not be used: {error.strerror}", hint="check its owner"
        ) from None


def _on_connect(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # transactions begin when we say so, and how
    with closing(connection.cursor()) as cursor:
        cursor.execute(f"pragma busy_timeout = {BUSY_MS}")
        cursor.execute("pragma journal_mode = wal")
        cursor.execute("pragma synchronous = full")  # what is noted as claimed must survive a power cut


def _on_begin(connection: sa.Connection) -> None:
    reading = connection.get_execution_options().get("accord_reading")
    connection.exec_driver_sql("begin" if reading else "begin immediate")
