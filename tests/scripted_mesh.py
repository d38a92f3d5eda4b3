"""MESH as a script has it: real HTTP on this machine, which gives what no sandbox gives on demand, and keeps what it is sent.

with ScriptedMesh() as mesh:
    mesh.give("M1", {1: Chunk(headers, b"...")})
    Mailbox(MeshSettings.model_validate(mesh.settings()))
"""

from __future__ import annotations

import json
import re
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from tests.far_side import FarSide

if TYPE_CHECKING:
    from collections.abc import Mapping

OURS: Final = "BOX1"
_PATH: Final = re.compile(rf"/messageexchange/{OURS}(?:/(inbox|outbox)(?:/([^/]+)(?:/(\d+))?)?)?")
_TOLD: Final = ("To", "LocalID", "WorkflowID", "Subject")


class Chunk(NamedTuple):
    """A chunk as MESH gives it; `missing` are bytes that were announced and do not come."""

    headers: Mapping[str, str]
    body: bytes
    missing: int = 0
    status: int = 200


class Answer(NamedTuple):
    """A message that was sent from our mailbox."""

    to: str
    local_id: str
    workflow: str
    subject: str
    body: bytes


class ScriptedMesh(FarSide):
    """One mailbox. `inbox` holds each message's chunks by number; `asked` counts how often its first was given."""

    def __init__(self) -> None:
        self.inbox: dict[str, dict[int, Chunk]] = {}
        self.asked: dict[str, int] = {}
        self.answers: list[Answer] = []
        mesh = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                _, message_id, number = _parts(self.path)
                listed = Chunk({}, json.dumps({"messages": list(mesh.inbox)}).encode())
                self._give(mesh._chunk(message_id, int(number or 1)) if message_id else listed)

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if _parts(self.path)[0] == "outbox":
                    to, local_id, workflow, subject = (self.headers[f"Mex-{name}"] for name in _TOLD)
                    mesh.answers.append(Answer(to, local_id, workflow, subject, body))
                self._give(Chunk({}, b'{"message_id": "ANSWER"}', status=202))

            def do_PUT(self) -> None:
                del mesh.inbox[_parts(self.path.removesuffix("/status/acknowledged"))[1]]
                self._give(Chunk({}, b""))

            def _give(self, chunk: Chunk) -> None:
                self.send_response(chunk.status)
                for name, value in chunk.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(chunk.body) + chunk.missing))
                self.end_headers()
                self.wfile.write(chunk.body)

            def log_message(self, *_: object) -> None:
                pass

        super().__init__(Handler)

    def settings(self, **more: Any) -> dict[str, Any]:
        """FRONTDOOR_* settings for whoever polls the mailbox, by lower-case name."""
        access = {"mesh_url": self.url, "mesh_mailbox": OURS, "mesh_password": "a password", "mesh_shared_key": "a key"}
        return {**access, "mesh_answers": "ANSWERS", "mesh_poll": 0.05, **more}

    def give(self, message_id: str, chunks: dict[int, Chunk]) -> None:
        """Puts a message into the mailbox, also one that was there before."""
        self.asked[message_id] = 0
        self.inbox[message_id] = chunks

    def _chunk(self, message_id: str, number: int) -> Chunk:
        chunks = self.inbox.get(message_id, {})
        if number == 1 and chunks:
            self.asked[message_id] += 1
        return chunks.get(number, Chunk({}, b"", status=404))


def _parts(path: str) -> tuple[str, str, str]:
    found = _PATH.fullmatch(path)
    assert found, f"no such path of MESH: {path}"
    return found[1] or "", found[2] or "", found[3] or ""
