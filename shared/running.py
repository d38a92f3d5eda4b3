"""How a command finds the running system.

First what it is told: `--data DIR`, else FRONTDOOR_DATA, else FRONTDOOR_READER_DSN, FRONTDOOR_AUDITOR_DSN and, for
what changes something, FRONTDOOR_ADMIN_DSN (a system in containers or in production); else the newest `frontdoor up` or
`frontdoor demo` of this user that runs.
"""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from shared.errors import Usage

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

UNKNOWN: Final = "unknown-referral"


class Keys(BaseModel):
    """Keys to try the system with: what a caller sends as `Authorization: Bearer KEY`."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    source: str
    team: str
    hub: str


class Running(BaseModel):
    """What runs, and where: the content of `run.json`. A part that the caller was not told of is None.

    `sources` and `teams` are the keys of every source and team by name, `source`, `team` and `hub` of `keys` among
    them; the team of `keys` receives for every destination but the hub.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    intake: str | None = Field(None, description="URL")
    triage: str | None = Field(None, description="URL")
    audit: str | None = Field(None, description="URL")
    mllp: str | None = Field(None, description="host and port of HL7 v2")
    watch: str | None = Field(None, description="URL")
    kafka: str | None = Field(None, description="bootstrap servers")
    postgres_dsn: str | None = Field(None, description="a superuser's")
    reader_dsn: str | None = Field(None, description="the accounts, no content")
    auditor_dsn: str | None = Field(None, description="the accounts and audit's records")
    keys: Keys | None = None
    sources: dict[str, str] = {}
    teams: dict[str, str] = {}
    stream: str | None = Field(None, description="audit stream, without the topic generation")
    pid: int | None = None
    data: Path | None = None


def add_data_argument(parser: argparse.ArgumentParser) -> None:
    """Adds `--data DIR` to a command that reads the running system."""
    parser.add_argument(
        "--data", type=Path, metavar="DIR", help="the folder given to `frontdoor up` (default: what runs)"
    )


def find(data: Path | None = None, environment: dict[str, str] | os._Environ[str] = os.environ) -> Running:
    """The running system; `Usage` where there is none, or none can be found."""
    told = data or (Path(folder) if (folder := environment.get("FRONTDOOR_DATA")) else None)
    if told:
        return _read(told)
    reader, auditor = environment.get("FRONTDOOR_READER_DSN"), environment.get("FRONTDOOR_AUDITOR_DSN")
    admin = environment.get("FRONTDOOR_ADMIN_DSN")
    if reader or auditor or admin:
        return Running(
            postgres_dsn=admin,
            reader_dsn=reader or auditor,
            auditor_dsn=auditor,
            kafka=environment.get("FRONTDOOR_KAFKA"),
            audit=environment.get("FRONTDOOR_AUDIT_URL"),
        )
    newest = next(iter(running_here(environment)), None)
    if newest is None:
        raise Usage(
            "nothing-runs",
            "no running system found: start one with `frontdoor up --embedded`, or say where it is with --data, "
            "FRONTDOOR_DATA, or FRONTDOOR_READER_DSN and FRONTDOOR_AUDITOR_DSN; of one in containers ask with "
            "`docker compose run --rm frontdoor COMMAND`",
        )
    return newest


def running_here(environment: dict[str, str] | os._Environ[str] = os.environ) -> list[Running]:
    """Every system of this user that runs and is ready, the one that was ready last first."""
    found = []
    with suppress(OSError):  # nothing ever ran, or one of them stops meanwhile
        for link in sorted(links(environment).iterdir(), key=lambda link: link.lstat().st_mtime_ns, reverse=True):
            with suppress(Usage, OSError):
                found.append(_read(link.readlink().parent))
    return found


def reader_dsn(data: Path | None = None) -> str:
    """The DSN of the role that reads the accounting views."""
    return _told(find(data).reader_dsn, "FRONTDOOR_READER_DSN")


def auditor_dsn(data: Path | None = None) -> str:
    """The DSN of the role that reads audit's records too."""
    return _told(find(data).auditor_dsn, "FRONTDOOR_AUDITOR_DSN")


def admin_dsn(data: Path | None = None) -> str:
    """The DSN of the owner of the schemas, or of a superuser."""
    return _told(find(data).postgres_dsn, "FRONTDOOR_ADMIN_DSN")


@contextmanager
def asked(data: Path | None = None) -> Iterator[str]:
    """The auditor's DSN for a question about one id; if nobody knows it there, the error says where, and what else runs."""
    found = find(data)
    try:
        yield _told(found.auditor_dsn, "FRONTDOOR_AUDITOR_DSN")
    except Usage as error:
        if error.code != UNKNOWN:
            raise
        others = [str(each.data) for each in running_here() if each.data != found.data]
        where = f"this is what {found.data or 'FRONTDOOR_AUDITOR_DSN'} says"
        hint = f"{where}; ask {' or '.join(others)}, which runs too, with --data" if others else where
        raise Usage(error.code, f"{error.detail} ({hint})") from error


def links(environment: dict[str, str] | os._Environ[str] = os.environ) -> Path:
    """Where each running system of this user has a link to its `run.json`."""
    state = environment.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(state) / "frontdoor" / "running"


def runs(folder: Path) -> bool:
    """Whether a process of an `up` still holds the folder (they all hold its lock, so it falls with the last)."""
    try:
        with (folder / "lock").open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def _read(folder: Path) -> Running:
    if not runs(folder):
        raise Usage(
            "nothing-runs", f"nothing runs in {folder}: start it with `frontdoor up --embedded --data {folder}`"
        )
    try:
        return Running.model_validate_json((folder / "run.json").read_bytes())
    except FileNotFoundError:
        raise Usage("not-yet", f"the system in {folder} is still starting or stopping: try again in a moment") from None
    except (OSError, ValidationError) as error:
        raise Usage("unreadable", f"cannot read {folder / 'run.json'}: {type(error).__name__}") from error


def _told(dsn: str | None, setting: str) -> str:
    if not dsn:
        raise Usage("not-told", f"this needs {setting}: a postgresql:// DSN of that role")
    return dsn
