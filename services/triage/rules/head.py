"""The head of a rule file: whose rules these are, from when, why, which hazards they answer, who approved them."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from services.triage.rules import frame
from services.triage.rules.fields import (
    date,
    listing_at,
    moment,
    node_as_mapping,
    only_keys,
    place_of,
    text_at,
    texts,
)
from services.triage.rules.findings import nearest, shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from services.triage.rules.findings import Place

# DCB0129 and DCB0160 ask for a clinical safety officer's approval; the other two are this project's own rule.
REQUIRED_ROLES: Final = ("clinical safety officer", "clinician", "someone who uses services")
_NEVER: Final = dt.datetime.max.replace(tzinfo=dt.UTC)  # stands in for a time that cannot be read and was noted
_LOCALITY: Final = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_VERSION: Final = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{0,39}")


@dataclass(frozen=True, slots=True)
class Approval:
    """Who approved the rule set, in which role, when."""

    role: str
    name: str
    date: dt.date


@dataclass(frozen=True, slots=True)
class Promise:
    """A safety statement about every possible referral, and the hazard that it answers."""

    hazard: str
    text: str


@dataclass(frozen=True, slots=True)
class Head:
    """What stands above the tables."""

    locality: str
    version: str
    effective_from: dt.datetime
    reason: str
    hazards: tuple[str, ...]
    approved: tuple[Approval, ...]
    promises: tuple[Promise, ...]


def read_head(top: frame.Mapping, roles: Iterable[str], place: Place) -> Head:
    """The head; `roles` are those whose approval is required."""
    hazards = _hazards(top, place_of(top, "hazards", place))
    here = place.at(table="approved")
    if "approved" not in top.entries:
        roles = ()  # that it is missing says it all
    approved = tuple(
        _approvals(listing_at(top, "approved", place), roles, here.at(line=place_of(top, "approved", here).line))
    )
    return Head(
        locality=_pattern(top, "ruleset", _LOCALITY, "small letters, digits and single hyphens", place),
        version=_pattern(top, "version", _VERSION, "letters, digits, dots and hyphens, at most 40", place),
        effective_from=moment(text_at(top, "effective_from", place), place_of(top, "effective_from", place)) or _NEVER,
        reason=text_at(top, "reason", place),
        hazards=hazards,
        approved=approved,
        promises=tuple(_promises(listing_at(top, "promises", place), hazards, place.at(table="promises"))),
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


def _approvals(listing: frame.Listing, roles: Iterable[str], place: Place) -> Iterator[Approval]:
    """The approvals; a required role that none of them has is noted."""
    given: set[tuple[str, str]] = set()
    for number, node in enumerate(listing.items, 1):
        here = place.at(row=str(number), line=node.line)
        fields = node_as_mapping(node, here)
        if fields is None:
            continue
        role = text_at(fields, "role", here)
        here = here.at(row=role)
        only_keys(fields, ("role", "name", "date"), here)
        name = text_at(fields, "name", here)
        day = date(text_at(fields, "date", here), place_of(fields, "date", here))
        if (role, name) in given:
            here.fault("this approval stands twice", "keep one of the two")
        given.add((role, name))
        if role and name and day:
            yield Approval(role, name, day)
    held = {role for role, _ in given}
    for role in roles:
        if role not in held:
            _missing(role, held.difference(roles), place)


def _missing(role: str, others: set[str], place: Place) -> None:
    near = f"; among those given, {nearest(role, others)}" if others else ""
    cure = f"have one approve it and add {{role: {role}, name: ..., date: ...}}{near}"
    place.at(row=role, column="role").fault(f"no approval by a {role}", cure, "approval")


def _promises(listing: frame.Listing, hazards: tuple[str, ...], place: Place) -> Iterator[Promise]:
    made: set[tuple[str, str]] = set()
    for number, node in enumerate(listing.items, 1):
        here = place.at(row=str(number), line=node.line)
        fields = node_as_mapping(node, here)
        if fields is None:
            continue
        only_keys(fields, ("hazard", "text"), here)
        hazard, text = text_at(fields, "hazard", here), text_at(fields, "text", here)
        if hazard and hazards and hazard not in hazards:
            here.at(column="hazard").fault(f"hazard {shown(hazard)} is not among `hazards`", nearest(hazard, hazards))
        elif (hazard, text) in made:
            here.fault("this promise stands twice", "keep one of the two")
        elif text:
            yield Promise(hazard, text)
        made.add((hazard, text))
