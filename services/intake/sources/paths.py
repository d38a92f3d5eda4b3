"""The contract's fields by their paths, for standards in which a sender may name a field itself; and which one it meant."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any, Final

from services.intake.contract.fields import CONTRACT, Each
from services.intake.contract.values import Kind

if TYPE_CHECKING:
    from collections.abc import Iterator


def _leaves(node: Any, path: str = "") -> Iterator[tuple[str, tuple[Kind, bool]]]:
    if isinstance(node, Kind):
        yield path, (node, False)
    elif isinstance(node, Each) and isinstance(node.of, Kind):
        yield path, (node.of, True)
    elif isinstance(node, dict):
        for name, inner in node.items():
            yield from _leaves(inner, f"{path}.{name}" if path else name)


_OURS: Final = frozenset(("message_id", "unmapped"))
# Every field that one value can be read for: its kind, and whether it is a list of them.
KINDS: Final = {path: kind for path, kind in _leaves(CONTRACT) if path not in _OURS}
NO_SUCH: Final = "no-such-field"


def nearest(path: str) -> str:
    """The field whose path is most like this one; nothing where none is like it."""
    return next(iter(difflib.get_close_matches(path[:60].casefold(), KINDS, 1)), "")


def is_meant(code: str) -> bool:
    """Whether a code looks like a path of the contract, whoever's it is said to be."""
    group, dot, _ = code.casefold().partition(".")
    return bool(dot) and isinstance(CONTRACT.get(group), dict)
