"""Ed25519 signatures: a private key in a file of its owner's alone, public keys in files that anybody may have.

Files are PEM, as OpenSSL writes them. A key is known by its id: the first 16 digits of the SHA-256 of its 32 public bytes.
"""

from __future__ import annotations

import os
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from shared.errors import Usage

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    PublicKeys = dict[str, Ed25519PublicKey]

_ID_DIGITS: Final = 16
_UNREADABLE: Final = (OSError, ValueError, TypeError, UnsupportedAlgorithm)


def make_key(file: Path) -> str:
    """Makes a pair: writes the private key to a new file (mode 0600) and returns the public one as PEM."""
    key = Ed25519PrivateKey.generate()
    text = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise Usage(
            "key-file", f"cannot make {file}: {error.strerror}; a key that is there is never replaced"
        ) from error
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    return public_text(key)


def public_text(key: Ed25519PrivateKey) -> str:
    """The public key of a pair, as PEM."""
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def private_key(file: Path) -> Ed25519PrivateKey:
    """The key in a file; `Usage` where it holds none."""
    try:
        key = load_pem_private_key(file.read_bytes(), None)
    except _UNREADABLE as error:
        raise Usage("key-file", f"cannot read a private key from {file}: {type(error).__name__}") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise Usage("key-file", f"{file} holds another kind of key: make one with `frontdoor audit key FILE`")
    return key


def public_keys(files: Iterable[Path]) -> PublicKeys:
    """The public keys by id, of each file, and of each *.pem of each folder; `Usage` where one holds none."""
    every = [each for file in files for each in (sorted(file.glob("*.pem")) if file.is_dir() else (file,))]
    if not every:
        raise Usage("key-file", "there is no *.pem in that folder")
    return {key_id(key): key for key in map(_public_key, every)}


def _public_key(file: Path) -> Ed25519PublicKey:
    try:
        key = load_pem_public_key(file.read_bytes())
    except _UNREADABLE as error:
        raise Usage("key-file", f"cannot read a public key from {file}: {type(error).__name__}") from error
    if not isinstance(key, Ed25519PublicKey):
        raise Usage("key-file", f"{file} holds another kind of key than Ed25519")
    return key


def key_id(key: Ed25519PublicKey) -> str:
    """What a public key is known by."""
    return sha256(key.public_bytes_raw()).hexdigest()[:_ID_DIGITS]


def is_signed(text: bytes, signature: str, key: Ed25519PublicKey) -> bool:
    """Whether a signature (in hex) of that key is over that text."""
    try:
        key.verify(bytes.fromhex(signature), text)
    except (InvalidSignature, ValueError):
        return False
    return True
