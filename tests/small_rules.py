"""Small rule files made at random from a seed: few values, many overlaps, gaps, copies and rows that never count."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from math import prod
from typing import TYPE_CHECKING, NamedTuple

from services.triage.rules import Place, RuleSet, examine
from shared.codes import NOT_RECORDED

if TYPE_CHECKING:
    from random import Random

MOST_REFERRALS = 400
CODES = ("1", "4", "2", "3")
TEAMS = {"older-adults": "secondary-care", "crisis-outreach": "secondary-care"}
DESTINATIONS = {"hub": "front-door", "talking-therapies": "primary-care", "peers": "peer-support"} | TEAMS
GATES = {"front-door": "before", "primary-care": "sample", "peer-support": "before", "secondary-care": "by-receiver"}
SECTIONS = ("emergency", "crisis", "routine", "local")
INPUTS = {  # the numbers, the words, whether it may be not recorded
    "suicidal": ((0, -1), ("none", "ideation", "plan", "intent"), True),
    "phq9": ((0, 4), (), True),
    "phq9_item9": ((1, 3), (), False),
    "age": ((17, 17), (), True),
    "current_team": ((0, -1), ("none", *TEAMS), False),
    "risk_unanswered": ((0, -1), ("yes", "no"), False),
    "means": ((0, -1), ("yes", "no"), True),
    "question": ((0, -1), ("advice",), False),
}


class Domain(NamedTuple):
    """The values of one input."""

    numbers: tuple[int, ...]
    words: tuple[str, ...]
    unrecorded: bool

    def values(self) -> list[str]:
        return [*map(str, self.numbers), *self.words, *([NOT_RECORDED] if self.unrecorded else [])]

    def declared(self) -> str:
        words = ", ".join(f'"{word}"' for word in self.words)
        kind = f"whole number: {self.numbers[0]} to {self.numbers[-1]}" if self.numbers else f"one of: [{words}]"
        return f"{{{kind}{', may be: not recorded' if self.unrecorded else ''}}}"


@dataclass
class Draft:
    """A rule file before it is written; each row is its cells by column."""

    inputs: dict[str, Domain]
    urgency: list[dict[str, str]] = field(default_factory=list)
    sections: dict[str, list[dict[str, str]]] = field(default_factory=dict)
    overlays: list[dict[str, str]] = field(default_factory=list)
    promises: list[str] = field(default_factory=list)
    given: dict[str, str] = field(default_factory=dict)
    examples: list[dict[str, str]] = field(default_factory=list)

    def rows(self) -> list[dict[str, str]]:
        return [*self.urgency, *(row for rows in self.sections.values() for row in rows), *self.overlays]


def draft(random: Random) -> Draft:
    """A whole small rule file."""
    made = Draft(_inputs(random))
    made.urgency = [_row(random, made, f"U{n}", "urgency") for n in range(random.randint(0, 3))]
    names = random.sample(SECTIONS, random.randint(1, 3))
    made.sections = {
        name: [_row(random, made, f"{name[0].upper()}{n}", "route") for n in range(random.randint(1, 4))]
        for name in names
    }
    last = made.sections[names[-1]]
    last.append({"row": "Z1", "destination": "hub"})
    if random.random() < 0.3:
        last[-1] |= _when(random, made, 0.5)
    made.overlays = [_row(random, made, f"V{n}", "overlay") for n in range(random.randint(0, 3))]
    made.promises = [_promise(random, made) for _ in range(4)]
    made.given = {name: random.choice(domain.values()) for name, domain in made.inputs.items()}
    made.examples = [
        {name: random.choice(domain.values()) for name, domain in made.inputs.items() if random.random() < 0.5}
        for _ in range(random.randint(1, 6))
    ]
    return made


def changed(random: Random, before: Draft) -> Draft:
    """The same file after one to three edits."""
    after = copy.deepcopy(before)
    after.promises = []  # may speak of a section that goes
    for _ in range(random.randint(1, 3)):
        row = random.choice(after.rows())
        name = random.choice([*after.inputs])
        edit = random.choice(("cell", "cell", "outcome", "gone", "swapped", "narrowed"))
        if edit == "cell" and row.get("destination", row.get("add")) != "current_team":
            row[name] = random.choice(("", cell(random, after.inputs[name])))
        elif edit == "outcome" and row["row"][0] != "Z":
            kind = {"U": "urgency", "V": "overlay"}.get(row["row"][0], "route")
            row |= _row(random, after, row["row"], kind)
        elif edit == "gone":
            for rows in (after.urgency, after.overlays, *after.sections.values()):
                rows[:] = [other for other in rows if other is not row or other["row"] == "Z1"]
        elif edit == "swapped" and len(after.sections) > 2:
            first, *rest = after.sections.items()
            after.sections = dict([rest[0], first, *rest[1:]])
        elif edit == "narrowed" and name not in {"referrer_urgency", "current_team"}:
            _narrow(after, name)
    after.sections = {name: rows for name, rows in after.sections.items() if rows}
    return after


def _narrow(made: Draft, name: str) -> None:
    """Takes `not recorded` from an input that no row asks for it, or the input where no row asks it at all."""
    cells = [row.get(name, "") for row in made.rows()]
    if not any(cells) and len(made.inputs) > 2:
        for facts in (made.given, *made.examples):
            facts.pop(name, None)
        del made.inputs[name]
    elif not any(NOT_RECORDED in cell for cell in cells):
        made.inputs[name] = made.inputs[name]._replace(unrecorded=False)
        for facts in (made.given, *made.examples):
            if facts.get(name) == NOT_RECORDED:
                facts[name] = made.inputs[name].values()[0]


def read_draft(made: Draft) -> RuleSet:
    """The file as the gate reads it, overlaps and examples that come out otherwise let pass."""
    place = Place("drawn")
    rules = examine(written(made).encode(), place)
    assert rules is not None, "\n".join(map(str, place.findings))
    return rules


def written(made: Draft) -> str:
    """The file's text."""
    urgency = _table(made, made.urgency, ("priority", "safety net"))
    overlays = _table(made, made.overlays, ("add", "hold", "note"))
    sections = "".join(
        f"  - name: {name}\n    table: |\n{_table(made, rows, ('destination', 'priority', 'safety net'))}"
        for name, rows in made.sections.items()
    )
    inputs = "".join(f"  {name}: {domain.declared()}\n" for name, domain in made.inputs.items())
    places = "".join(
        f"  {name}: {{name: A, care setting: {setting}, team type: B, gate: {GATES[setting]}, response: soon}}\n"
        for name, setting in DESTINATIONS.items()
    )
    promises = "".join(f'  - {{hazard: HZ1, text: "{text}"}}\n' for text in dict.fromkeys(made.promises)) or "  []\n"
    given = "".join(f'    {name}: "{value}"\n' for name, value in made.given.items())
    examples = "".join(
        f"      Z1 | {given_there} | 3 | hub\n"
        for given_there in dict.fromkeys(
            "; ".join(f"{name} = {value}" for name, value in facts.items()) for facts in made.examples
        )
    )
    roles = ("clinical safety officer", "clinician", "someone who uses services")
    approved = "".join(f"  - {{role: {role}, name: A, date: 2026-01-01}}\n" for role in roles)
    head = 'ruleset: drawn\nversion: "1"\neffective_from: "2026-01-01T00:00:00Z"\nreason: drawn\nhazards: [HZ1]\n'
    return (
        f"{head}approved:\n{approved}inputs:\n{inputs}destinations:\n{places}promises:\n{promises}"
        f"urgency:\n  table: |\n{urgency}sections:\n{sections}overlays:\n  table: |\n{overlays}"
        f"examples:\n  given:\n{given}  table: |\n      row | given | priority | destination\n{examples}"
    )


