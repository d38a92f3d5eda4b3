"""What and why: the request itself, problems, plans, medicines and consent. What has no field is kept as text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from services.intake.contract.values import code_system, yes_no
from services.intake.sources.bars.bundle import code, codings, first, inner, objects, text, words
from services.intake.sources.bars.coded import Coded
from services.intake.sources.bars.contacts import related
from services.intake.sources.bars.findings import LOCAL, answer, observation, questionnaire
from services.intake.sources.bars.flags import flags
from services.intake.sources.bars.papers import papers
from services.intake.sources.bars.prose import ELSEWHERE, TEXT, keep_rest, notes, said
from services.intake.sources.bars.standing import TAKEN_BACK, as_it_stands
from services.intake.sources.bars.whose import of_another, of_others
from services.intake.sources.maps import table

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from services.intake.sources.bars.bundle import Entry, Message
    from services.intake.sources.bars.draft import Draft

_TEXTS: Final = ("code", "orderDetail", "patientInstruction", "occurrencePeriod", "occurrenceDateTime")
_REQUEST: Final = frozenset((*_TEXTS, "reasonCode", "note", "category", "requester", "performer", "encounter"))
_OVER: Final = frozenset(("code", "verificationStatus", "category", "recorder", "asserter", "encounter"))
_CONDITION: Final = _OVER | {"note"}
_ENCOUNTER: Final = frozenset(("reasonCode", "class", "participant", "statusHistory", "classHistory"))
_DOCUMENT: Final = frozenset(("content", "description", "author", "custodian"))
_GONE: Final = frozenset(("refuted", "entered-in-error", "inactive", "resolved", "remission"))
_AGREED: Final = {"permit": "yes", "deny": "no"}
_NO_CONSENT: Final = frozenset(("inactive", "rejected", "entered-in-error"))


def clinical(message: Message, draft: Draft) -> None:
    """Reads every resource that says something of the person's needs."""
    _request(message.focus, draft)
    others = of_others(message)
    flags(message, others, draft)
    for entry in message.entries:
        if entry is not message.focus and entry.type not in ELSEWHERE and entry.type != "Flag":
            (of_another if entry.place in others else _READ.get(entry.type, _other))(entry, draft)
    papers(message, draft)
    reasoned = draft.amends or "presentation.problems[0]" in draft.trail
    if not reasoned and not any(path.startswith("reason.") for path in draft.trail):
        _reason_elsewhere(draft, others)


def _reason_elsewhere(draft: Draft, others: Collection[str]) -> None:
    """Published referrals from GPs give no reasonCode: why they refer stands in the condition, the plan or a letter.

    An update has none of it: what it does not say stands.
    """
    history = draft.prose("presentation.history")
    letter = "see the document that came with the message" if draft.attachments else ""
    unsure = "see what the message says of somebody else than the patient" if others else ""
    draft.tell("reason.text", history or letter or unsure, draft.trail.get("presentation.history", "Bundle"))


def _request(one: Entry, draft: Draft) -> None:
    resource = one.resource
    draft.say("referred_at", text(resource.get("authoredOn")), one.at("authoredOn"))
    priority = resource.get("priority")
    asked = text(priority) or code(first(priority)) or words(first(priority)) or said(priority)
    draft.mapped("referrer.urgency", "bars-priority", asked, one.at("priority"))
    for concept in objects(resource.get("reasonCode")):
        _problem(concept, draft, one.at("reasonCode"), "reason.text", named=True)
    notes(one, draft, "reason.text")
    for concept in objects(resource.get("category")):
        draft.keep(one.at("category"), words(concept))
    for part in _TEXTS:
        if part in resource:
            draft.keep(one.at(part), said(resource[part]))
    keep_rest(one, draft, _REQUEST)


