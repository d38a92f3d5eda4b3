"""A sender's own endpoint, as a test has it: real HTTP on this machine, which answers what it is told and keeps all it got."""

from __future__ import annotations

from http.server import BaseHTTPRequestHandler
from typing import NamedTuple

from tests.far_side import FarSide


class Got(NamedTuple):
    """One request."""

    path: str
    headers: dict[str, str]
    body: bytes


class Receiver(FarSide):
    """Answers with the next of `answers` (status, body), then with 200; a redirect points back at itself."""

    def __init__(self, *answers: tuple[int, bytes]) -> None:
        self.answers, self.got = list(answers), list[Got]()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.got.append(Got(self.path, {name.lower(): value for name, value in self.headers.items()}, body))
                status, answer = receiver.answers.pop(0) if receiver.answers else (200, b"{}")
                self.send_response(status)
                if status in {302, 307}:
                    self.send_header("Location", f"{receiver.url}/elsewhere")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_: object) -> None:
                pass

        super().__init__(Handler)
