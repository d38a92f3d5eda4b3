"""The embedded Kafka broker: the server binary of the noida-db wheel, started directly.

Its launcher is not used: killed alone, that leaves the server behind. Decision and known gaps:
docs/decisions/0001-embedded-default.md.
"""

from __future__ import annotations

import asyncio
import os
import shutil
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from services.frontdoor.embedded.part import Part
from services.frontdoor.embedded.ports import HOST
from shared.errors import Usage

if TYPE_CHECKING:
    from services.frontdoor.embedded.folder import Folder


def part(folder: Folder, port: int) -> Part:
    """The broker on `port`, its records in the folder."""
    folder.kafka.mkdir(exist_ok=True)
    command = (str(binary(folder)), "start", "--only", "kafka", "--host", HOST, "--kafka-port", str(port))
    return Part(
        name="kafka",
        command=(*command, "--data-dir", str(folder.kafka)),
        where=f"{HOST}:{port}",
        not_ready=lambda: silence(port),
        log=folder.logs / "kafka.log",
    )


def forget(folder: Folder) -> None:
    """Removes all records of a broker that is not running."""
    shutil.rmtree(folder.kafka, ignore_errors=True)
    folder.kafka.mkdir(exist_ok=True)


def binary(folder: Folder) -> Path:
    """The server binary; a copy in the folder where the installed one may not be executed."""
    spec = find_spec("noida_db")
    if spec is None or not spec.submodule_search_locations:
        raise Usage("not-installed", "the embedded broker is not installed: run `make setup`")
    installed = Path(spec.submodule_search_locations[0]) / "noida-db"
    if os.access(installed, os.X_OK):
        return installed
    copy = folder.root / "kafka-server"
    shutil.copyfile(installed, copy)
    copy.chmod(0o700)
    return copy


async def silence(port: int) -> str:
    """Why the broker takes no connections; "" when it does."""
    try:
        _, writer = await asyncio.wait_for(asyncio.open_connection(HOST, port), 2)
    except (OSError, TimeoutError) as error:
        return f"no connection: {type(error).__name__}"
    writer.close()
    return ""
