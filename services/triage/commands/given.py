"""What a person types or hands over for the rules to see: a rule file, facts as `phq9=18`, a referral as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from services.triage.commands.check import contents
from services.triage.facts import FACTS, RISK_QUESTIONS, RISK_UNANSWERED, facts_of, with_blanks
from services.triage.proof.explaining import undeclared
from services.triage.rules import Place, Refused, examine
from services.triage.rules.cells import CellError, read_value
from services.triage.rules.findings import nearest
from shared.cloudevents import Unreadable, from_plain
from shared.errors import Usage
from shared.referral import CodedReferral

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from services.triage.rules import RuleSet, Value

UNKNOWN: Final = "?"


class Given(NamedTuple):
    """Facts of which some were named and the rest are the examples' baseline.

    `unknown` are those given as `?`. `follows`: whether a question of the risk screen is unanswered was not named, and
    follows from the answers, some of which were.
    """

    facts: Mapping[str, Value]
    named: Mapping[str, Value]
    unknown: tuple[str, ...]
    follows: bool


def draft(file: Path) -> RuleSet:
    """The rule set in a file; `Refused` where it cannot be read.

    Approved or not, and whatever its examples say: these commands are for those who are still at work on it.
    """
    place = Place(file.name)
    rules = examine(contents(file), place, roles=None)
    if rules is None:
        raise Refused(tuple(place.findings))
    return rules


def facts_given(rules: RuleSet, texts: Iterable[str]) -> Given:
    """The facts of `phq9=18` and the like beside the baseline; `Usage` for what the file does not declare."""
    named: dict[str, Value] = {}
    unknown: list[str] = []
    for text in texts:
        name, equals, value = (part.strip() for part in text.partition("="))
        if not equals:
            raise Usage("no-fact", f"{text!r} gives no value: write phq9=18, or 'suicidal=not recorded' in quotes")
        if name not in rules.inputs:
            raise Usage("no-fact", f"{name!r} is no input of this rule file: {nearest(name, rules.inputs)}")
        if name in named or name in unknown:
            raise Usage("no-fact", f"{name} is given twice: keep one of the two")
        if value == UNKNOWN:
            unknown.append(name)
        else:
            named[name] = _value(rules, name, value)
    touched = {*named, *unknown}
    follows = RISK_UNANSWERED in rules.inputs and RISK_UNANSWERED not in touched and bool(touched & {*RISK_QUESTIONS})
    return Given({**rules.baseline, **named}, named, tuple(unknown), follows)


def _value(rules: RuleSet, name: str, text: str) -> Value:
    try:
        return read_value(text, rules.inputs[name])
    except CellError as error:
        raise Usage("no-fact", f"{name}: {error} ({error.cure})") from error


def facts_in(document: Any) -> dict[str, Value]:
    """The facts in a JSON document: facts by name, or a referral as events carry it. What is absent is not recorded."""
    match document:
        case {"facts": dict(facts)}:
            return with_blanks(_checked(facts))
        case {"referral": dict(referral)}:
            try:
                return with_blanks(facts_of(from_plain(CodedReferral, referral)))
            except Unreadable as error:
                raise Usage("unreadable", f"no coded referral: {error}") from error
    raise Usage(
        "unreadable",
        'neither facts ({"facts": {"age": 40, "phq9": 18}}) nor an event with a coded referral ({"referral": {...}}): '
        "what a sender posts is coded by intake first, so post it and ask for its decision with --decision",
    )


def _checked(facts: dict[Any, Any]) -> dict[str, Value]:
    for name, value in facts.items():
        if name not in FACTS:
            raise Usage("no-fact", f"there is no fact {name!r}: {nearest(name, FACTS)}")
        if isinstance(value, bool) or not isinstance(value, str | int):
            raise Usage("no-fact", f"{name} is neither a text nor a whole number")
    return facts


def check_declared(rules: RuleSet, facts: Mapping[str, Value]) -> None:
    """`Usage` where the rules cannot read a fact that they ask for."""
    if faults := undeclared(rules, facts):
        named = ", ".join(f"{name} is {value}" for name, value in faults.items())
        raise Usage("undeclared", f"this rule file does not declare these values, so it decides nothing here: {named}")
