"""The sockets that MLLP listens on, and the open files that its connections need."""

from __future__ import annotations

import resource
import socket
from typing import Final

from shared.errors import Usage

CHUNK: Final = 65_536  # bytes
OTHER_FILES: Final = 512  # besides MLLP's connections: HTTP's, PostgreSQL's, Kafka's


def listening(host: str, port: int) -> socket.socket:
    """A socket that listens; `Usage` where it cannot. What nobody reads yet, on either side, waits in it and is little."""
    try:
        sock = socket.create_server((host, port), backlog=1024)
        for buffer in (socket.SO_SNDBUF, socket.SO_RCVBUF):
            sock.setsockopt(socket.SOL_SOCKET, buffer, CHUNK)
    except OSError as error:
        raise Usage("port-taken", f"cannot listen on {host}:{port}: {error.strerror}") from error
    return sock


def enough_files(connections: int) -> None:
    """Allows this process so many files, and those of all else; a shell allows 1,024, and HTTP would lack what MLLP takes."""
    allowed, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = connections + OTHER_FILES
    if allowed == resource.RLIM_INFINITY or allowed >= needed:
        return
    if most != resource.RLIM_INFINITY and most < needed:
        cure = f"this one may have {most}: allow more, or set fewer"
        raise Usage(
            "files", f"FRONTDOOR_MLLP_CONNECTIONS={connections} needs {needed} open files of a process, and {cure}"
        )
    resource.setrlimit(resource.RLIMIT_NOFILE, (needed, most))