def _table(made: Draft, rows: list[dict[str, str]], outcome: tuple[str, ...]) -> str:
    columns = ("row", *made.inputs, *outcome)
    lines = [(*columns, "source", "hazard"), *((*(row.get(name, "") for name in columns), "A", "HZ1") for row in rows)]
    return "".join(f"      {' | '.join(line)}\n" for line in lines)


def _inputs(random: Random) -> dict[str, Domain]:
    while True:
        names = random.sample([*INPUTS], random.randint(2, 4))
        drawn = {
            name: Domain(tuple(range(low, high + 1)), words, unrecorded)
            for name in names
            for (low, high), words, unrecorded in (INPUTS[name],)
        }
        drawn["referrer_urgency"] = Domain((), CODES, random.random() < 0.5)
        if prod(len(domain.values()) for domain in drawn.values()) <= MOST_REFERRALS:
            return drawn


def _row(random: Random, made: Draft, name: str, kind: str) -> dict[str, str]:
    """A row; now and then a copy of one that stands already, under its own id."""
    row = {"row": name} | dict.fromkeys(made.inputs, "") | _when(random, made, random.choice((0.3, 0.5, 0.8)))
    to = random.choice([*DESTINATIONS, *(["current_team"] * 2 if "current_team" in made.inputs else [])])
    if to == "current_team" and kind != "urgency":
        row["current_team"] = random.choice(("not none", " or ".join(TEAMS), *TEAMS))
    if kind == "urgency":
        return row | {"priority": random.choice(CODES)}
    if kind == "route":
        return row | {"destination": to, "priority": random.choice(("", "", *CODES))}
    added = {"add": to, "hold": random.choice(("", "yes"))} if random.random() < 0.7 else {"add": "", "hold": "yes"}
    return row | added | {"note": random.choice(("", "", "", "told"))}


