"""What was found and what was answered: observations and questionnaires, by codes and names that mean fields of the contract."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from services.intake.contract.fields import CONTRACT, Each
from services.intake.contract.values import Kind, code_system
from services.intake.sources.bars.bundle import code, codings, objects, text, words
from services.intake.sources.bars.prose import keep_rest, notes, said
from services.intake.sources.bars.standing import TAKEN_BACK
from services.intake.sources.maps import table
from services.intake.sources.paths import NO_SUCH, nearest

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


def _fields(node: Any, path: str) -> Iterator[tuple[str, Kind | Each]]:
    if isinstance(node, dict):
        for name, inside in node.items():
            yield from _fields(inside, f"{path}.{name}")
    elif isinstance(node, Kind) or isinstance(node.of, Kind):
        yield path, node


_FIELDS: Final = dict(pair for group in _ANSWERED for pair in _fields(CONTRACT[group], group))


def observation(one: Entry, draft: Draft) -> None:
    """A finding: into the field that its code names, else as text; no score is told by a code that nobody checked."""
    gone = _gone(one)
    for number, part in enumerate((one.resource, *objects(one.resource.get("component")))):
        place = one.at(f"component[{number - 1}]") if number else one.at("value")
        name, concept = _valued(part), part.get("code")
        value, beside = _value(name, part.get(name))
        named = [field for system, inside, _ in codings(concept) if (field := _field(system, inside))]
        if value is not None and named and not gone:
            answer(draft, named[0], value, place)
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
    """A value as its code, number, text, date or truth value, and what it says in words.

    Beside a code stand its text and what its codings display, beside an amount its unit.
    """
    if type(value) is not dict:
        return value, ""
    if name == "valueQuantity":
        return value.get("value"), said(value)
    if name == "valueCoding":
        return text(value.get("code")) or text(value.get("display")), said(value)
    return (code(value) or words(value)) if name == "valueCodeableConcept" else value, said(value)


def questionnaire(one: Entry, draft: Draft) -> None:
    """Answers: into the fields of the contract that their questions name, else as text."""
    gone = _gone(one)
    local = text(one.resource.get("questionnaire")).partition("|")[0] == LOCAL and not gone
    for number, item in enumerate(_items(one.resource)):
        asked, place = text(item.get("linkId")), one.at(f"item({number}).answer")
        for given in objects(item.get("answer")):
            name = _valued(given)
            value, beside = _value(name, given.get(name))
            if local and answer(draft, asked, value, place):
                draft.keep(place, beside)
            else:
                shown = beside or said(value)
                draft.keep(place, f"{gone} {text(item.get('text')) or asked}: {shown}".strip() if shown else "")
            if given.keys() != {name}:
                draft.keep(place, said(given, {name, "item"}))
    keep_rest(one, draft, _QUESTIONNAIRE)


def _items(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for item in objects(node.get("item")):
        yield item
        for inside in (item, *objects(item.get("answer"))):
            if "item" in inside:
                yield from _items(inside)


def answer(draft: Draft, path: str, value: Any, place: str) -> bool:
    """Gives a field of the contract an answer; False where there is no such field."""
    path = path.casefold()
    field = _FIELDS.get(path)
    if isinstance(field, Each):
        draft.add(path, value, place)
    elif field is None:
        draft.keep(place, f"{path}: {said(value)}")
        draft.warn(place, NO_SUCH, nearest(path))
    elif field.prose:
        draft.tell(path, said(value), place)
    else:
        draft.answer(path, value, place, field.read)
    return field is not None
