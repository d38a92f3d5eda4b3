"""The verdict on a rule file: everything that the gate asks of it, and how much was proved."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from services.triage.proof.counting import possible_referrals
from services.triage.proof.prove import prove
from services.triage.rules import Place, Refused, examine

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from services.triage.rules import Finding, RuleSet


class Summary(NamedTuple):
    """How much there is, and how many of the promises are proved for every possible referral (None: not proved)."""

    rows: int
    promises: int
    promises_proved: int | None
    examples: int
    possible_referrals: int


class Verdict(NamedTuple):
    """What is wrong with a file; `rules` is None where it cannot be read. `whole`: nothing was left unasked."""

    rules: RuleSet | None
    findings: tuple[Finding, ...]
    whole: bool

    @property
    def proved(self) -> bool:
        """Whether every question was asked and answered."""
        return self.whole and not any(finding.code == "solver" for finding in self.findings)

    def against_promise(self, number: int) -> tuple[Finding, ...]:
        """What is wrong with a promise, counted from 1."""
        return tuple(each for each in self.findings if each.table == "promises" and each.row == str(number))

    def summary(self) -> Summary:
        """What was looked at; the file must be readable."""
        if self.rules is None:
            raise ValueError("a file that cannot be read has no summary")
        rules, broken = self.rules, {each.row for each in self.findings if each.table == "promises"}
        proved = len(rules.promises) - len(broken) if self.proved else None
        rows, possible = sum(1 for _ in rules.rows), possible_referrals(rules.inputs)
        return Summary(rows, len(rules.promises), proved, len(rules.examples), possible)


def judge(
    text: bytes, file: str, begin: Callable[[str], object] = lambda _: None, roles: Collection[str] | None = None
) -> Verdict:
    """The verdict on the bytes of a file; `begin` hears of each step in words.

    `roles` are those that must have approved; None: approvals are not looked at.
    """
    place, rules, whole = Place(file), None, False
    try:
        begin("the file is read")
        rules = examine(text, place, roles=roles)
        if rules is not None:
            prove(rules, place, begin)
            whole = True
    except Refused:
        pass  # so many findings that looking further would help nobody: all of them are at `place`
    return Verdict(rules, tuple(place.findings), whole)