def _problem(concept: dict[str, Any], draft: Draft, place: str, prose: str, *, named: bool = False) -> None:
    """A problem by its codes and in words. The first that a table knows is the reason, the next ones stand beside it."""
    found, told = codings(concept), text(concept.get("text"))
    for system, value, display in found:
        name = code_system(system) if value else None
        if name:
            draft.adds.add("presentation.problems")
            draft.add("presentation.problems", {"system": name, "code": value}, place)
        if name == "snomed-ct":
            _reason(value, draft, place, named=named)
        elif system.startswith(f"{LOCAL}#"):
            answer(draft, system.rpartition("#")[2].casefold(), Coded(((value, display),)), place)
        elif value and not name:
            draft.keep(place, f"{system} {value}".strip())
    displays = [display for _, _, display in found if display]
    draft.tell(prose, told or ", ".join(displays), place, named=named)
    if told:
        draft.keep(place, "\n".join(displays))


def _reason(value: str, draft: Draft, place: str, *, named: bool) -> None:
    """The reason that a code stands for. In an update what is no reasonCode stands beside the reason, never in its place."""
    reason, problem = table("snomed-reason").ours.get(value, ""), table("snomed-problem").ours.get(value, "")
    beside = draft.amends and not named
    if reason and (beside or reason != draft.values.get("reason.code", reason)):
        draft.adds.add("reason.others")
        draft.add("reason.others", reason, place)
    if not beside:
        draft.say("reason.code", reason, place)
    if not beside or not reason:  # psychosis that no reason stands for is told all the same
        draft.say("presentation.main_problem", problem, place)


def _condition(one: Entry, draft: Draft) -> None:
    """A problem that the person has; one that was ruled out, or is over, is told in words alone."""
    gone = {code(one.resource.get(part)).casefold() for part in ("verificationStatus", "clinicalStatus")} & _GONE
    for told in objects(one.resource.get("category")):
        draft.keep(one.at("category"), text(told.get("text")))
    if gone:
        draft.keep(one.at("code"), f"{', '.join(sorted(gone))}: {words(one.resource.get('code'))}")
        keep_rest(one, draft, _OVER)
        return
    keep_rest(one, draft, _CONDITION)
    _problem(first(one.resource.get("code")), draft, one.at("code"), "presentation.history")
    notes(one, draft, "presentation.history")


def _encounter(one: Entry, draft: Draft) -> None:
    if text(one.resource.get("status")).casefold() not in TAKEN_BACK:
        draft.say("referrer.last_seen", text(inner(one.resource, "period", "start")), one.at("period.start"))
    for concept in objects(one.resource.get("reasonCode")):
        draft.tell("reason.text", as_it_stands(one, words(concept)), one.at("reasonCode"))
    keep_rest(one, draft, _ENCOUNTER)


def _plan(one: Entry, draft: Draft) -> None:
    draft.tell("presentation.history", as_it_stands(one, said(one.resource, TEXT)), one.place)
    draft.keep(one.at("text"), said(one.resource.get("text")))


def _medicine(one: Entry, draft: Draft) -> None:
    draft.tell("presentation.medicines", as_it_stands(one, said(one.resource)), one.place)


def _consent(one: Entry, draft: Draft) -> None:
    """Whether the person agrees, where the consent is in force and says so."""
    agreed = _AGREED.get(text(inner(one.resource, "provision", "type")), "")
    if (status := text(one.resource.get("status"))) == "active":
        draft.answer("consent.agrees", agreed, one.at("provision.type"), yes_no)
        draft.say("consent.on", text(one.resource.get("dateTime")), one.at("dateTime"))
    elif agreed == "yes" and status in _NO_CONSENT:
        draft.take_back("consent.agrees", one.at("status"))
    draft.keep(one.place, as_it_stands(one, said(one.resource)))


def _other(one: Entry, draft: Draft) -> None:
    draft.keep(one.place, as_it_stands(one, said(one.resource)))


_READ: Final[dict[str, Callable[[Entry, Draft], None]]] = {
    "Condition": _condition,
    "Encounter": _encounter,
    "Observation": observation,
    "QuestionnaireResponse": questionnaire,
    "Consent": _consent,
    **dict.fromkeys(("CarePlan", "Communication", "CommunicationRequest", "Task"), _plan),
    **dict.fromkeys(("MedicationStatement", "MedicationRequest", "Medication"), _medicine),
    "DocumentReference": lambda one, draft: keep_rest(one, draft, _DOCUMENT),
    "Binary": lambda *_: None,
    "RelatedPerson": related,
}
