"""Reads a rule file strictly: a rule set comes out, or every fault with its place and its cure."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

from services.triage.facts import FACTS
from services.triage.rules.decider import decider_of
from services.triage.rules.destinations import read_destinations
from services.triage.rules.examples import check_examples, read_examples
from services.triage.rules.fields import mapping_at, only_keys, place_of
from services.triage.rules.findings import Place, Refused
from services.triage.rules.frame import read_frame
from services.triage.rules.head import REQUIRED_ROLES, read_head
from services.triage.rules.inputs import read_inputs
from services.triage.rules.row_tables import Vocabulary, read_rows
from services.triage.rules.rows import CURRENT_TEAM
from services.triage.rules.ruleset import RuleSet
from services.triage.rules.structure import check_current_team, check_overlaps

if TYPE_CHECKING:
    from collections.abc import Collection

    from services.triage.rules import frame
    from services.triage.rules.examples import Example
    from services.triage.rules.head import Head
    from services.triage.rules.rows import Rows

_KEYS: Final = ("ruleset", "version", "effective_from", "reason", "hazards", "approved", "inputs", "destinations")
_TABLES: Final = ("promises", "urgency", "sections", "overlays", "examples")


def read(
    text: bytes, file: str, *, facts: Collection[str] = FACTS.keys(), roles: Collection[str] = REQUIRED_ROLES
) -> RuleSet:
    """The rule set in the bytes of a rule file; `file` is its name in findings.

    `facts` are the names of the facts that exist, `roles` those whose approval is required. Raises `Refused` with
    every finding of this reading: faults of form, undeclared overlaps, examples that come out otherwise, missing
    approvals.
    """
    place = Place(file)
    top = read_frame(text, place)
    if top is None:
        raise Refused(tuple(place.findings))
    only_keys(top, (*_KEYS, *_TABLES), place)
    head = read_head(top, roles, place)
    words = _vocabulary(top, head.hazards, facts, place)
    if words is None:
        raise Refused(tuple(place.findings))  # every cell would be a fault
    rows = read_rows(top, words, place)
    if not any(finding.table == "inputs" for finding in place.findings):
        check_overlaps(rows.sections(), place)
    examples = read_examples(top, words, place.at(table="examples"))
    if any(finding.code == "parse" for finding in place.findings):
        raise Refused(tuple(place.findings))  # examples of half a rule set would only mislead
    rules = _rule_set(text, head, words, rows, examples)
    check_examples(examples, rows, rules.decider, place.at(table="examples"))
    place.refuse_if_faulty()
    return rules


def _rule_set(text: bytes, head: Head, words: Vocabulary, rows: Rows, examples: tuple[Example, ...]) -> RuleSet:
    return RuleSet(
        locality=head.locality,
        version=head.version,
        hash=hashlib.sha256(text).hexdigest(),
        text=text.decode("utf-8"),
        effective_from=head.effective_from,
        reason=head.reason,
        hazards=head.hazards,
        approved=head.approved,
        promises=head.promises,
        inputs=words.inputs,
        destinations=words.destinations,
        rows=rows,
        examples=examples,
        decider=decider_of(rows, words.inputs),
    )


def _vocabulary(
    top: frame.Mapping, hazards: tuple[str, ...], facts: Collection[str], place: Place
) -> Vocabulary | None:
    """What the tables may speak of: the declared inputs and destinations. None where either is missing."""
    asked, named = mapping_at(top, "inputs", place), mapping_at(top, "destinations", place)
    if asked is None or named is None:
        return None
    inputs = read_inputs(asked, facts, place.at(table="inputs", line=asked.line))
    destinations = read_destinations(named, place.at(table="destinations", line=named.line))
    words = Vocabulary(inputs, destinations, hazards, asked.entries.keys(), named.entries.keys())
    check_current_team(
        words, place_of(asked, CURRENT_TEAM, place.at(table="inputs")).at(row=CURRENT_TEAM, column="one of")
    )
    return words
