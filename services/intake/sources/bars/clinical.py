"""What and why: the request itself, findings, flags, plans, answers and consent. What has no field is kept as text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from services.intake.contract import CONTRACT, Each
from services.intake.sources.bars.bundle import code, codings, first, inner, objects, text, words
from services.intake.sources.bars.flags import flags
from services.intake.sources.bars.papers import papers
from services.intake.sources.bars.people import related
from services.intake.sources.bars.prose import ELSEWHERE, keep_rest, said
from services.intake.sources.bars.standing import TAKEN_BACK, as_it_stands, of_another, of_others
from services.intake.sources.maps import table
from services.intake.sources.paths import NO_SUCH, nearest
from services.intake.values import Kind, code_system, yes_no

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from services.intake.sources.bars.bundle import Entry, Message
    from services.intake.sources.bars.draft import Draft

LOCAL: Final = (
    "urn:frontdoor:contract"  # the system of codings, and the questionnaire, that name fields of the contract
)
_ANSWERED: Final = ("reason", "presentation", "perinatal", "risk", "needs", "social", "consent", "contact", "referrer")
_CONDITION: Final = ("verificationStatus", "category", "recorder", "asserter", "encounter")
_GONE: Final = frozenset(("refuted", "entered-in-error", "inactive", "resolved", "remission"))


def clinical(message: Message, draft: Draft) -> None:
    """Reads every resource that says something of the person's needs."""
    _request(message.focus, draft)
    flags(message, draft)
    others = of_others(message)
    for entry in message.entries:
        if entry is not message.focus and entry.type not in ELSEWHERE and entry.type != "Flag":
            (of_another if entry.place in others else _READ.get(entry.type, _other))(entry, draft)
    papers(message, draft)
    if not draft.written().get("reason") and "presentation.problems[0]" not in draft.trail:
        _reason_elsewhere(draft)


def _reason_elsewhere(draft: Draft) -> None:
    """Published referrals from GPs give no reasonCode: why they refer stands in the condition, the plan or a letter."""
    history = draft.document.get("presentation", {}).get("history", "")
    letter = "see the document that came with the message" if draft.attachments else ""
    draft.tell("reason.text", history or letter, draft.trail.get("presentation.history", "Bundle"))


def _request(one: Entry, draft: Draft) -> None:
    resource = one.resource
    draft.say("referred_at", text(resource.get("authoredOn")), one.at("authoredOn"))
    priority = resource.get("priority")
    asked = text(priority) or code(first(priority)) or words(first(priority)) or said(priority)
    draft.mapped("referrer.urgency", "bars-priority", asked, one.at("priority"))
    for concept in objects(resource.get("reasonCode")):
        _problem(concept, draft, one.at("reasonCode"), "reason.text")
    _notes(one, draft, "reason.text")
    for concept in objects(resource.get("category")):
        draft.keep(one.at("category"), words(concept))
    told = ("code", "orderDetail", "patientInstruction", "occurrencePeriod", "occurrenceDateTime")
    for part in told:
        if part in resource:
            draft.keep(one.at(part), said(resource[part]))
    keep_rest(one, draft, *told, "reasonCode", "note", "category", "requester", "performer", "encounter")


def _problem(concept: dict[str, Any], draft: Draft, place: str, prose: str) -> None:
    """A problem by its codes and in words. The first that a table knows is the reason, the next ones stand beside it."""
    for system, value, _ in codings(concept):
        name = code_system(system) if value else None
        if name:
            draft.add("presentation.problems", {"system": name, "code": value}, place)
        if name == "snomed-ct":
            _reason(value, draft, place)
        elif system.startswith(f"{LOCAL}#"):
            answer(draft, system.rpartition("#")[2], value, place)
        elif value and not name:
            draft.keep(place, f"{system} {value}".strip())
    draft.tell(prose, words(concept), place)
    if text(concept.get("text")):
        draft.keep(place, "\n".join(display for *_, display in codings(concept) if display))


def _reason(value: str, draft: Draft, place: str) -> None:
    reason = table("snomed-reason").ours.get(value, "")
    if reason and reason != draft.document.get("reason", {}).get("code", reason):
        draft.add("reason.others", reason, place)
    draft.say("reason.code", reason, place)
    draft.say("presentation.main_problem", table("snomed-problem").ours.get(value, ""), place)


def _condition(one: Entry, draft: Draft) -> None:
    """A problem that the person has; one that was ruled out, or is over, is told in words alone."""
    gone = {code(one.resource.get(part)).casefold() for part in ("verificationStatus", "clinicalStatus")} & _GONE
    draft.keep(one.at("category"), "\n".join(text(told.get("text")) for told in objects(one.resource.get("category"))))
    if gone:
        draft.keep(one.at("code"), f"{', '.join(sorted(gone))}: {words(one.resource.get('code'))}")
        keep_rest(one, draft, "code", *_CONDITION)
        return
    keep_rest(one, draft, "code", "note", *_CONDITION)
    _problem(first(one.resource.get("code")), draft, one.at("code"), "presentation.history")
    _notes(one, draft, "presentation.history")


def _encounter(one: Entry, draft: Draft) -> None:
    draft.say("referrer.last_seen", text(inner(one.resource, "period", "start")), one.at("period.start"))
    for concept in objects(one.resource.get("reasonCode")):
        draft.tell("reason.text", words(concept), one.at("reasonCode"))
    keep_rest(one, draft, "reasonCode", "class", "participant", "statusHistory", "classHistory")


