"""The head of a rule file: whose rules these are, from when, why, which hazards they answer, who approved them."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from services.triage.rules import frame
from services.triage.rules.approvals import Approval, read_approvals
from services.triage.rules.fields import (
    listing_at,
    moment,
    place_of,
    text_at,
    texts,
)
from services.triage.rules.findings import shown

if TYPE_CHECKING:
    from services.triage.rules.findings import Place

_NEVER: Final = dt.datetime.max.replace(tzinfo=dt.UTC)  # stands in for a time that cannot be read and was noted
_LOCALITY: Final = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_VERSION: Final = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{0,39}")


@dataclass(frozen=True, slots=True)
class Head:
    """What stands above the tables."""

    locality: str
    version: str
    effective_from: dt.datetime
    reason: str
    hazards: tuple[str, ...]
    approved: tuple[Approval, ...]


def read_head(top: frame.Mapping, place: Place) -> Head:
    """The head; whether its approvals are of this text is checked once the rest is sound."""
    here = place.at(table="approved", line=place_of(top, "approved", place).line)
    approved = tuple(read_approvals(listing_at(top, "approved", place), here))
    return Head(
        locality=_pattern(top, "ruleset", _LOCALITY, "small letters, digits and single hyphens", place),
        version=_pattern(top, "version", _VERSION, "letters, digits, dots and hyphens, at most 40", place),
        effective_from=moment(text_at(top, "effective_from", place), place_of(top, "effective_from", place)) or _NEVER,
        reason=text_at(top, "reason", place),
        hazards=_hazards(top, place_of(top, "hazards", place)),
        approved=approved,
    )


def _hazards(top: frame.Mapping, place: Place) -> tuple[str, ...]:
    node = top.entries.get("hazards")
    if isinstance(node, frame.Listing) and not node.items:
        place.fault("a list without hazards", "name each hazard that a row or promise answers")
    return tuple(texts(listing_at(top, "hazards", place), place))


def _pattern(top: frame.Mapping, key: str, pattern: re.Pattern[str], use: str, place: Place) -> str:
    text = text_at(top, key, place)
    if text and not pattern.fullmatch(text):
        place_of(top, key, place).fault(f"{shown(text)} is no {key}", f"use {use}")
    return text
