"""The data folder of an embedded system: its lock, its identity, its keys, and what tells others where it runs."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import secrets
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Final
from uuid import UUID, uuid4

from pydantic import BaseModel, ConfigDict

from shared.errors import Usage
from shared.running import links, runs
from shared.signing import make_key

if TYPE_CHECKING:
    from pathlib import Path

    from shared.running import Running

PATIENCE: Final = 20.0  # seconds for the parts of a run that was killed to end


class Identity(BaseModel):
    """What makes this folder's records its own: `stream` for its life, `generation` raised when the broker lost topics.

    The embedded broker gives every folder the same cluster id, so the stream cannot be that.
    """

    model_config = ConfigDict(frozen=True)

    stream: UUID
    generation: int = 1


class Folder:
    """Where everything of one embedded system is kept."""

    def __init__(self, root: Path) -> None:
        self.root = root.absolute()
        self.logs = self.root / "logs"
        self.kafka = self.root / "kafka"
        self.postgres = self.root / "postgres"
        self.sources = self.root / "sources.yaml"
        self.teams = self.root / "teams.yaml"
        self._run = self.root / "run.json"
        self._identity = self.root / "identity.json"

    def claim(self) -> int:
        """Makes the folder ours; the descriptor of its lock, which every part inherits. `Usage` where others have it.

        When the supervisor was killed, its parts still need a moment to end: the lock is theirs until then.
        """
        try:
            self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.logs.mkdir(exist_ok=True)
            lock = os.open(self.root / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise Usage("folder", f"cannot keep data in {self.root}: {error.strerror}") from error
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                owner = os.pread(lock, 32, 0).decode()
                if _alive(owner) or time.monotonic() > deadline:
                    os.close(lock)
                    raise Usage("folder-in-use", f"{self.root} is in use by process {owner or '?'}") from None
                time.sleep(0.1)
            else:
                os.ftruncate(lock, 0)
                os.pwrite(lock, str(os.getpid()).encode(), 0)
                self._run.unlink(missing_ok=True)
                return lock

    def identity(self) -> Identity:
        """This folder's identity, made at its first use."""
        if not self._identity.exists():
            self.remember(Identity(stream=uuid4()))
        return Identity.model_validate_json(self._identity.read_bytes())

    def remember(self, identity: Identity) -> None:
        """Keeps an identity, for good."""
        write_private(self._identity, identity.model_dump_json(indent=1))

    def secret(self, name: str) -> str:
        """A random secret of that name, made at its first use."""
        file = self.root / "secrets.json"
        known: dict[str, str] = json.loads(file.read_bytes()) if file.exists() else {}
        if name not in known:
            known[name] = secrets.token_urlsafe(24)
            write_private(file, json.dumps(known, indent=1))
        return known[name]

    def heads_key(self) -> Path:
        """The private key that signs audit's heads, made at its first use, with the public one in a file beside it."""
        private, public = self.root / "heads.pem", self.root / "heads-public.pem"
        if not private.exists():
            public.write_text(make_key(private))
        return private

    def announce(self, running: Running) -> None:
        """Writes run.json, which says that everything is ready, and makes it the newest that commands find."""
        write_private(self._run, running.model_dump_json(indent=1))
        link = self._link()
        with suppress(OSError):  # a home that cannot be written: commands then need --data
            link.parent.mkdir(parents=True, exist_ok=True)
            link.unlink(missing_ok=True)
            link.symlink_to(self._run)
            for other in link.parent.iterdir():
                if not runs(other.readlink().parent):  # it was killed
                    other.unlink(missing_ok=True)

    def withdraw(self) -> None:
        """Takes run.json away: nothing runs here any more."""
        self._run.unlink(missing_ok=True)
        with suppress(OSError):
            self._link().unlink()

    def _link(self) -> Path:
        return links() / hashlib.sha256(os.fsencode(self.root)).hexdigest()[:12]


def write_private(file: Path, text: str) -> None:
    """Replaces a file as a whole, readable by its owner alone."""
    fresh = file.with_name(file.name + ".new")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as stream:
        stream.write(text + "\n")
        stream.flush()
        os.fsync(stream.fileno())
    fresh.replace(file)


def _alive(pid: str) -> bool:
    try:
        os.kill(int(pid), 0)
    except (ProcessLookupError, ValueError):
        return False
    except PermissionError:
        return True
    return True
