"""Which observation (OBX-3) is which field of the contract: by a table, by a sender's own, or by the field's own path."""

from __future__ import annotations

import csv
from importlib import resources
from typing import TYPE_CHECKING, Any, Final

from services.intake.contract import CONTRACT, Each
from services.intake.values import Kind

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def _leaves(node: Any, path: str = "") -> Iterator[tuple[str, tuple[Kind, bool]]]:
    """Every field that one value can be read for: its kind, and whether it is a list of them."""
    if isinstance(node, Kind):
        yield path, (node, False)
    elif isinstance(node, Each) and isinstance(node.of, Kind):
        yield path, (node.of, True)
    elif isinstance(node, dict):
        for name, inner in node.items():
            yield from _leaves(inner, f"{path}.{name}" if path else name)


_OURS: Final = frozenset(("message_id", "unmapped"))
KINDS: Final = {path: kind for path, kind in _leaves(CONTRACT) if path not in _OURS}


def _table() -> dict[str, str]:
    text = resources.files(__package__).joinpath("observations.csv").read_text()
    return {row["code"].casefold(): row["path"] for row in csv.DictReader(text.splitlines())}


TABLE: Final = _table()


def path_of(codes: list[str], own: Mapping[str, str]) -> str:
    """The field that an observation's codes (OBX-3.1, its alternative 3.4) stand for; nothing where none is known."""
    for code in filter(None, codes):
        found = own.get(code) or TABLE.get(code.casefold()) or (code if code in KINDS else "")
        if found:
            return found
    return ""


def read_as(path: str, components: list[str]) -> str:
    """Which component of a value the field can read, the code or its words; both where it reads neither."""
    kind, _ = KINDS[path]
    told = [text for text in components[:2] if text]
    return next((text for text in told if kind.read(text) is not None), " ".join(told))