def _when(random: Random, made: Draft, asked: float) -> dict[str, str]:
    return {name: cell(random, domain) for name, domain in made.inputs.items() if random.random() < asked}


def cell(random: Random, domain: Domain) -> str:
    """A cell that allows some of an input's values."""
    if domain.numbers:
        low, high = sorted(random.choices(domain.numbers, k=2))
        forms = [f"{low} to {high}", f"{low} or more", f"{high} or under", f"{low}"]
        forms += [f"under {high}"] if high > domain.numbers[0] else []
        forms += [f"over {low}", f"{low} or more"] if low < domain.numbers[-1] else []
        known = random.choice(forms)
        return random.choice((known, known, NOT_RECORDED, f"{known} or not recorded")) if domain.unrecorded else known
    some = random.sample(domain.values(), random.randint(1, min(3, len(domain.values()))))
    return f"not {some[0]}" if random.random() < 0.3 and len(domain.values()) > 1 else " or ".join(some)


def _promise(random: Random, made: Draft) -> str:
    """A sentence of any kind; most do not hold."""
    asked = random.sample([*made.inputs], random.randint(1, 2))
    when = "when " + " and ".join(f"{name} is {cell(random, made.inputs[name])}" for name in asked)
    if random.random() < 0.4:
        name = random.choice([name for name, domain in made.inputs.items() if len(domain.values()) > 1])
        values = made.inputs[name].values()
        steps = random.sample(values, random.randint(2, len(values)))
        rises = len(made.inputs[name].numbers) > 1 and random.random() < 0.5
        worse = f"as {name} rises" if rises else f"as {name} goes from {' to '.join(steps)}"
        kept = random.choice(
            ("urgency never falls", "care never lessens", "urgency never falls and care never lessens")
        )
        return ", ".join([*random.choice(([], [when])), worse, kept])
    outcomes = random.sample([_outcome(random, made) for _ in range(3)], random.randint(1, 2))
    return f"{when}, {' or '.join(outcomes)}"


def _outcome(random: Random, made: Draft) -> str:
    words = {
        "priority": CODES,
        "destination": (*DESTINATIONS,),
        "also": (*DESTINATIONS,),
        "section": (*made.sections,),
        "care setting": (*GATES,),
        "gate": ("before", "by-receiver", "sample"),
    }
    about = random.choice(("it is held", *words))
    if about not in words:
        return about
    some = random.sample(words[about], random.randint(1, min(3, len(words[about]))))
    return f"{about} is {random.choice(('', '', 'not '))}{' or '.join(some)}"
