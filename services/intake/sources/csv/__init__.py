"""CSV: a referral a row, with the JSON model's field names as heads of the columns. From rows to what they tell; pure.

What a receipt keeps of a row is a file of its own: the head, and the row. A row without a message id of its own has one made
of what it says, so that the same file may be sent again for ever and nothing is taken twice.
"""

from __future__ import annotations

import hashlib
import io
import re
from itertools import islice
from typing import TYPE_CHECKING, Any

import orjson

from services.intake.contract.reading import Notice, tidy
from services.intake.problems import Fault, Refused
from services.intake.sources.csv import cells, danger
from services.intake.sources.csv.encodings import ENCODINGS
from services.intake.sources.csv.rows import FAULT, SEPARATORS, Head, Row, opened
from services.intake.sources.json import storable
from services.intake.sources.told import Told
from shared.codes import Urgency

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "ENCODINGS",
    "FAULT",
    "SEPARATORS",
    "Head",
    "Row",
    "month_first",
    "opened",
    "refusal",
    "row_told",
    "rows_of",
    "told",
]


def told(body: bytes) -> Told:
    """What a file of one row says: one message, as a receipt keeps it. Refuses any other, and a value that cannot be told.

    Whoever carries files of more rows takes each by itself (`rows_of`): none may go unseen behind the first.
    """
    head, rows = opened(io.BytesIO(body))
    some = list(islice(rows, 2))
    if not some:
        raise Refused(400, "unreadable", "there is no row below the heads of the columns")
    if len(some) > 1:
        raise Refused(413, "too-large", "one row is one message here: send a file of more to /referrals/csv")
    one, faults = row_told(head, some[0], month_first=month_first(head, some))
    if faults:
        raise refusal(faults, 400)  # nobody looked whether it is an emergency: the answer says to phone
    return one


def refusal(faults: Iterable[Fault], status: int = 422) -> Refused:
    """Why a row is not taken."""
    return Refused(status, "unreadable", "a value of this row cannot be told: mend it and send the row again", *faults)


def month_first(head: Head, rows: Iterable[Row]) -> bool:
    """Whether any row has a date that can only be month, day, year; then no other date of that look can be told."""
    return any(
        cells.is_month_first(column, cell.strip())
        for row in rows
        for column, cell in zip(head.columns, row.cells, strict=False)
    )


def row_told(head: Head, row: Row, *, month_first: bool = False) -> tuple[Told, tuple[Fault, ...]]:
    """What a row says, as far as it can be told, and why it is not taken."""
    document: dict[str, Any] = {}
    others: dict[str, str] = {}
    trail, faults = {}, [danger.told_to_phone(row.fault)] if row.fault else []
    coded = {column.path for column in head.columns}
    for column, cell in zip(head.columns, row.cells, strict=False):
        text = storable(cell).strip()
        if not text or (column.number == 1 and head.mended):
            continue
        if column.path is None:
            _beside(others, storable(column.head).strip() or column.place, text)
            continue
        text = storable(cell).strip(" \t") if column.listed else text  # a blank line is an item
        path, (value, fault) = column.path, cells.read(column, text, month_first=month_first)
        if path == "reason" and not fault:
            path, value = cells.reason(text) if "reason.code" not in coded else ("reason.text", text)
        trail[path] = column.place
        if fault:
            faults.append(danger.told_to_phone(Fault(column.place, fault, cells.DETAILS[fault]), column))
        else:
            _put(document, path, value)
    if len(row.cells) > len(head.columns):
        detail = "more cells than heads of columns: a separator stands in a text without quotes"
        faults.append(danger.told_to_phone(Fault(f"column {len(head.columns) + 1}", "unreadable", detail)))
    if danger.seen(head, row):
        _put(
            document, "referrer.urgency", Urgency.EMERGENCY.value
        )  # it is refused, and only the answer to it sees this
    trail.setdefault("message_id", "the whole row")  # of what it says one is made
    said = _listed(document) | ({"unmapped": others} if others else {})
    return Told("csv", "refer", _named(said), trail=trail, warnings=_warnings(head, row)), tuple(faults)


def _beside(others: dict[str, str], head: str, text: str) -> None:
    """Keeps what stands under a head that nobody knows, beside what stood under the same head before: words are never overwritten."""
    before = others.setdefault(head, text)
    if before != text:
        others[head] = f"{before}\n\n{text}"


def _warnings(head: Head, row: Row) -> tuple[Notice, ...]:
    """What was odd about the whole row. Heads that have no text, as a spreadsheet leaves them, need no cells."""
    heads = max((column.number for column in head.columns if column.head.strip()), default=0)
    short = (Notice(f"column {len(row.cells) + 1}", "cells-missing"),) if len(row.cells) < heads else ()
    return (*short, *((Notice("", "not-utf-8"),) if row.codec == "cp1252" and len(head.codecs) > 1 else ()))


def _named(document: dict[str, Any]) -> dict[str, Any]:
    """The document with a message id: its own, or one made of what it says."""
    if document.get("message_id"):
        return document
    text = orjson.dumps(tidy(document) or {}, option=orjson.OPT_SORT_KEYS)
    return {**document, "message_id": f"row {hashlib.sha256(text).hexdigest()}"}


def _put(document: dict[str, Any], path: str, value: Any) -> None:
    """Puts a value at a path; the items of a list are kept by number until all are there."""
    *before, last = re.findall(r"[^.\[\]]+", path)
    node: Any = document
    for part in before:
        node = node.setdefault(part, {})
    node[last] = value


def _listed(node: Any) -> Any:
    """The document with its lists as lists: what is kept by number is one."""
    if not isinstance(node, dict):
        return node
    if node and all(name.isdigit() for name in node):
        items = {int(name): _listed(item) for name, item in node.items()}
        return [items.get(place) for place in range(max(items) + 1)]
    return {name: _listed(item) for name, item in node.items()}


def rows_of(body: bytes, encoding: str | None, separator: str | None, most: int) -> tuple[Head, list[Row]]:
    """The head of a file and its rows; refuses more than `most`."""
    head, rows = opened(io.BytesIO(body), encoding, separator)
    found = list(islice(rows, most + 1))
    if len(found) > most:
        raise Refused(413, "too-large", f"a request may have {most} rows; `frontdoor import` sends a file in portions")
    return head, found
