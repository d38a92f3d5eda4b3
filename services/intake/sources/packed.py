"""The content of a message that came in pieces, some of them compressed. Pure; never more of it than may be.

MESH gives a large message in chunks. With `Content-Encoding: gzip` each chunk is compressed by itself, or the whole was
compressed before it was cut: the pieces in their order are one gzip stream of one or more members either way (RFC 1952,
2.2). The NHS's own client reads the first member of each chunk alone, and takes a stream that was cut short for whole.
"""

from __future__ import annotations

import zlib
from typing import Final

from services.intake.problems import Refused

MAGIC: Final = b"\x1f\x8b"  # no message of any form begins so
_ANY_HEADER: Final = 47  # zlib's wbits: gzip or zlib
_MOST_MEMBERS: Final = 1_000  # of one stream; the files that are written so have one to 64 kB
_BLOCK: Final = 65_536  # bytes: what follows a member is copied, so it must never be much


class Packed:
    """Pieces in, content out. `raw` are the pieces as they came; `most` limits both, in bytes. Raises `Refused`."""

    def __init__(self, most: int) -> None:
        self.raw, self._most = bytearray(), most
        self._content, self._member = bytearray(), zlib.decompressobj(_ANY_HEADER)
        self._begun, self._members = False, 0  # inside a member; how many have begun

    def add(self, piece: bytes, *, gzipped: bool) -> None:
        """The next piece."""
        self.raw += piece[: self._most - len(self.raw) + 1]
        if len(self.raw) > self._most:
            raise self._too_large()
        if gzipped:
            self._inflate(piece)
        else:
            self._whole()
            self._grow(piece)

    def content(self) -> bytes:
        """All of it. What was compressed before it was sent (a file `.gz`) is unpacked too, once."""
        self._whole()
        if not self._content.startswith(MAGIC):
            return bytes(self._content)
        inner = Packed(self._most)
        inner._inflate(bytes(self._content))
        inner._whole()
        return bytes(inner._content)

    def kept(self) -> bytes:
        """What to keep of a message that is refused: its content so far; the pieces where they cannot be unpacked."""
        unpacked = not self._begun or len(self._content) > self._most
        return bytes(self._content if unpacked else self.raw)

    def _inflate(self, piece: bytes) -> None:
        view = memoryview(piece)
        for start in range(0, len(piece), _BLOCK):
            left = self._next(bytes(view[start : start + _BLOCK]))
            while left:
                try:
                    self._grow(self._member.decompress(left, self._most + 1 - len(self._content)))
                except zlib.error:
                    raise Refused(400, "unreadable", "the message is compressed, and cannot be unpacked") from None
                left = self._member.unused_data
                if self._member.eof:
                    self._member, self._begun = zlib.decompressobj(_ANY_HEADER), False
                left = self._next(left)

    def _next(self, left: bytes) -> bytes:
        """What is left to unpack; a member begins there, unless one goes on. gzip pads with zeros between them."""
        if self._begun:
            return left
        if self._members:
            left = left.lstrip(b"\0")
        if left:
            self._begun, self._members = True, self._members + 1
        if self._members > _MOST_MEMBERS:
            raise Refused(
                400, "unreadable", f"the message is compressed in more than {_MOST_MEMBERS} parts: send it as one"
            )
        return left

    def _grow(self, more: bytes) -> None:
        self._content += more
        if len(self._content) > self._most:
            raise self._too_large()

    def _whole(self) -> None:
        if self._begun:
            raise Refused(400, "unreadable", "the message is compressed, and ends before its end")

    def _too_large(self) -> Refused:
        return Refused(413, "too-large", f"a message may have {self._most} bytes, also unpacked")
