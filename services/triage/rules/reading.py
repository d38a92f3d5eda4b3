"""Reads a rule file strictly: a rule set comes out, or every fault with its place and its cure."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final, NamedTuple

from services.triage.facts import FACTS
from services.triage.rules.approvals import check_approvals, digest_of
from services.triage.rules.decider import decider_of
from services.triage.rules.destinations import read_destinations
from services.triage.rules.examples import check_examples, read_examples
from services.triage.rules.fields import mapping_at, only_keys, place_of
from services.triage.rules.findings import Place, Refused
from services.triage.rules.frame import read_frame
from services.triage.rules.head import read_head
from services.triage.rules.inputs import read_inputs
from services.triage.rules.promises import Promise, read_promises
from services.triage.rules.row_tables import Vocabulary, read_rows, read_tables
from services.triage.rules.rows import CURRENT_TEAM, SECTIONS
from services.triage.rules.ruleset import RuleSet
from services.triage.rules.structure import check_current_team, check_overlaps
from shared.localities import REQUIRED_ROLES

if TYPE_CHECKING:
    from collections.abc import Collection

    from services.triage.rules import frame
    from services.triage.rules.examples import Examples
    from services.triage.rules.head import Head
    from services.triage.rules.rows import Rows

_KEYS: Final = ("ruleset", "version", "effective_from", "reason", "hazards", "approved", "inputs", "destinations")
_TABLES: Final = ("promises", "urgency", "sections", "overlays", "examples")


def read(
    text: bytes, file: str, *, facts: Collection[str] = FACTS.keys(), roles: Collection[str] | None = REQUIRED_ROLES
) -> RuleSet:
    """The rule set in the bytes of a rule file; `file` is its name in findings.

    `facts` are the names of the facts that exist, `roles` those whose approval is required (None: approvals are not
    looked at). Raises `Refused` with every finding of this reading: faults of form, undeclared overlaps, examples that
    come out otherwise, approvals that are missing or of another text.
    """
    place = Place(file)
    rules = examine(text, place, facts=facts, roles=roles)
    if rules is None or place.findings:
        raise Refused(tuple(place.findings))
    return rules


def examine(
    text: bytes, place: Place, *, facts: Collection[str] = FACTS.keys(), roles: Collection[str] | None = REQUIRED_ROLES
) -> RuleSet | None:
    """The rule set as far as it can be read, every finding noted at `place`; None where its form has a fault."""
    top = read_frame(text, place)
    return None if top is None else examine_frame(top, text, place, facts=facts, roles=roles)


def examine_frame(
    top: frame.Mapping,
    text: bytes,
    place: Place,
    *,
    facts: Collection[str] = FACTS.keys(),
    roles: Collection[str] | None = REQUIRED_ROLES,
) -> RuleSet | None:
    """The same for a file whose YAML is read; `text` are the file's bytes."""
    only_keys(top, (*_KEYS, *_TABLES), place)
    head = read_head(top, place)
    words = _vocabulary(top, head.hazards, facts, place)
    if words is None:
        return None  # every cell would be a fault
    tables = read_tables(top, place)
    rows = read_rows(tables, words, place.at(table=SECTIONS, line=place_of(top, SECTIONS, place).line))
    if not any(finding.table == "inputs" for finding in place.findings):
        check_overlaps(rows.sections(), place)
    promises = tuple(read_promises(top, words, [table.place.table for table in tables.sections], place))
    said = _Said(promises, read_examples(top, words, place.at(table="examples")))
    if any(finding.code == "parse" for finding in place.findings):
        return None  # examples and approvals of half a rule set would only mislead
    rules = _rule_set(text, head, words, rows, said)
    check_examples(said.examples.all, rows, rules.decider, place.at(table="examples"))
    if roles is not None:
        check_approvals(head.approved, digest_of(text), roles, place_of(top, "approved", place.at(table="approved")))
    return rules


class _Said(NamedTuple):
    """What the file says of its tables."""

    promises: tuple[Promise, ...]
    examples: Examples


def _rule_set(text: bytes, head: Head, words: Vocabulary, rows: Rows, said: _Said) -> RuleSet:
    return RuleSet(
        locality=head.locality,
        version=head.version,
        hash=hashlib.sha256(text).hexdigest(),
        text=text.decode("utf-8"),
        effective_from=head.effective_from,
        reason=head.reason,
        hazards=head.hazards,
        approved=head.approved,
        promises=said.promises,
        inputs=words.inputs,
        destinations=words.destinations,
        rows=rows,
        baseline=said.examples.baseline,
        examples=said.examples.all,
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
