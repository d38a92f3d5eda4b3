"""Spoils a message as senders and networks do: cut, doubled, swapped, in another charset, with bytes of anything."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random


def demand_storable(document: dict[str, Any]) -> None:
    """Raises where PostgreSQL could not keep a document: it is no text, or one with NUL in it."""
    if b"\\u0000" in orjson.dumps(document).replace(b"\\\\", b""):
        raise AssertionError("no text may hold NUL: it cannot be kept")


def garbled(body: bytes, chance: Random) -> bytes:
    """The message with one to four things wrong with it."""
    for _ in range(chance.randint(1, 4)):
        body = chance.choice(_WAYS)(body, chance)
    return body


def _cut(body: bytes, chance: Random) -> bytes:
    return body[: chance.randrange(len(body) + 1)]


def _gap(body: bytes, chance: Random) -> bytes:
    start = chance.randrange(len(body) + 1)
    return body[:start] + body[start + chance.randint(1, 60) :]


def _doubled(body: bytes, chance: Random) -> bytes:
    start = chance.randrange(len(body) + 1)
    return body[:start] + body[max(0, start - chance.randint(1, 200)) :]


def _swapped(body: bytes, chance: Random) -> bytes:
    lines = body.splitlines(keepends=True)
    chance.shuffle(lines)
    return b"".join(lines)


def _noise(body: bytes, chance: Random) -> bytes:
    start = chance.randrange(len(body) + 1)
    return body[:start] + chance.randbytes(chance.randint(1, 12)) + body[start:]


def _flipped(body: bytes, chance: Random) -> bytes:
    if not body:
        return body
    place = chance.randrange(len(body))
    return body[:place] + bytes((body[place] ^ (1 << chance.randrange(8)),)) + body[place + 1 :]


def _recoded(body: bytes, chance: Random) -> bytes:
    return body.decode("utf-8", "replace").encode(chance.choice(("cp1252", "utf-16", "cp037")), "replace")


def _mark(body: bytes, chance: Random) -> bytes:
    start = chance.randrange(len(body) + 1)
    return (
        body[:start] + chance.choice((b"|", b"^", b"~", b"\\", b"&", b"\r", b"\n", b'""', b"\x00")) * 3 + body[start:]
    )


_WAYS: tuple[Callable[[bytes, Random], bytes], ...] = (
    *(_cut, _gap, _doubled, _swapped, _noise, _flipped, _mark),
    *(_gap, _flipped, _mark, _recoded),
)
