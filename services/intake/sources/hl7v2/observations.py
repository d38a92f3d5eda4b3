"""Which observation (OBX-3) is which field of the contract: by a table, by a sender's own, or by the field's own path."""

from __future__ import annotations

import csv
from importlib import resources
from typing import TYPE_CHECKING, Final

from services.intake.sources.paths import KINDS, is_meant

if TYPE_CHECKING:
    from collections.abc import Mapping


def _table() -> dict[str, str]:
    text = resources.files(__package__).joinpath("observations.csv").read_text()
    return {row["code"].casefold(): row["path"] for row in csv.DictReader(text.splitlines())}


TABLE: Final = _table()
OURS: Final = "FRONTDOOR"  # the namespace of our own ids (EI.2) and paths (CWE.3)


def path_of(codes: list[str], own: Mapping[str, str]) -> str:
    """The field that an observation's codes (OBX-3.1, its alternative 3.4) stand for; nothing where none is known."""
    for code in filter(None, codes):
        found = own.get(code) or TABLE.get(code.casefold()) or (path if (path := code.casefold()) in KINDS else "")
        if found:
            return found
    return ""


def mistyped(codes: list[str], systems: list[str]) -> str:
    """The code that is meant to be the path of a field of ours, and is none; for an observation that `path_of` does not know."""
    ours = (code for code, system in zip(codes, systems, strict=True) if system.upper() == OURS or is_meant(code))
    return next(filter(None, ours), "")


def read_as(path: str, components: list[str]) -> str:
    """Which component of a value the field can read, the code or its words; both where it reads neither."""
    kind, _ = KINDS[path]
    told = [text for text in components[:2] if text]
    return next((text for text in told if kind.read(text) is not None), " ".join(told))
