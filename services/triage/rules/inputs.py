"""Inputs: the facts that a rule set's rows may ask for, and every value that each may have."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from services.triage.rules.cells import Allowed
from services.triage.rules.fields import (
    listing_at,
    node_as_mapping,
    only_keys,
    optional_text_at,
    place_of,
    text_at,
    texts,
)
from services.triage.rules.findings import nearest, shown
from services.triage.rules.letters import plain
from shared.codes import NOT_RECORDED, Urgency

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from services.triage.rules import frame
    from services.triage.rules.findings import Place

REPORTS_ALONE: Final = frozenset(
    ("ethnic_category", "language", "imd_quintile", "deprivation", "gender", "gender_same_at_birth", "practice")
)
WIDEST: Final = 10_000  # values of one number input; each has its own mask
MOST_WORDS: Final = 200  # values of one worded input
REFERRER_URGENCY: Final = "referrer_urgency"
_NUMBERS: Final = re.compile(r"(0|[1-9][0-9]{0,8}) to (0|[1-9][0-9]{0,8})")
_KINDS: Final = ("whole number", "one of", "yes or no")
_ANY: Final = frozenset(("", "any", "true"))


def read_inputs(mapping: frame.Mapping, facts: Collection[str], place: Place) -> dict[str, Allowed]:
    """The declared inputs, each with all the values that it may have. `facts` are the names that exist."""
    inputs: dict[str, Allowed] = {}
    for name, node in mapping.entries.items():
        here = place.at(row=name, line=node.line)
        if _may_be_asked(name, facts, here):
            declared = node_as_mapping(node, here)
            domain = declared and _domain(declared, here)
            if domain:
                inputs[name] = domain
    _check_urgency(inputs, place_of(mapping, REFERRER_URGENCY, place))
    return inputs


def _may_be_asked(name: str, facts: Collection[str], place: Place) -> bool:
    if name in REPORTS_ALONE:
        place.fault(f"{name} is for reports alone: no rule may ask for it", "take the input out")
    elif name not in facts:
        place.fault(f"no such fact: {shown(name)}", nearest(name, facts))
    else:
        return True
    return False


def _domain(declared: frame.Mapping, place: Place) -> Allowed | None:
    """Every value of one input, or None after a fault."""
    before = len(place.findings)
    only_keys(declared, (*_KINDS, "may be"), place)
    kinds = [kind for kind in _KINDS if kind in declared.entries]
    if len(place.findings) > before:
        return None
    if len(kinds) != 1:
        place.fault("says not once which values it may have", f"write one of: {', '.join(_KINDS)}")
        return None
    read = {"whole number": _whole_number, "one of": _one_of, "yes or no": _yes_or_no}[kinds[0]]
    recorded = read(declared, kinds[0], place)
    return (recorded | _not_recorded(declared, place)) if recorded else None


def _not_recorded(declared: frame.Mapping, place: Place) -> Allowed:
    text = optional_text_at(declared, "may be", place)
    if text not in {"", NOT_RECORDED}:
        place_of(declared, "may be", place).fault(f"may be {shown(text)}", nearest(text, (NOT_RECORDED,)))
    return Allowed(frozenset((NOT_RECORDED,)) if text else frozenset())


def _whole_number(declared: frame.Mapping, kind: str, place: Place) -> Allowed | None:
    text, here = text_at(declared, kind, place), place_of(declared, kind, place)
    match = _NUMBERS.fullmatch(text)
    if not match:
        here.fault(f"{shown(text)} is no range of whole numbers", "write the least and the most: 0 to 27")
    elif (low := int(match[1])) > (high := int(match[2])):
        here.fault(f"{low} to {high} runs backwards", f"write {high} to {low}")
    elif high - low >= WIDEST:
        here.fault(f"more than {WIDEST} values", "cap the fact and the range")
    else:
        return Allowed(numbers=(range(low, high + 1),))
    return None


def _one_of(declared: frame.Mapping, kind: str, place: Place) -> Allowed | None:
    here = place_of(declared, kind, place)
    words = texts(listing_at(declared, kind, place), here)
    for word in words:
        if word == NOT_RECORDED:
            here.fault("`not recorded` among the words", "declare it apart: `may be: not recorded`")
        elif word == "recorded" or word.startswith("not ") or " or " in f" {word} " or set(word) & set("|;="):
            here.fault(f"{shown(word)} reads as something else in a cell", "use another word for this value")
        elif plain(word) != word:
            here.fault(f"{shown(word)} is not what it seems", f"type it anew: {plain(word)}")
    if not words:
        here.fault("no words", "list the values: one of: [none, some]")
    if len(words) > MOST_WORDS:
        here.fault(f"more than {MOST_WORDS} values", "name fewer: what rows do not tell apart is one value")
        return None
    return Allowed(frozenset(words) - {NOT_RECORDED}) if words else None


def _yes_or_no(declared: frame.Mapping, kind: str, place: Place) -> Allowed:
    text = optional_text_at(declared, kind, place)
    if text not in _ANY:
        place_of(declared, kind, place).fault(f"yes or no: {shown(text)}", "write `yes or no: any`")
    return Allowed(frozenset(("yes", "no")))


def _check_urgency(inputs: Mapping[str, Allowed], place: Place) -> None:
    """The referrer's urgency is a floor, so its words must be the codes that the floor is read from."""
    domain = inputs.get(REFERRER_URGENCY)
    if domain and domain.words - {NOT_RECORDED} != set(Urgency):
        codes = ", ".join(f'"{code}"' for code in Urgency)
        place.at(row=REFERRER_URGENCY, column="one of").fault(
            "not the MHSDS priority codes", f"write one of: [{codes}]"
        )
