"""Which observation (OBX-3) is which field of the contract: by a table, by a sender's own, or by the field's own path."""

from __future__ import annotations

import csv
from importlib import resources
from typing import TYPE_CHECKING, Final

from services.intake.sources.answered import in_scale, is_answer, reassures
from services.intake.sources.paths import KINDS, is_meant
from services.intake.sources.told import counted_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from services.intake.contract.values import Read


def _table() -> dict[str, str]:
    text = resources.files(__package__).joinpath("observations.csv").read_text()
    return {row["code"].casefold(): row["path"] for row in csv.DictReader(text.splitlines())}


TABLE: Final = _table()
_COMPARES: Final = frozenset((">", "<", ">=", "<=", "<>"))
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
    """What a value (CE, CWE, SN or plain) says to a field: its code or its words, or those of its alternate.

    The most urgent of them counts. A code that reassures beside words that do not say the same is a code of the sender's
    own as likely as one of ours: both are one text then, which nobody can read, as all is of which nothing can be read.
    """
    kind, _ = KINDS[path]
    if compared := _compared(components):
        return compared
    if not is_answer(path):
        told = [text for text in components[:2] if text]
        return next((text for text in told if kind.read(text) is not None), " ".join(told))
    pairs = [[in_scale(path, text) for text in components[start : start + 2] if text] for start in (0, 3)]
    said = list(dict.fromkeys(text for pair in pairs for text in _said(path, pair, kind.read)))
    if not said:
        return " ".join(text for pair in pairs for text in pair)
    return counted_of(path, said, kind.read) or "; ".join(said)


def _said(path: str, pair: list[str], read: Read) -> list[str]:
    """What a code and its words say: those that can be read, or both as one text."""
    known = [text for text in pair if read(text) is not None]
    if len(known) < len(pair) and any(reassures(path, read(text)) for text in known):
        return [" ".join(pair)]
    return known


def _compared(components: list[str]) -> str:
    """A number that is not one: more or less than another, or two (SN: comparator, number, separator, number)."""
    sign, *numbers = components[:4]
    number = sign in _COMPARES or (not sign and any(numbers[1:2]) and not numbers[1][:1].isalnum())
    return "".join(components[:4]) if number else ""
