"""Trials: whether a mutant changes what becomes of any referral, and whether the gate refuses it.

The short way reads the mutant from the file's YAML, read once, and asks the gate's own checks one by one until one of
them refuses; the whole way gives the gate the file's bytes.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Final, NamedTuple

from services.triage.gate import verdict
from services.triage.proof.difference import Difference, changes
from services.triage.proof.edges import missing_edges
from services.triage.proof.prove import CHECKS
from services.triage.proof.prover import Prover
from services.triage.rules import Place, Refused
from services.triage.rules.frame import Listing, Mapping, read_frame
from services.triage.rules.layout import read_layout
from services.triage.rules.reading import examine_frame
from services.triage.rules.row_tables import read_tables
from services.triage.rules.rows import OVERLAYS, SECTIONS, URGENCY
from shared.errors import Bug, Usage
from tests.assurance.mutants import mutants

if TYPE_CHECKING:
    from services.triage.rules import RuleSet
    from services.triage.rules.frame import Node, Scalar
    from tests.assurance.mutants import Mutant

ORDER: Final = ("parse", "overlap", "example", "gap", "dead-row", "promise", "edge")  # in which the gate asks


class Tried(NamedTuple):
    """What was found of a mutant.

    `moves` tells whether some possible referral comes to something else, None where it is no rule set; `code` is the
    first that refuses it, blank for a survivor, and not asked for where it moves nothing.
    """

    number: int
    moves: bool | None
    code: str


class Both(NamedTuple):
    """The codes by which a mutant's file is refused, in the gate's order, and the first by the short way."""

    whole: tuple[str, ...]
    short: str


class Trials:
    """A rule file that the gate lets pass, approvals left aside, and all its mutants."""

    def __init__(self, text: bytes) -> None:
        self.text, self.place = text, Place("mutant")
        top = read_frame(text, self.place)
        rules = examine_frame(top, text, self.place, roles=None) if top else None
        if top is None or rules is None or self.place.findings or _code(rules, ""):
            raise ValueError("the rule file itself is refused: see `frontdoor rules check`")
        self.top, self.rules = top, rules
        self.layout = read_layout(text, "mutant")
        self.mutants = tuple(mutants(top, self.layout, rules, self.place))
        self._blocks = {table.place.table: table.block for table in chain(*read_tables(top, self.place))}
        self._came = [rules.propose(example.facts) for example in rules.examples]

    def bytes_of(self, mutant: Mutant) -> bytes:
        """The mutant as a file."""
        tables = self.layout.tables
        return self.layout.with_cells([mutant.cells if table.name == mutant.table else table.cells for table in tables])

    def both(self, number: int) -> Both:
        """The whole way and the short way of a mutant, whether or not it moves anything."""
        findings = verdict(self.bytes_of(self.mutants[number]), "mutant", self.rules.locality, None)["findings"]
        found = {finding["code"] for finding in findings}
        return Both(tuple(code for code in ORDER if code in found), _code(*self._read(number)))

    def short(self, number: int) -> Tried:
        """Whether a mutant moves any referral, and the first code by which the gate refuses it."""
        rules, code = self._read(number)
        moves = None if rules is None and code == "parse" else rules is None or self.moves(rules)
        return Tried(number, moves, _code(rules, code) if moves is not False else "")

    def _read(self, number: int) -> tuple[RuleSet | None, str]:
        """The rule set of a mutant, and the first code by which its reading refuses it.

        None where it has a fault of form, and where so many examples fail that the reading went no further.
        """
        place = Place("mutant")
        try:
            rules = self.read(self.mutants[number], place)
        except Refused:
            rules = None
        found = {finding.code for finding in place.findings}
        return rules, next((code for code in ORDER if code in found), "")

    def read(self, mutant: Mutant, place: Place) -> RuleSet | None:
        """The rule set of a mutant, or None; what reading finds is noted."""
        old, text = self._blocks[mutant.table], "\n".join(" | ".join(row) for row in mutant.cells)
        tables = {name: _with(self.top.entries[name], old, text) for name in (URGENCY, SECTIONS, OVERLAYS)}
        return examine_frame(Mapping(self.top.line, self.top.entries | tables), self.text, place, roles=None)

    def moves(self, rules: RuleSet) -> bool:
        """Whether some possible referral comes to something else; an example that does is proof enough."""
        try:
            shown = any(
                changes(came, rules.propose(example.facts))
                for came, example in zip(self._came, self.rules.examples, strict=True)
            )
            return shown or not Difference(self.rules, rules).same()
        except (Bug, Usage):  # some referral goes nowhere
            return True

    def moved(self, mutant: Mutant) -> str:
        """A referral that a mutant moves, in words."""
        rules = self.read(mutant, Place("mutant"))
        if rules is None:
            return "no rule set"
        move = Difference(self.rules, rules).moves()[0]
        what = "; ".join(
            f"{change.what}: {change.before or 'none'} -> {change.after or 'none'}" for change in move.changes
        )
        return f"With {Prover(self.rules).words(move.facts)}: {what}."


def _with(node: Node, old: Scalar | None, text: str) -> Node:
    """A node with another text in the place of one of its scalars."""
    if isinstance(node, Mapping):
        return Mapping(node.line, {name: _with(value, old, text) for name, value in node.entries.items()})
    if isinstance(node, Listing):
        return Listing(node.line, [_with(item, old, text) for item in node.items])
    return type(node)(node.line, text, block=True) if node is old else node


def _code(rules: RuleSet | None, read: str) -> str:
    """The code of the first of the gate's checks that refuses; `read` is that of reading."""
    if read or rules is None:
        return read
    prover, place = Prover(rules), Place("mutant")
    for check in list(CHECKS.values())[:-1]:
        check(prover, place)
        if place.findings:
            return place.findings[0].code
    return "edge" if next(missing_edges(prover), None) else ""
