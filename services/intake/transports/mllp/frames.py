"""MLLP: a block begins with 0x0B and ends with 0x1C 0x0D [HL7 Transport Specification: MLLP, release 1]. Pure."""

from __future__ import annotations

import re
from typing import Final

from services.intake.sources.hl7v2.message import HEADER, is_header

START: Final = b"\x0b"
END: Final = b"\x1c"
# The end as it is sent, also by those who leave out the carriage return; before anything else 0x1C is part of a text.
_ENDED: Final = re.compile(rb"\x1c(?=[\r\n\x0b])")
# A start inside a block is a message that was cut and begins anew; before other text it is Word's line break.
_ANEW: Final = re.compile(rb"\x0b" + HEADER)


def framed(content: bytes) -> bytes:
    """A block around an answer."""
    return START + content + END + b"\r"


class Frames:
    """The blocks in a stream of bytes, however they are cut up. Bytes between them are counted in `skipped`."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._looked = 0  # how far the buffer was searched for an end
        self._last = b""
        self.begun = self.open = False
        self.skipped = 0

    @property
    def size(self) -> int:
        """Bytes of the block that is not whole yet."""
        return len(self._buffer)

    @property
    def ending(self) -> bool:
        """Whether the last byte may be the end: what comes next tells, or that nothing does."""
        return self.open and self._buffer.endswith(END)

    @property
    def head(self) -> bytes:
        """How that block, or else the last one, begins: enough to answer it."""
        return bytes(self._buffer[:4096]) if self.open else self._last

    def drop(self) -> int:
        """Forgets the block that is not whole yet; how many bytes that were."""
        size, self.open = self.size, False
        self._buffer.clear()
        return size

    def feed(self, data: bytes) -> None:
        """Takes what arrived."""
        self.begun = True
        self._buffer += data

    def next(self, *, last: bool = False) -> bytes | None:
        """The next whole block; None until more arrives. `last`: nothing more came after what is here."""
        if not self.open:
            self._skip()
        found = _ENDED.search(self._buffer, self._looked) if self.open else None
        if found is None and not (last and self.ending):
            self._looked = max(0, len(self._buffer) - 1)
            return None
        end = found.start() if found else len(self._buffer) - 1
        block = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        self._looked, self.open, self._last = 0, False, block[:4096]
        anew = 0
        for found in filter(is_header, _ANEW.finditer(block)):
            anew = found.end()
        self.skipped += anew
        return block[anew:]

    def _skip(self) -> None:
        start = self._buffer.find(START)
        gone = start + 1 if start >= 0 else len(self._buffer)
        between = bytes(self._buffer[: gone - (start >= 0)])
        self.skipped += len(between.removeprefix(b"\r").strip(b"\r\n"))
        del self._buffer[:gone]
        self._looked, self.open = 0, start >= 0
