"""From a document in the terms of the contract to what could be read of it, and warnings for the rest.

Nothing here refuses a document. A warning names a place and a code, never a value, nor a field name that is not of
the contract (it could hold a name): such a field is shown by its place, as `person[3rd field]`.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from services.intake.contract import scores
from services.intake.contract.fields import CONTRACT, RISK_ANSWERS, Each, Tree
from services.intake.contract.values import Kind, plain
from shared.codes import NOT_RECORDED

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST_WARNINGS: Final = 100
_IN_PARTS: Final = {"needs.interpreter": dict.fromkeys(("needed", "language"))}  # what may also be told as an object

DETAILS: Final = {
    "unknown-field": "not a field of the contract, by its place among the fields as they were sent; kept with the receipt and not read",
    "no-such-field": "not the path of a field of the contract that can be answered here; kept and screened, and not read",
    "wrong-type": "another kind of value is expected here; kept with the receipt and not read",
    "unmapped": "not in the code list; counts as unmapped",
    "unreadable": "cannot be read as what belongs here; counts as not recorded",
    "not-a-date": "cannot be read as a day: it is written as 2025-12-31 (HL7 v2: 20251231), with a time as 2025-12-31T09:30:00Z; counts as not recorded",
    "too-many": "more items than are read; the others are kept with the receipt",
    "check-digit": "fails the NHS number's modulus 11 check; not used to link referrals",
    "total-differs": "the total and its items disagree; the higher counts",
    "items-incomplete": "items are missing, so no total was made of them",
    "in-future": "lies in the future; counts as not recorded",
    "out-of-range": "lies too far away to be true; counts as not recorded",
    "two-message-ids": "the Idempotency-Key header and message_id differ; message_id counts",
    "charset": "the bytes are not in the character set that the message declares; read as the likeliest",
    "attachment-type": "no kind of document that is shown from here; kept with the receipt",
    "attachment-size": "empty, or larger than is shown from here; kept with the receipt",
    "attachment-differs": "is not what its type says; kept with the receipt",
    "attachment-taken-back": "entered in error, as its sender says: kept with the receipt and not shown",
    "attachment-elsewhere": "a document elsewhere: its address is kept, and nothing is fetched from there",
    "reply-address": "not an address at which this sender may be told more: no reply goes there; ask for the status",
    "reference": "refers to something that the message does not hold; what it would say is not read",
    "about-another": "said of somebody else than the patient, by its subject or focus: kept in words, and answers nothing of the patient",
    "cells-missing": "fewer cells than heads of columns; those from here on count as blank",
    "not-utf-8": "not UTF-8; read as Windows-1252",
    "more-warnings": "more could not be read than is listed here",
}


class Notice(NamedTuple):
    """Something that a sender should know about a place in what it sent; `near` is the path of ours that it may have meant."""

    path: str
    code: str
    near: str = ""

    def as_json(self) -> dict[str, str]:
        """The notice as it is answered."""
        detail = f"{DETAILS[self.code]}; the nearest is {self.near}" if self.near else DETAILS[self.code]
        return {"path": self.path, "code": self.code, "detail": detail}


@dataclass(slots=True)
class Reading:
    """What was read: `document` as it was sent without blanks, `values` by contract path.

    `prose` is all free text that no code stands for, for the screen; `unread_risk` says that an answer to a risk
    question could not be read.
    """

    document: dict[str, Any]
    values: dict[str, Any] = field(default_factory=dict)
    warnings: list[Notice] = field(default_factory=list)
    prose: list[str] = field(default_factory=list)
    unread_risk: bool = False

    def get(self, path: str) -> Any:
        """The value read at a dotted path, or None."""
        node: Any = self.values
        for name in path.split("."):
            node = node.get(name) if isinstance(node, dict) else None
        return node

    def warn(self, path: str, code: str, near: str = "") -> None:
        """Adds a warning, once."""
        if len(self.warnings) <= MOST_WARNINGS and (notice := Notice(path, code, near)) not in self.warnings:
            full = len(self.warnings) == MOST_WARNINGS
            self.warnings.append(Notice("", "more-warnings") if full else notice)


def read(document: dict[str, Any], silent: tuple[str, ...] = ()) -> Reading:
    """Reads a document; answers that are in `silent` (`not known`) say nothing, as a blank does."""
    tidied = tidy(document) or {}
    reading = Reading(tidied)
    reading.values = _tree(reading, CONTRACT, _spelt_out(tidied), "", frozenset(silent))
    scores.settle(reading)
    for notice in unknown_fields(CONTRACT, document):
        reading.warn(*notice)
    return reading


def unknown_fields(node: Any, sent: Any, path: str = "") -> Iterator[Notice]:
    """The fields that nobody knows, by their places in what was sent: blanks count, the first is the 1st."""
    node = _IN_PARTS.get(path, node)
    if isinstance(node, Each) and isinstance(sent, list):
        for place, item in enumerate(sent[: node.most]):
            yield from unknown_fields(node.of, item, f"{path}[{place}]")
    if not isinstance(node, dict) or not isinstance(sent, dict):
        return
    for place, (name, item) in enumerate(sent.items(), 1):
        if name in node:
            yield from unknown_fields(node[name], item, f"{path}.{name}" if path else name)
        elif tidy(item) is not None:
            yield Notice(f"{path}[{_nth(place)} field]", "unknown-field")


def _nth(place: int) -> str:
    """1st, 2nd, 3rd, 4th, 11th, 21st."""
    ending = "th" if place % 100 in {11, 12, 13} else {1: "st", 2: "nd", 3: "rd"}.get(place % 10, "th")
    return f"{place}{ending}"


def tidy(value: Any) -> Any:
    """The value without blanks: absent, null, empty and `not recorded` are the same, and become None."""
    if isinstance(value, str):
        text = value.strip()
        text = text if text.isascii() else unicodedata.normalize("NFC", text)
        return None if not text or text.casefold().replace("_", " ") == NOT_RECORDED else text
    if isinstance(value, dict):
        return {name: kept for name, item in value.items() if (kept := tidy(item)) is not None} or None
    if isinstance(value, list):
        items = [tidy(item) for item in value]
        return None if all(item is None for item in items) else items
    return value


def _spelt_out(document: dict[str, Any]) -> dict[str, Any]:
    """The document with short forms written out: a reason or a name as one text or its parts, an interpreter's language.

    A person with a reason is not refused for the form in which it was told.
    """
    person, needs = document.get("person"), document.get("needs")
    if text := _in_one(document.get("reason"), ", ") or plain(document.get("reason")):
        code = CONTRACT["reason"]["code"].read(text)
        document = {**document, "reason": {"code": code} if code else {"text": text}}
    if isinstance(person, dict) and (name := _in_one(person.get("name"), " ")):
        document = {**document, "person": {**person, "name": {"full": name}}}
    if isinstance(needs, dict) and isinstance(interpreter := needs.get("interpreter"), dict):
        document = {**document, "needs": {**needs, **_interpreting(interpreter, needs)}}
    return document


def _interpreting(interpreter: dict[str, Any], needs: dict[str, Any]) -> dict[str, Any]:
    """An interpreter's parts as fields of the contract; what else it says is no field, and is screened as one that nobody knows."""
    spoken = needs.get("interpreter_language", interpreter.get("language"))
    rest = {
        name: item for name, item in interpreter.items() if name != "needed" and (name, item) != ("language", spoken)
    }
    told = {"interpreter": interpreter.get("needed", "yes"), "interpreter_language": spoken}
    return {**told, **({"interpreter, more": rest} if rest else {})}


