"""Messages as they get spoilt on the way: cut, swapped, doubled, in another charset. Seeded, so that a failure comes again."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


def garbled(samples: Sequence[bytes], count: int, seed: int = 7) -> Iterator[bytes]:
    """`count` spoilt messages."""
    chance = random.Random(seed)
    for _ in range(count):
        body = chance.choice(samples)
        for _ in range(chance.randint(1, 3)):
            body = chance.choice((_cut, _swapped, _doubled, _struck, _recoded, _joined))(body, chance)
        yield body


def _span(body: bytes, chance: random.Random) -> tuple[int, int]:
    start = chance.randrange(len(body) + 1)
    return start, min(len(body), start + chance.choice((1, 2, 9, 80, 900)))


def _cut(body: bytes, chance: random.Random) -> bytes:
    return body[: chance.randrange(len(body) + 1)]


def _swapped(body: bytes, chance: random.Random) -> bytes:
    (a, b), (c, d) = sorted((_span(body, chance), _span(body, chance)))
    return body[:a] + body[c:d] + body[b:c] + body[a:b] + body[max(b, d) :]


def _doubled(body: bytes, chance: random.Random) -> bytes:
    start, end = _span(body, chance)
    return body[:end] + body[start:end] + body[end:]


def _struck(body: bytes, chance: random.Random) -> bytes:
    """Bytes hit by others that mean something in most forms."""
    start, _ = _span(body, chance)
    return (
        body[:start]
        + chance.choice((b"\x00", b'"', b"\\", b"{", b"]", b"\r", b"|", b"\xff", b"null", b"1e999"))
        + body[start + 1 :]
    )


def _recoded(body: bytes, chance: random.Random) -> bytes:
    return body.decode("utf-8", "replace").encode(
        chance.choice(("latin-1", "cp1252", "utf-16", "utf-8-sig")), "replace"
    )


def _joined(body: bytes, chance: random.Random) -> bytes:
    return body + chance.choice((body, b"\n", b"}", b"\x1c\r"))
