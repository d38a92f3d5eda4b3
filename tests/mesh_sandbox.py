"""The NHS's own MESH sandbox as a process: mailboxes that tests send to and read from with the NHS's own client.

    def test_...(mesh: MeshSandbox):
        ours, theirs = mesh.mailbox(), mesh.mailbox()
        with mesh.client(theirs) as sender:
            sender.send_message(ours, b"...", workflow_id="REFERRALS")

It keeps its messages in a folder, so it can be stopped and started again; over TLS both sides show a certificate.
"""

from __future__ import annotations

import json
import subprocess
from itertools import count
from pathlib import Path
from typing import Any, Final

import requests
from mesh_client import MeshClient

from services.frontdoor.embedded.part import Part
from tests.engine import free_port
from tests.processes import Owned

ROOT: Final = Path(__file__).parents[1]
PYTHON: Final = ROOT / ".venv-sandbox" / "bin" / "python"
KEY, PASSWORD = "a shared key of tests", "password"  # the sandbox gives every mailbox this one
MAILBOXES: Final = 900
QUICK: Final = ("-W", "ignore::DeprecationWarning", "-W", "ignore::UserWarning")


class MeshSandbox(Owned):
    """`tls`: over TLS, with a client's certificate demanded. `port` is where it is reached, if not directly."""

    def __init__(self, folder: Path, *, tls: bool = False) -> None:
        assert PYTHON.exists(), "the NHS's MESH sandbox is not installed: make setup"
        self.folder, self.tls, self.port = folder, tls, free_port()
        self._numbers = count()
        for number in range(MAILBOXES):
            (folder / "mailboxes" / f"BOX{number:03}").mkdir(parents=True)
        if tls:
            subprocess.run([PYTHON, ROOT / "tests" / "mesh_certificates.py", folder], check=True)
        serve = ("-m", "uvicorn", "mesh_sandbox.api:app", "--host", "127.0.0.1", "--port", str(self.port))
        part = Part(
            name="mesh-sandbox",
            command=(str(PYTHON), *QUICK, *serve, *(self._tls() if tls else ())),
            where=self.url,
            not_ready=self._not_ready,
            log=folder / "sandbox.log",
            environment={
                "STORE_MODE": "file",
                "MAILBOXES_DATA_DIR": str(folder / "mailboxes"),
                "AUTH_MODE": "full",
                "SHARED_KEY": KEY,
            },
        )
        super().__init__(part)

    @property
    def url(self) -> str:
        """Its address."""
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}"

    def mailbox(self) -> str:
        """The id of a mailbox that nobody used yet."""
        return f"BOX{next(self._numbers):03}"

    def settings(self, mailbox: str, **more: Any) -> dict[str, Any]:
        """FRONTDOOR_* settings for whoever polls a mailbox, by lower-case name."""
        files = ("client.pem", "client.key", "authority.pem")
        names = ("mesh_cert_file", "mesh_key_file", "mesh_ca_file")
        tls = {name: self.folder / file for name, file in zip(names, files, strict=True)} if self.tls else {}
        given = {"mesh_url": self.url, "mesh_mailbox": mailbox, "mesh_password": PASSWORD, "mesh_shared_key": KEY}
        work = {"mesh_workflows": "REFERRALS=json", "mesh_answers": "ANSWERS", "mesh_poll": 0.1}
        return {**given, **work, **tls, **more}

    def client(self, mailbox: str) -> MeshClient:
        """The NHS's client for a mailbox."""
        cert = (str(self.folder / "client.pem"), str(self.folder / "client.key")) if self.tls else None
        verify = str(self.folder / "authority.pem") if self.tls else None
        return MeshClient(self.url, mailbox, PASSWORD, KEY.encode(), cert=cert, verify=verify, max_retries=0)

    def answers(self, mailbox: str) -> list[dict[str, Any]]:
        """What a mailbox holds: each message's local id, workflow, subject, sender and content (JSON, if it is)."""
        with self.client(mailbox) as reader:
            return [_read(reader.retrieve_message(message_id)) for message_id in reader.list_messages()]

    def waiting(self, mailbox: str) -> list[str]:
        """The messages that a mailbox holds."""
        with self.client(mailbox) as reader:
            return list(reader.list_messages())

    def undelivered(self, mailbox: str) -> None:
        """Puts MESH's own report into a mailbox: something that was sent from it was not collected."""
        body = {"mailbox_id": mailbox, "code": "14", "description": "not collected", "workflow_id": "ANSWERS"}
        with self.client(mailbox) as any_client:
            any_client._session.post(f"{self.url}/messageexchange/admin/report", json=body).raise_for_status()

    def lose_chunk(self, mailbox: str, message_id: str, number: int) -> None:
        """Makes a chunk of a message vanish."""
        (self.folder / "mailboxes" / mailbox / "in" / message_id / str(number)).unlink()

    def _tls(self) -> tuple[str, ...]:
        ours = ("--ssl-keyfile", str(self.folder / "server.key"), "--ssl-certfile", str(self.folder / "server.pem"))
        return (*ours, "--ssl-ca-certs", str(self.folder / "authority.pem"), "--ssl-cert-reqs", "2")

    async def _not_ready(self) -> str:
        # A mailbox is asked for, not a ping: the sandbox makes its store at the first such request, and two stores where
        # two of them come at once, of which a message in the first is never found again.
        try:
            with self.client("BOX000") as client:
                client.list_messages()
        except requests.RequestException as error:
            return type(error).__name__
        return ""


def _read(message: Any) -> dict[str, Any]:
    content = message.read()
    told = {name: getattr(message, name) for name in ("local_id", "workflow_id", "subject", "sender")}
    return told | {"content": json.loads(content) if content[:1] == b"{" else content}
