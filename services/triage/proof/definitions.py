"""What two rule files say otherwise beside what their rows do: promises, words of rows, destinations, inputs, the time."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from services.triage.proof.wording import cell_in_words
from services.triage.rules import Allowed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from services.triage.rules import Destination, RuleSet

DECLARED: Final = "declared"
_PARTS: Final = {
    "name": "name",
    "care setting": "care_setting",
    "team type": "team_type",
    "gate": "gate",
    "response": "response",
    "longest time to respond": "within",
    "valid from": "valid_from",
    "valid to": "valid_to",
    "accepting": "accepting",
}


class Redefined(NamedTuple):
    """One thing declared otherwise: of what kind, its name, what of it, and how it was and is (blank: not at all)."""

    kind: str
    name: str
    part: str
    before: str
    after: str

    @property
    def serious(self) -> bool:
        """Whether a safeguard is gone: a promise, what people are told for safety, or a destination that takes nobody."""
        gone = bool(self.before) and not self.after
        closed = (self.kind, self.part, self.after) == ("destination", "accepting", "no")
        return closed or (gone and self.kind in {"promise", "row"})


def redefined(before: RuleSet, after: RuleSet) -> list[Redefined]:
    """All that the two declare otherwise."""
    parts = (_promises, _words, _destinations, _inputs, _time)
    found = [each for part in parts for each in part(before, after)]
    return sorted(found, key=lambda each: not each.serious)


def _destinations(before: RuleSet, after: RuleSet) -> Iterator[Redefined]:
    for name in dict.fromkeys((*before.destinations, *after.destinations)):
        was, now = before.destinations.get(name), after.destinations.get(name)
        if was is None or now is None:
            yield Redefined("destination", name, "", was.name if was else "", now.name if now else "")
            continue
        for part, attribute in _PARTS.items():
            one, another = _said(was, attribute), _said(now, attribute)
            if one != another:
                yield Redefined("destination", name, part, one, another)


def _said(destination: Destination, attribute: str) -> str:
    value: Any = getattr(destination, attribute)
    return "not said" if value is None else ("yes" if value else "no") if isinstance(value, bool) else str(value)


def _words(before: RuleSet, after: RuleSet) -> Iterator[Redefined]:
    """What people are told by rows that stand in both files, and why these are there."""
    known = {row.id: row for row in before.rows}
    for row in after.rows:
        if was := known.get(row.id):
            yield from (
                Redefined("row", row.id, part, one, another)
                for part, one, another in (
                    ("safety net or note", was.note, row.note),
                    ("source", was.source, row.source),
                    ("hazard", ", ".join(was.hazards), ", ".join(row.hazards)),
                )
                if one != another
            )


def _time(before: RuleSet, after: RuleSet) -> Iterator[Redefined]:
    if before.effective_from != after.effective_from:
        times = (f"{rules.effective_from:%-d %B %Y, %H:%M %Z}" for rules in (before, after))
        yield Redefined("version", after.version, "in force from", *times)


def _promises(before: RuleSet, after: RuleSet) -> Iterator[Redefined]:
    was, now = (Counter((promise.hazard, promise.text) for promise in rules.promises) for rules in (before, after))
    yield from (Redefined("promise", hazard, "", text, "") for hazard, text in was - now)
    yield from (Redefined("promise", hazard, "", "", text) for hazard, text in now - was)


def _inputs(before: RuleSet, after: RuleSet) -> Iterator[Redefined]:
    """Inputs that one alone declares, and of the others the values that one alone does: those are not compared."""
    for name in dict.fromkeys((*before.inputs, *after.inputs)):
        was, now = before.inputs.get(name), after.inputs.get(name)
        if was is None or now is None:
            yield Redefined("input", name, "", DECLARED if was else "", DECLARED if now else "")
        elif was != now:
            yield Redefined("input", name, "values", _only(was, now), _only(now, was))


def _only(one: Allowed, other: Allowed) -> str:
    values = Allowed.of(value for value in one if value not in other)
    return cell_in_words(values, one) if values else ""
