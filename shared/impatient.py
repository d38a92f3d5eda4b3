"""HTTP that does not wait for ever: a request's line and headers must come in time and be of a decent size."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, ClassVar

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

if TYPE_CHECKING:
    import asyncio


class Impatient(HttpToolsProtocol):
    """uvicorn's protocol with a deadline (in seconds) and a limit (in bytes) on the head of a request.

    A body's deadline is its reader's. What is no HTTP at all is answered as a problem too.
    """

    head_timeout: ClassVar[float] = 10
    head_limit: ClassVar[int] = 32_768

    _deadline: asyncio.TimerHandle | None = None
    _head: int | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # (as in uvicorn)
        """A connection on which nothing comes is closed too."""
        super().connection_made(transport)
        self._arm()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is waited for any more."""
        self._disarm()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Counts what comes before a head is whole."""
        super().data_received(data)
        if self._head is not None:
            self._head += len(data)
            if self._head > self.head_limit:
                self._refuse(431, "too-large", f"the head may have {self.head_limit} bytes")

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        self._head = 0
        self._arm()

    def on_headers_complete(self) -> None:
        """Its head is whole."""
        self._disarm()
        self._head = None
        super().on_headers_complete()

    def send_400_response(self, msg: str) -> None:
        """What is no HTTP."""
        self._refuse(400, "unreadable", msg)

    def _arm(self) -> None:
        if self._deadline is None:
            self._deadline = self.loop.call_later(self.head_timeout, self._too_slow)

    def _disarm(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _too_slow(self) -> None:
        self._refuse(408, "too-slow", f"no whole request within {self.head_timeout:g} seconds")

    def _refuse(self, status: int, code: str, detail: str) -> None:
        self._disarm()
        if self.transport.is_closing():
            return
        phrase = HTTPStatus(status).phrase
        fault = f'{{"path":"","code":"{code}","detail":"{detail}"}}'
        body = (
            f'{{"type":"urn:frontdoor:problem:{code}","title":"{phrase}","status":{status},"code":"{code}",'
            f'"detail":"{detail}","errors":[{fault}]}}'
        )
        head = (
            f"HTTP/1.1 {status} {phrase}\r\ncontent-type: application/problem+json\r\n"
            f"content-length: {len(body)}\r\nconnection: close\r\n\r\n"
        )
        self.transport.write((head + body).encode("ascii"))
        self.transport.close()
