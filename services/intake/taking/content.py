"""What makes two messages the same: their content after parsing, without what belongs to the transport.

The order of fields, spacing and the message's own id make no difference.
"""

from __future__ import annotations

import hmac
import json
from typing import Any, Final

TRANSPORT: Final = frozenset(("message_id",))


def content_hash(secret: bytes, kind: str, about: str, document: dict[str, Any]) -> bytes:
    """HMAC-SHA256 over the kind of message, the referral it is about (or nothing) and what it says of it.

    A referral comes here without its blanks; in an amendment a null says something.
    """
    text = json.dumps([kind, about, said(document)], sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hmac.digest(secret, text.encode(), "sha256")


def said(document: dict[str, Any]) -> dict[str, Any]:
    """A document without what belongs to its transport."""
    return {name: item for name, item in document.items() if name not in TRANSPORT}


def merged(document: Any, patch: Any) -> Any:
    """RFC 7396 JSON merge patch: null takes away, an object changes its members, anything else replaces."""
    if not isinstance(patch, dict):
        return patch
    result = dict(document) if isinstance(document, dict) else {}
    for name, item in patch.items():
        if item is None:
            result.pop(name, None)
        else:
            result[name] = merged(result.get(name), item)
    return result


def changed_paths(patch: dict[str, Any], tree: dict[str, Any], path: str = "") -> list[str]:
    """The contract's paths that a patch names; a field that is not of the contract shows as `person.?`."""
    found: list[str] = []
    for name, item in patch.items():
        node = tree.get(name)
        inner = isinstance(node, dict) and isinstance(item, dict) and item
        place = path + (name if node is not None else "?")
        found += changed_paths(item, node or {}, f"{place}.") if inner else [place]
    return sorted(set(found))
