"""Destinations: where the rules of a locality may send a person."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

from services.triage.rules import frame
from services.triage.rules.fields import (
    date,
    node_as_mapping,
    only_keys,
    optional_text_at,
    place_of,
    text_at,
)
from services.triage.rules.findings import nearest, shown
from shared.codes import CareSetting, Gate

if TYPE_CHECKING:
    from enum import StrEnum

    from services.triage.rules.findings import Place

_KEYS: Final = ("name", "care setting", "team type", "gate", "response", "valid from", "valid to", "accepting")
_ID: Final = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_WITHIN: Final = re.compile(r"([1-9][0-9]{0,3}) (minute|hour|day|week)s?")
_AT_ONCE: Final = "at once"

Choice = TypeVar("Choice", bound="StrEnum")


@dataclass(frozen=True, slots=True)
class Destination:
    """A service that a referral can be routed to.

    `within` is the longest time until it must have responded, None where only its priority says so; `response` is
    the same in words. `valid_to` is its last day.
    """

    id: str
    name: str
    care_setting: CareSetting
    team_type: str
    gate: Gate
    response: str
    within: dt.timedelta | None = None
    valid_from: dt.date | None = None
    valid_to: dt.date | None = None
    accepting: bool = True


def read_destinations(mapping: frame.Mapping, place: Place) -> dict[str, Destination]:
    """The destinations by id; one with a fault is noted and left out."""
    found = {}
    for name, node in mapping.entries.items():
        here = place.at(row=name, line=node.line)
        if not _ID.fullmatch(name):
            here.fault(f"{shown(name)} is no id", "use small letters, digits and single hyphens")
        fields = node_as_mapping(node, here)
        destination = fields and _destination(name, fields, here)
        if destination:
            found[name] = destination
    return found


def _destination(name: str, fields: frame.Mapping, place: Place) -> Destination | None:
    only_keys(fields, _KEYS, place)
    setting = _choice(fields, "care setting", CareSetting, place)
    gate = _choice(fields, "gate", Gate, place)
    response, within = _response(fields, place)
    valid_from, valid_to = (_date(fields, key, place) for key in ("valid from", "valid to"))
    if valid_from and valid_to and valid_to < valid_from:
        place_of(fields, "valid to", place).fault("ends before it begins", "correct one of the two dates")
    title, team_type = text_at(fields, "name", place), text_at(fields, "team type", place)
    accepting = _accepting(fields, place)
    if setting is None or gate is None:
        return None
    return Destination(name, title, setting, team_type, gate, response, within, valid_from, valid_to, accepting)


def _choice(fields: frame.Mapping, key: str, choices: type[Choice], place: Place) -> Choice | None:
    text = text_at(fields, key, place)
    if text in set(choices):
        return choices(text)
    if text:
        place_of(fields, key, place).fault(f"no such {key}: {shown(text)}", nearest(text, choices))
    return None


def _date(fields: frame.Mapping, key: str, place: Place) -> dt.date | None:
    text = optional_text_at(fields, key, place)
    return date(text, place_of(fields, key, place)) if text else None


def _accepting(fields: frame.Mapping, place: Place) -> bool:
    text = optional_text_at(fields, "accepting", place) or "yes"
    if text not in {"yes", "no"}:
        place_of(fields, "accepting", place).fault(f"accepting: {shown(text)}", "write yes or no")
    return text == "yes"


def _response(fields: frame.Mapping, place: Place) -> tuple[str, dt.timedelta | None]:
    """The response standard: in words alone, or `{within: 6 weeks}` with words of its own if need be."""
    node, here = fields.entries.get("response"), place_of(fields, "response", place)
    if not isinstance(node, frame.Mapping):
        return text_at(fields, "response", place), None
    only_keys(node, ("within", "words"), here)
    written = text_at(node, "within", here)
    words = optional_text_at(node, "words", here)
    return words or (written if written == _AT_ONCE else f"within {written}"), _duration(written, here)


def _duration(text: str, place: Place) -> dt.timedelta | None:
    if text == _AT_ONCE:
        return dt.timedelta(0)
    match = _WITHIN.fullmatch(text)
    if match:
        return dt.timedelta(**{f"{match[2]}s": int(match[1])})
    if text:
        place.fault(f"{shown(text)} is no length of time", "write it as 4 hours, 14 days or 6 weeks; or `at once`")
    return None