def _in_one(value: Any, between: str) -> str | None:
    """A text, or several as one; None for anything else."""
    parts = [part for part in value if part is not None] if isinstance(value, list) else [value]
    return between.join(parts) if parts and all(isinstance(part, str) for part in parts) else None


def _tree(reading: Reading, tree: Tree, document: dict[str, Any], path: str, silent: frozenset[str]) -> dict[str, Any]:
    values = {}
    for name, item in document.items():
        if (node := tree.get(name)) is None:
            reading.prose.extend((name, *_strings(item)))
        elif item is not None and (value := _node(reading, node, item, path + name, silent)) is not None:
            values[name] = value
    return values


def _node(reading: Reading, node: Any, item: Any, path: str, silent: frozenset[str]) -> Any:
    if isinstance(node, Kind):
        return _leaf(reading, node, item, path, silent)
    if isinstance(node, Each) and isinstance(item, list):
        if len(item) > node.most:
            reading.warn(path, "too-many")
            reading.prose.extend(_strings(item[node.most :]))
        return [
            None if one is None else _node(reading, node.of, one, f"{path}[{place}]", silent)
            for place, one in enumerate(item[: node.most])
        ]
    if isinstance(node, dict) and isinstance(item, dict):
        return _tree(reading, node, item, f"{path}.", silent)
    return _unread(reading, item, path, "wrong-type", silent)


def _leaf(reading: Reading, kind: Kind, item: Any, path: str, silent: frozenset[str]) -> Any:
    value = kind.read(item)
    if kind.prose or kind.screened:
        reading.prose.extend(_strings(item))
    if value is None:
        _unread(reading, item, path, "unmapped" if kind.otherwise else kind.unread, silent)
        return kind.otherwise
    return value


def _unread(reading: Reading, item: Any, path: str, code: str, silent: frozenset[str]) -> None:
    reading.warn(path, code)
    reading.prose.extend(_strings(item))
    says_nothing = isinstance(item, str) and item.casefold() in silent
    if path.partition("[")[0] in RISK_ANSWERS and not says_nothing:
        reading.unread_risk = True


def _strings(item: Any) -> Iterator[str]:
    """Every text inside a value, field names included."""
    if isinstance(item, str):
        yield item
    elif isinstance(item, dict):
        yield from item
        item = list(item.values())
    if isinstance(item, list):
        for one in item:
            yield from _strings(one)
