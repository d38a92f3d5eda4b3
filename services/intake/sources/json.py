"""JSON, our own form (`POST /referrals`): from bytes to what they tell. Reads what is sound, refuses what is not JSON."""

from __future__ import annotations

import json
import math
from typing import Any, Final, NoReturn

from services.intake.problems import Refused
from services.intake.sources.told import Does, Told

DEEPEST: Final = 32
_UNSTORABLE: Final = {0: "\ufffd", **dict.fromkeys(range(0xD800, 0xE000), "\ufffd")}  # NUL and lone surrogates


def told(body: bytes, does: Does = "refer") -> Told:
    """What a JSON message says: its form is the contract's own."""
    return Told("json", does, parse(body))


def parse(body: bytes, deepest: int = DEEPEST) -> dict[str, Any]:
    """The object in `body`. Refuses bad UTF-8, what is not JSON, a key given twice, NaN, and what nests deeper than so."""
    try:
        text = body.decode("utf-8-sig")
        if not text.strip():
            raise Refused(400, "unreadable", "the body is empty: send the referral, or what is said of it, as JSON")
        document = json.loads(
            text, object_pairs_hook=_unique, parse_constant=_no_number, parse_float=_finite, parse_int=_whole
        )
    except UnicodeDecodeError:
        raise Refused(400, "unreadable", "the body is not UTF-8") from None
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise Refused(400, "unreadable", f"the body is not JSON: {where}") from None
    except RecursionError:
        raise _too_deep(deepest) from None
    if not isinstance(document, dict):
        raise Refused(400, "unreadable", "the body must be a JSON object")
    plain = "\\u" not in text and text.count("{") + text.count("[") <= deepest  # most are: spare them the walk
    return document if plain else {name: _storable(item, 2, deepest) for name, item in document.items()}


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object; most parsers keep the last of two equal keys in silence, and the first might be the true one."""
    found = {name.translate(_UNSTORABLE): item for name, item in pairs}
    if len(found) != len(pairs):
        raise Refused(400, "duplicate-key", "an object of the body has the same key twice")
    return found


def _no_number(_: str) -> NoReturn:
    raise Refused(400, "unreadable", "NaN and Infinity are not JSON")


def _finite(text: str) -> float:
    if math.isinf(number := float(text)):
        _no_number(text)
    return number


def _whole(text: str) -> int | str:
    """A whole number; one of more digits than any field has stays a text."""
    return int(text) if len(text) < 20 else text


def storable(text: str) -> str:
    """The text with characters that PostgreSQL cannot store replaced."""
    return text if text.isprintable() else text.translate(_UNSTORABLE)


def _storable(item: Any, depth: int, deepest: int) -> Any:
    """The item with characters that PostgreSQL cannot store replaced (the original bytes keep them)."""
    if depth > deepest and isinstance(item, dict | list):
        raise _too_deep(deepest)
    if isinstance(item, str):
        return storable(item)
    if isinstance(item, dict):
        return {name: _storable(one, depth + 1, deepest) for name, one in item.items()}
    if isinstance(item, list):
        return [_storable(one, depth + 1, deepest) for one in item]
    return item


def _too_deep(deepest: int) -> Refused:
    return Refused(400, "too-deep", f"the body nests deeper than {deepest} levels")
