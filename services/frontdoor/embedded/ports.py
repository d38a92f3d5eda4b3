"""The ports of an embedded system, looked at before anything starts."""

from __future__ import annotations

import os
import random
import socket
from contextlib import ExitStack, suppress
from typing import Final, NamedTuple

from shared.errors import Usage

HOST: Final = "127.0.0.1"
DEFAULT_BASE: Final = 8080
DEFAULT_KAFKA: Final = 9092
DEFAULT_MLLP: Final = 2575
DEFAULT_WATCH: Final = 8084
HIGHEST: Final = 65_535
BELOW_OUTGOING: Final = (15_000, 32_000)  # Linux gives outgoing connections 32768 and up, macOS 49152


class Ports(NamedTuple):
    """One port each, on the loopback address alone. PostgreSQL has a Unix socket."""

    intake: int
    triage: int
    audit: int
    kafka: int
    mllp: int
    watch: int


def choose(base: int | None) -> Ports:
    """The ports by the settings FRONTDOOR_{INTAKE,TRIAGE,AUDIT,KAFKA,MLLP,WATCH}_PORT, else from `base`; 0 means any free one.

    `base` (FRONTDOOR_PORT_BASE, 8080) is intake's; triage and audit take the next two. Kafka has 9092, MLLP 2575, the
    watch 8084, or `base` + 3, 4 and 5 where a base is given. `Usage` where one of them is taken.
    """
    base = _setting("FRONTDOOR_PORT_BASE", None) if base is None else base
    first = DEFAULT_BASE if base is None else base
    wanted = {name: first + step if first else 0 for step, name in enumerate(("intake", "triage", "audit"))}
    wanted["kafka"] = DEFAULT_KAFKA if base is None else first + 3 if first else 0
    wanted["mllp"] = DEFAULT_MLLP if base is None else first + 4 if first else 0
    wanted["watch"] = DEFAULT_WATCH if base is None else first + 5 if first else 0
    found = {name: _setting(f"FRONTDOOR_{name.upper()}_PORT", port) or 0 for name, port in wanted.items()}
    with ExitStack() as held:  # all at once, so that free ones differ
        bound = {name: held.enter_context(_bind(name, port)) for name, port in found.items()}
        return Ports(**{name: sock.getsockname()[1] for name, sock in bound.items()})


def _setting(name: str, default: int | None) -> int | None:
    text = os.environ.get(name)
    if not text:
        return default
    if not text.isdecimal():
        raise Usage("setting", f"{name} must be a port number, not {text!r}")
    return int(text)


def _bind(name: str, port: int) -> socket.socket:
    if not 0 <= port <= HIGHEST:
        raise Usage("setting", f"{port} cannot be the port of {name}: ports run from 1 to {HIGHEST}")
    try:
        return socket.create_server((HOST, port)) if port else any_free()
    except OSError as error:
        raise Usage(
            "port-taken",
            f"{name} cannot have port {port} ({os.strerror(error.errno or 0).lower()}): stop what uses it, or choose others "
            f"with --port-base or FRONTDOOR_{name.upper()}_PORT",
        ) from error


def any_free() -> socket.socket:
    """A listener on a free port that no outgoing connection can take before the service does: below those of the system."""
    while True:
        with suppress(OSError):
            return socket.create_server((HOST, random.randint(*BELOW_OUTGOING)))
