"""What comes packed by MESH: any bytes, in any pieces, are unpacked within the limit or refused."""

from __future__ import annotations

from contextlib import suppress

from services.intake.problems import Refused
from services.intake.sources.packed import Packed

MOST = 10_000


def one(data: bytes) -> None:
    """Unpacks pieces; the first byte says how long each is, and whether they are compressed."""
    size, gzipped = (data[0] >> 1) + 1 if data else 1, bool(data and data[0] & 1)
    packed = Packed(MOST)
    with suppress(Refused):
        for start in range(1, len(data), size):
            packed.add(data[start : start + size], gzipped=gzipped)
        assert len(packed.content()) <= MOST
    assert len(packed.kept()) <= MOST + 1
