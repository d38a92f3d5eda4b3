"""One MESH mailbox, through the NHS's own client. That is synchronous: every call here belongs in a thread, one at a time.

What MESH says no to for good is told from what may work later (`MeshAway`) by its status; the client itself tries
nothing again. [NHS MESH API: inbox, outbox, acknowledge]
"""

from __future__ import annotations

import datetime as dt
import re
import ssl
import time
from contextlib import contextmanager, suppress
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import requests
from mesh_client import MeshClient
from urllib3.exceptions import HTTPError

from services.intake.problems import Refused
from services.intake.sources.packed import Packed
from shared.errors import Transient, Usage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from services.intake.settings import MeshSettings

GONE: Final = frozenset((404, 410))
_LATER: Final = frozenset((401, 403, 408, 425, 429))  # a fault of our access or our pace, not of the answer
_BLOCK: Final = 65_536  # bytes
_MOST_LISTED: Final = 5_000
_CHUNKS: Final = re.compile(r"\s*\d+\s*:\s*(\d{1,4})\s*")
_SHAPED: Final = re.compile(r"[A-Za-z0-9_.:/-]{1,100}")


class MeshAway(Transient):
    """MESH is away, or does not let us in."""

    def __init__(self, why: str) -> None:
        super().__init__("mesh-away", why)


class Retrieved(NamedTuple):
    """A message as MESH gave it. Where `fault` says why its content cannot be had, `body` is what there is of it."""

    message_id: str
    sender: str
    workflow: str
    is_report: bool  # MESH's own, of something that we sent and that was not collected
    accepted_at: dt.datetime
    body: bytes
    fault: Refused | None = None


class Mailbox:
    """Our mailbox. `Usage` where its certificates cannot be read."""

    def __init__(self, settings: MeshSettings) -> None:
        self.settings = settings
        _readable(settings)
        cert, key, authority = settings.mesh_cert_file, settings.mesh_key_file, settings.mesh_ca_file
        self._client = MeshClient(
            settings.mesh_url,
            settings.mesh_mailbox,
            settings.mesh_password.get_secret_value(),
            shared_key=settings.mesh_shared_key.get_secret_value().encode(),
            cert=(str(cert), str(key)) if cert else None,
            verify=str(authority) if authority else None,
            max_retries=0,
            timeout=settings.mesh_timeout,
            application_name="front-door",
        )

    def close(self) -> None:
        """Ends its connections."""
        self._client.close()  # type: ignore[no-untyped-call]  # the client says no types there

    def validate(self) -> None:
        """Tells MESH that the mailbox is in use, as it wants to hear once a day; finds out whether we are let in."""
        with _away_is_transient():
            self._client.handshake()  # type: ignore[no-untyped-call]  # the client says no types there

    def waiting(self) -> list[str]:
        """The ids of the messages that wait, the oldest first; not more than some thousands."""
        with _away_is_transient():
            return list(islice(self._client.iterate_message_ids(), _MOST_LISTED))

    def retrieve(self, message_id: str) -> Retrieved | None:
        """A message with its content; None where MESH has it no longer."""
        with _away_is_transient():
            first = self._chunk(message_id, 1)
            if first is None:
                return None
            packed = Packed(self.settings.mesh_max_body)
            with first:  # it holds a connection, also where its headers alone say that nothing can be read
                found = _described(message_id, first.headers)
                try:
                    self._unpack(message_id, first, packed)
                    return found._replace(body=packed.content())
                except Refused as fault:
                    return found._replace(body=packed.kept(), fault=fault)

    def send(self, to: str, body: bytes, local_id: str, subject: str) -> bool:
        """Sends an answer; whether MESH carries it."""
        with _away_is_transient():
            response = self._client.send_chunk(
                recipient=to,
                chunk=body,
                chunk_num=1,
                total_chunks=1,
                workflow_id=self.settings.mesh_answers,
                local_id=local_id,
                subject=subject,
            )
        if response.status_code in _LATER:
            raise MeshAway(f"status {response.status_code}")
        return bool(response.ok)

    def acknowledge(self, message_id: str) -> None:
        """MESH may forget the message; that it has done so already is well."""
        with _away_is_transient():
            try:
                self._client.acknowledge_message(message_id)
            except requests.HTTPError as error:
                if _status(error) not in GONE:
                    raise

    def _chunk(self, message_id: str, number: int) -> requests.Response | None:
        try:
            return self._client.retrieve_message_chunk(message_id, number)
        except requests.HTTPError as error:
            if _status(error) in GONE:
                return None
            raise

    def _unpack(self, message_id: str, first: requests.Response, packed: Packed) -> None:
        deadline = time.monotonic() + 2 * self.settings.mesh_timeout
        for number in range(1, _chunks(first.headers) + 1):
            chunk = first if number == 1 else self._chunk(message_id, number)
            if chunk is None:
                raise Refused(400, "unreadable", "a chunk of the message is missing")
            gzipped = "gzip" in chunk.headers.get("Content-Encoding", "").casefold()
            with chunk:
                for piece in chunk.raw.stream(_BLOCK, decode_content=False):
                    packed.add(piece, gzipped=gzipped)
                    if time.monotonic() > deadline:
                        raise MeshAway("a message comes too slowly")


def _readable(settings: MeshSettings) -> None:
    """Raises `Usage` where a file is none; the client would say so too late, and leave itself half made."""
    try:
        context = ssl.create_default_context(cafile=settings.mesh_ca_file)
        if settings.mesh_cert_file:
            context.load_cert_chain(settings.mesh_cert_file, settings.mesh_key_file, password="")
    except (OSError, ssl.SSLError) as error:
        raise Usage("mesh", f"the certificate, key or CA file cannot be read: {type(error).__name__}") from error


def shaped(told: str) -> str:
    """An id that may stand in a log or an account; `?` for what is no id."""
    return told if _SHAPED.fullmatch(told) else "?"


def _chunks(headers: Any) -> int:
    told = headers.get("Mex-Chunk-Range")
    if told is None:
        return 1
    if not (found := _CHUNKS.fullmatch(told)) or found[1] == "0":
        raise Refused(400, "unreadable", "nobody can tell how many chunks the message has")
    return int(found[1])


def _described(message_id: str, headers: Any) -> Retrieved:
    accepted_at = dt.datetime.now(dt.UTC)
    with suppress(ValueError):
        accepted_at = dt.datetime.strptime(headers.get("Mex-StatusTimestamp", "")[:14], "%Y%m%d%H%M%S").replace(
            tzinfo=dt.UTC
        )
    return Retrieved(
        message_id=message_id,
        sender=headers.get("Mex-From", "").strip().upper(),
        workflow=headers.get("Mex-WorkflowID", "").strip(),
        is_report=headers.get("Mex-MessageType", "").strip().upper() == "REPORT",
        accepted_at=accepted_at,
        body=b"",
    )


def _status(error: requests.HTTPError) -> int:
    return error.response.status_code if error.response is not None else 0


@contextmanager
def _away_is_transient() -> Iterator[None]:
    """Turns what the client raises while MESH is away, or lets nobody in, into `MeshAway`."""
    try:
        yield
    except requests.HTTPError as error:
        raise MeshAway(f"status {_status(error)}") from error
    except (OSError, HTTPError) as error:  # every error of `requests` is an OSError
        raise MeshAway(type(error).__name__) from error
