"""The published heads, signed: whoever holds the public key knows that audit said them, and nobody else.

What is signed is a text of its own, not the JSON that it travels in: a version, then as netstrings the moment (in
microseconds since 1970) and stream, topic, partition, offset and hash of each head, in the order of the event.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from services.audit.chain import netstrings
from shared.signing import is_signed, key_id

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from shared.operations import AuditHeads
    from shared.signing import PublicKeys

VERSION: Final = b"frontdoor audit heads 1"


def text(event: AuditHeads) -> bytes:
    """The bytes that are signed."""
    heads = (value for head in event.heads for value in msgspec.structs.astuple(head))
    return VERSION + netstrings((event.at, *heads))


def signed(event: AuditHeads, key: Ed25519PrivateKey) -> AuditHeads:
    """The event with its signature."""
    return msgspec.structs.replace(event, key_id=key_id(key.public_key()), signature=key.sign(text(event)).hex())


def doubt(event: AuditHeads, keys: PublicKeys) -> str | None:
    """Why none of these keys vouches for the event; None where one does."""
    if event.signature is None or event.key_id is None:
        return "its heads are not signed"
    if event.key_id not in keys:
        return f"its heads are signed by key {event.key_id}, which was not given"
    if not is_signed(text(event), event.signature, keys[event.key_id]):
        return f"the signature by key {event.key_id} does not fit its heads"
    return None