def _observation(one: Entry, draft: Draft) -> None:
    """A finding: into the field that its code names, else as text; no score is told by a code that nobody checked."""
    gone = _gone(one)
    for number, part in enumerate((one.resource, *objects(one.resource.get("component")))):
        read = ("code", "component", "note", "category", *(name for name in part if name.startswith("value")))
        place = one.at(f"component[{number - 1}]") if number else one.at("value")
        value, concept = _value(part), part.get("code")
        named = [field for system, inside, _ in codings(concept) if (field := _field(system, inside))]
        if value is not None and named and not gone:
            answer(draft, named[0], value, place)
            draft.dated(named[0], text(one.resource.get("effectiveDateTime"))[:10], place)
            draft.keep(place, _in_words(part))
        elif value is not None or not number:
            told = (gone, said(concept) or code(concept), _in_words(part) or said(value))
            draft.keep(place, " ".join(filter(None, told)))
        draft.keep(one.place, said({name: item for name, item in part.items() if name not in read}))
    _notes(one, draft, "presentation.history")


def _gone(one: Entry) -> str:
    """The status of what its author has taken back: it is kept in words, and answers nothing."""
    status = text(one.resource.get("status"))
    return f"({status})" if status.casefold() in TAKEN_BACK else ""


def _field(system: str, value: str) -> str:
    """The field of the contract that an observation's code names: by our own names, or as a score that a table knows."""
    score = table("snomed-score").ours.get(value) if code_system(system) == "snomed-ct" else None
    return value if system == LOCAL else f"presentation.{score}" if score else ""


def _value(part: dict[str, Any]) -> Any:
    """The value of an observation or an answer: its code, number, text, date or truth value."""
    name = next((name for name in part if name.startswith("value")), "")
    value = part.get(name)
    if name == "valueQuantity":
        return inner(value, "value")
    if name == "valueCoding":
        return text(inner(value, "code")) or text(inner(value, "display"))
    return (code(value) or words(value)) if name == "valueCodeableConcept" else value


def _in_words(part: dict[str, Any]) -> str:
    """What a value says beside its code: its text, what its codings display, an amount with its unit."""
    value = next((value for name, value in part.items() if name.startswith("value")), None)
    return said(value) if isinstance(value, dict) else ""


def _questionnaire(one: Entry, draft: Draft) -> None:
    gone = _gone(one)
    local = text(one.resource.get("questionnaire")).partition("|")[0] == LOCAL and not gone
    for number, item in enumerate(_items(one.resource)):
        asked, place = text(item.get("linkId")), one.at(f"item({number}).answer")
        for given in objects(item.get("answer")):
            value = _value(given)
            if local and answer(draft, asked, value, place):
                draft.keep(place, _in_words(given))
            else:
                shown = _in_words(given) or said(value)
                draft.keep(place, f"{gone} {text(item.get('text')) or asked}: {shown}".strip() if shown else "")
    keep_rest(one, draft, "item")


def _items(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for item in objects(node.get("item")):
        yield item
        yield from _items(item)
        for given in objects(item.get("answer")):
            yield from _items(given)


def answer(draft: Draft, path: str, value: Any, place: str) -> bool:
    """Gives a field of the contract an answer; False where there is no such field."""
    path = path.casefold()
    node: Any = CONTRACT if path.partition(".")[0] in _ANSWERED else None
    for name in path.split("."):
        node = node.get(name) if isinstance(node, dict) else None
    if isinstance(node, Each) and isinstance(node.of, Kind):
        draft.add(path, value, place)
    elif isinstance(node, Kind) and node.prose:
        draft.tell(path, said(value), place)
    elif isinstance(node, Kind):
        draft.answer(path, value, place, node.read)
    else:
        draft.keep(place, f"{path}: {said(value)}")
        draft.warn(place, NO_SUCH, nearest(path))
        return False
    return True


def _plan(one: Entry, draft: Draft) -> None:
    told = said({k: v for k, v in one.resource.items() if k != "text"})
    draft.tell("presentation.history", as_it_stands(one, told), one.place)
    draft.keep(one.at("text"), said(one.resource.get("text")))


def _medicine(one: Entry, draft: Draft) -> None:
    draft.tell("presentation.medicines", as_it_stands(one, said(one.resource)), one.place)


def _consent(one: Entry, draft: Draft) -> None:
    """Whether the person agrees, where the consent is in force and says so."""
    agreed = {"permit": "yes", "deny": "no"}.get(text(inner(one.resource, "provision", "type")), "")
    if text(one.resource.get("status")) == "active":
        draft.answer("consent.agrees", agreed, one.at("provision.type"), yes_no)
        draft.say("consent.on", text(one.resource.get("dateTime")), one.at("dateTime"))
    draft.keep(one.place, said(one.resource))


def _other(one: Entry, draft: Draft) -> None:
    draft.keep(one.place, as_it_stands(one, said(one.resource)))


def _notes(one: Entry, draft: Draft, path: str) -> None:
    for note in objects(one.resource.get("note")):
        draft.tell(path, text(note.get("text")), one.at("note"))
        draft.keep(one.at("note"), said({name: item for name, item in note.items() if name != "text"}))


_READ: Final[dict[str, Callable[[Entry, Draft], None]]] = {
    "Condition": _condition,
    "Encounter": _encounter,
    "Observation": _observation,
    "QuestionnaireResponse": _questionnaire,
    "Consent": _consent,
    **dict.fromkeys(("CarePlan", "Communication", "CommunicationRequest", "Task"), _plan),
    **dict.fromkeys(("MedicationStatement", "MedicationRequest", "Medication"), _medicine),
    "DocumentReference": lambda one, draft: keep_rest(one, draft, "content", "description", "author", "custodian"),
    "Binary": lambda *_: None,
    "RelatedPerson": related,
}
