"""What makes two messages the same: their content after parsing, without what belongs to the transport.

The order of fields, spacing and the message's own id make no difference.
"""

from __future__ import annotations

import hmac
import json
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Collection

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


def beside(document: dict[str, Any], changes: dict[str, Any], adds: Collection[str]) -> dict[str, Any]:
    """The changes, with what only adds put beside what stands: words of risk are not overwritten by what says nothing of them.

    `adds` are the paths (`group.name`, or a name) of texts and lists that add; texts that no field takes always do.
    """
    changes = dict(changes)
    for path in adds:
        group, _, name = path.rpartition(".")
        new, old = (changes.get(group), document.get(group)) if group else (changes, document)
        if isinstance(new, dict) and name in new:
            short = {"text": old} if isinstance(old, str) else {}  # a reason may be told as one text
            added = {name: _both((old if isinstance(old, dict) else short).get(name), new[name])}
            changes |= {group: {**short, **new, **added}} if group else added
    return _beside_of_each_place(document, changes)


def _both(old: Any, new: Any) -> Any:
    """Both of two texts, or all of two lists, each once; the new of anything else."""
    if isinstance(old, str) and isinstance(new, str):
        return old if new in old else f"{old}\n\n{new}"
    if isinstance(old, list) and isinstance(new, list):
        return [*old, *(item for item in new if item not in old)]
    return new


def _beside_of_each_place(document: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """The changes, with texts that no field takes put beside those of the same place."""
    new, old = changes.get("unmapped"), document.get("unmapped")
    if not isinstance(new, dict) or not isinstance(old, dict):
        return changes
    both = {
        place: f"{old[place]}\n\n{text}"
        if place in old and text and str(text) not in str(old[place])
        else old.get(place, text)
        for place, text in new.items()
    }
    return {**changes, "unmapped": both}


def changed_paths(patch: dict[str, Any], tree: dict[str, Any], path: str = "") -> list[str]:
    """The contract's paths that a patch names; a field that is not of the contract shows as `person.?`."""
    found: list[str] = []
    for name, item in patch.items():
        node = tree.get(name)
        inner = isinstance(node, dict) and isinstance(item, dict) and item
        place = path + (name if node is not None else "?")
        found += changed_paths(item, node or {}, f"{place}.") if inner else [place]
    return sorted(set(found))
