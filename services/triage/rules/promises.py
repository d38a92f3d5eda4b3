"""Promises: sentences about every possible referral, in a small fixed grammar, each with the hazard that it answers.

    when suicidal is plan or intent, priority is 1 or 4
    when risk_unanswered is yes, it is held or section is emergency or crisis
    as suicidal goes from none to ideation to plan to intent, urgency never falls and care never lessens
    when age is 18 or more, as phq9 rises, urgency never falls

Care lessens where an emergency route, a crisis route or a hold for a person is lost without a more urgent one in its
place, or where secondary care is without a person at the front door instead. The priority that a destination row itself
asks for is no urgency of the person: it says how soon the hub looks.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from services.triage.rules.cells import Allowed, CellError, read_cell, read_value
from services.triage.rules.fields import listing_at, node_as_mapping, only_keys, text_at
from services.triage.rules.findings import nearest, shown
from shared.codes import CareSetting, Gate, Urgency

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from services.triage.rules import frame
    from services.triage.rules.cells import Value
    from services.triage.rules.findings import Place
    from services.triage.rules.row_tables import Vocabulary

HELD: Final = "it is held"
URGENCY_KEPT, CARE_KEPT = "urgency never falls", "care never lessens"
NEVER_LESS: Final = f"{URGENCY_KEPT} and {CARE_KEPT}"
_KEPT: Final = {NEVER_LESS: (True, True), URGENCY_KEPT: (True, False), CARE_KEPT: (False, True)}
PRIORITY, DESTINATION, SECTION, CARE_SETTING, GATE, ALSO = (
    "priority",
    "destination",
    "section",
    "care setting",
    "gate",
    "also",
)
_ALTERNATIVE: Final = re.compile(
    rf" or (?=(?:{PRIORITY}|{DESTINATION}|{SECTION}|{CARE_SETTING}|{GATE}|{ALSO}) is |{HELD})"
)
_WORSENING: Final = re.compile(r"as (\w+) (?:(rises)|(?:goes from (.+)))")
_FORMS: Final = f"`when ..., priority is ...` or `as ... goes from ... to ..., {NEVER_LESS}`"


@dataclass(frozen=True, slots=True)
class Outcome:
    """One alternative that a promise allows: what it is about, and the words of which one must come (or none, `never`)."""

    about: str
    words: frozenset[str] = frozenset()
    never: bool = False


@dataclass(frozen=True, slots=True)
class Worsening:
    """An input and its values from better to worse: whether no step lowers the urgency, whether none lessens the care."""

    input: str
    steps: tuple[Value, ...]
    urgency: bool = True
    care: bool = True


@dataclass(frozen=True, slots=True)
class Promise:
    """A sentence read. To each referral that `when` allows one of `outcomes` comes.

    Where it is about worsening: the next worse value leaves none of them less urgent or in lesser care.
    """

    hazard: str
    text: str
    when: Mapping[str, Allowed]
    outcomes: tuple[Outcome, ...]
    worsening: Worsening | None
    line: int


class SentenceError(ValueError):
    """A sentence that is no promise; `cure` says what to write."""

    def __init__(self, message: str, cure: str) -> None:
        super().__init__(message)
        self.cure = cure


def read_promises(top: frame.Mapping, words: Vocabulary, sections: Collection[str], place: Place) -> Iterator[Promise]:
    """The promises; one that cannot be read is noted and left out."""
    made: set[tuple[str, str]] = set()
    for number, node in enumerate(listing_at(top, "promises", place).items, 1):
        here = place.at(table="promises", row=str(number), line=node.line)
        fields = node_as_mapping(node, here)
        if fields is None:
            continue
        only_keys(fields, ("hazard", "text"), here)
        hazard, text = text_at(fields, "hazard", here), text_at(fields, "text", here)
        if hazard and words.hazards and hazard not in words.hazards:
            cure = nearest(hazard, words.hazards)
            here.at(column="hazard").fault(f"hazard {shown(hazard)} is not among `hazards`", cure)
        if (hazard, text) in made:
            here.fault("this promise stands twice", "keep one of the two")
            continue
        made.add((hazard, text))
        try:
            if text:
                yield _read(hazard, text, _Words(words, sections), here.line)
        except (SentenceError, CellError) as error:
            here.at(column="text").fault(str(error), error.cure)


@dataclass(frozen=True, slots=True)
class _Words:
    """What sentences may speak of."""

    rules: Vocabulary
    sections: Collection[str]

    def about(self, about: str) -> Collection[str]:
        """The words that an outcome of this kind may name."""
        return {
            PRIORITY: [str(code) for code in Urgency],
            DESTINATION: self.rules.named,
            ALSO: self.rules.named,
            SECTION: self.sections,
            CARE_SETTING: [str(setting) for setting in CareSetting],
            GATE: [str(gate) for gate in Gate],
        }[about]

    def input(self, name: str) -> Allowed:
        """All values of an input."""
        if name not in self.rules.asked:
            raise SentenceError(f"no such input: {shown(name)}", nearest(name, self.rules.asked))
        return self.rules.inputs.get(name, Allowed())  # blank where its declaration was at fault, and noted there


def _read(hazard: str, text: str, words: _Words, line: int) -> Promise:
    *conditions, outcome = text.split(", ")
    when: dict[str, Allowed] = {}
    worsening = None
    for part in conditions:
        if part.startswith("when "):
            when |= _conditions(part.removeprefix("when "), words)
        elif found := _WORSENING.fullmatch(part):
            steps = _steps(found[1], found[3], words)
            worsening = Worsening(found[1], steps, *_KEPT.get(outcome, ()))
        else:
            raise SentenceError(f"{shown(part)} is no beginning of a promise", f"write {_FORMS}")
    if not conditions or (worsening is not None) is not (outcome in _KEPT):
        raise SentenceError(f"{shown(text)} is no promise", f"write {_FORMS}")
    outcomes = () if worsening else tuple(_outcome(part, words) for part in _ALTERNATIVE.split(outcome))
    return Promise(hazard, text, when, outcomes, worsening, line)


def _conditions(text: str, words: _Words) -> dict[str, Allowed]:
    """The values of each input that `suicidal is plan or intent and age is under 18` allows."""
    allowed: dict[str, Allowed] = {}
    for part in text.split(" and "):
        name, verb, cell = part.partition(" is ")
        if not verb:
            raise SentenceError(f"{shown(part)} is no condition", "write `input is value`, several with `and` between")
        domain = words.input(name)
        read = read_cell(cell, domain) if domain else domain
        allowed[name] = allowed[name] & read if name in allowed else read
    return allowed


def _steps(name: str, path: str | None, words: _Words) -> tuple[Value, ...]:
    domain = words.input(name)
    if path is None:
        steps: tuple[Value, ...] = tuple(number for span in domain.numbers for number in span)
        if domain.words and not steps:
            raise SentenceError(f"{name} is no number", f"write `as {name} goes from ... to ...`")
    else:
        steps = tuple(read_value(step, domain) for step in path.split(" to ") if domain)
    if domain and len(steps) < 2:
        raise SentenceError("a worsening of one value", f"write `as {name} goes from ... to ...`")
    return steps


def _outcome(text: str, words: _Words) -> Outcome:
    if text == HELD:
        return Outcome(HELD)
    about, _, rest = text.partition(" is ")
    if about not in {PRIORITY, DESTINATION, SECTION, CARE_SETTING, GATE, ALSO} or not rest:
        raise SentenceError(
            f"{shown(text)} is no outcome", f"write `priority is ...`, `destination is ...`, or `{HELD}`"
        )
    never = rest.startswith("not ")
    named = rest.removeprefix("not ").split(" or ")
    known = words.about(about)
    for name in named:
        if name not in known:
            raise SentenceError(f"no such {about}: {shown(name)}", nearest(name, known))
    return Outcome(about, frozenset(named), never)
