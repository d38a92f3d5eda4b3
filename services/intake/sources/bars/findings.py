"""What was found and what was answered: observations and questionnaires, by codes and names that mean fields of the contract."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from services.intake.contract.fields import CONTRACT
from services.intake.contract.values import Kind, code_system
from services.intake.sources.bars.bundle import code, codings, objects, text
from services.intake.sources.bars.coded import Coded
from services.intake.sources.bars.draft import Scale
from services.intake.sources.bars.prose import keep_rest, notes, said
from services.intake.sources.bars.standing import TAKEN_BACK
from services.intake.sources.maps import table
from services.intake.sources.paths import NO_SUCH, nearest
from services.intake.sources.told import SCORES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from services.intake.sources.bars.bundle import Entry
    from services.intake.sources.bars.draft import Draft

LOCAL: Final = (
    "urn:frontdoor:contract"  # the system of codings, and the questionnaire, that name fields of the contract
)
_ANSWERED: Final = ("reason", "presentation", "perinatal", "risk", "needs", "social", "consent", "contact", "referrer")
_OBSERVATION: Final = frozenset(("code", "component", "note", "category"))
_QUESTIONNAIRE: Final = frozenset(("item",))


def _fields(node: Any, path: str) -> Iterator[tuple[str, tuple[Kind, int]]]:
    """The fields of a group by their paths: of what kind each is, and how many of it a list takes (0: it is none)."""
    if isinstance(node, dict):
        for name, inside in node.items():
            yield from _fields(inside, f"{path}.{name}")
    elif isinstance(node, Kind):
        yield path, (node, 0)
    elif isinstance(node.of, Kind):
        yield path, (node.of, node.most)


_FIELDS: Final = dict(pair for group in _ANSWERED for pair in _fields(CONTRACT[group], group))
_SCALES: Final = frozenset(f"presentation.{name}_items" for name in SCORES)  # of which each item has its place


def observation(one: Entry, draft: Draft) -> None:
    """A finding: into the field that its code names, else as text; no score is told by a code that nobody checked."""
    gone = _gone(one)
    for number, part in enumerate((one.resource, *objects(one.resource.get("component")))):
        place = one.at(f"component[{number - 1}]") if number else one.at("value")
        name, concept = _valued(part), part.get("code")
        value, beside = _value(name, part.get(name))
        named = [field.casefold() for system, inside, _ in codings(concept) if (field := _field(system, inside))]
        if gone and named:
            taken_back(draft, named[0], place)
            if named[0] in _SCALES and "component" not in one.resource:  # the items beside it keep their places
                answer(draft, named[0], f"{gone} {said(value)}", place)
        blank = value is None and (not named or named[0] not in _SCALES or (not number and "component" in one.resource))
        if named and not gone and not blank:
            answer(draft, named[0], value, place, one.place if number else "")
            draft.dated(named[0], text(one.resource.get("effectiveDateTime"))[:10], place)
            draft.keep(place, beside)
        elif value is not None or not number:
            told = (gone, said(concept) or code(concept), beside or said(value))
            draft.keep(place, " ".join(filter(None, told)))
        draft.keep(one.place, said(part, {*_OBSERVATION, name}))
    notes(one, draft, "presentation.history")


def _gone(one: Entry) -> str:
    """The status of what its author has taken back: it is kept in words, and answers nothing."""
    status = text(one.resource.get("status"))
    return f"({status})" if status.casefold() in TAKEN_BACK else ""


def _field(system: str, value: str) -> str:
    """The field of the contract that an observation's code names: by our own names, or as a score that a table knows."""
    score = table("snomed-score").ours.get(value) if code_system(system) == "snomed-ct" else None
    return value if system == LOCAL else f"presentation.{score}" if score else ""


def _valued(part: dict[str, Any]) -> str:
    """The name of the element that has the value of an observation or an answer; nothing where none has."""
    for name in part:
        if name.startswith("value"):
            return name
    return ""


def _value(name: str, value: Any) -> tuple[Any, str]:
    """A value as what it codes, its number, text, date or truth value, and what it says in words.

    Beside a code stand its text and what its codings display, beside an amount its unit. Above or below an amount is none.
    """
    if type(value) is not dict:
        return value, ""
    if name == "valueQuantity":
        if bound := text(value.get("comparator")):
            bounded = " ".join((bound, text(value.get("value")), text(value.get("unit")))).strip()
            return bounded, bounded
        return value.get("value"), said(value)
    if name == "valueCoding":
        bare = "display" not in value  # nothing can be said against a code without words
        return text(value.get("code")) if bare else Coded.of({"coding": [value]}), said(value)
    return Coded.of(value) if name == "valueCodeableConcept" else value, said(value)


def questionnaire(one: Entry, draft: Draft) -> None:
    """Answers: into the fields of the contract that their questions name, else as text."""
    gone = _gone(one)
    ours = text(one.resource.get("questionnaire")).partition("|")[0] == LOCAL
    local = ours and not gone
    for number, item in enumerate(_items(one.resource)):
        asked, place = text(item.get("linkId")), f"{one.place}.item({number}).answer"
        field = asked.casefold()
        if ours and gone:
            taken_back(draft, field, place)
        for given in _given(item, field):
            name = _valued(given)
            value, beside = _value(name, given.get(name))
            if local and answer(draft, field, value, place, one.place):
                draft.keep(place, beside)
            elif shown := beside or said(value):
                draft.keep(place, f"{gone} {text(item.get('text')) or asked}: {shown}".strip())
            if len(given) > 1 or not name:
                draft.keep(place, said(given, {name, "item"}))
    keep_rest(one, draft, _QUESTIONNAIRE)


def _given(item: dict[str, Any], asked: str) -> list[dict[str, Any]]:
    """The answers to a question; one of a scale's that is blank keeps its place among the others."""
    given = item.get("answer")
    if asked not in _SCALES or "item" in item:
        return objects(given)
    listed = given if isinstance(given, list) and given else [given]
    return [one for each in listed for one in objects(each) or [{}]]


def _items(node: dict[str, Any]) -> list[dict[str, Any]]:
    found = []
    for item in objects(node.get("item")):
        found.append(item)
        if "item" in item:
            found += _items(item)
        for given in objects(item.get("answer")):
            if "item" in given:
                found += _items(given)
    return found


def answer(draft: Draft, path: str, value: Any, place: str, scale: str = "") -> bool:
    """Gives a field of the contract (its path in small letters) an answer; False where there is no such field.

    `scale` tells the answers of one questionnaire's items from those of another; what comes one by one has none.
    """
    plain = value.plain if type(value) is Coded else value
    if path not in _FIELDS:
        draft.keep(place, f"{path}: {said(plain)}")
        draft.warn(place, NO_SUCH, nearest(path))
        return False
    kind, most = _FIELDS[path]
    answers = value.answers(path, kind.read) if type(value) is Coded else [value]
    if path in _SCALES:
        draft.item(path, answers, place, Scale(scale, kind.read, most))
    elif most:
        draft.add(path, answers[0], place)
    elif kind.prose:
        draft.tell(path, said(plain), place, named=True)
    else:
        for one in answers:
            draft.answer(path, one, place, kind.read)
    return True


def taken_back(draft: Draft, path: str, place: str) -> None:
    """Takes the answer to one question back. Prose and lists, which others may have added to, stand with the words of it."""
    kind, most = _FIELDS.get(path, (None, 0))
    if kind and not kind.prose and (not most or path in _SCALES):
        draft.take_back(path, place)
