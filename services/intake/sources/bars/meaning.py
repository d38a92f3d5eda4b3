"""What a message asks for: event, reason, status and category together, as the BaRS guide combines them; all else is 400.

Source: NHS Booking and Referral Standard, workflow parameters of servicerequest-request, and its published examples,
which cancel with `delete` too and update referrals.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.intake.problems import Fault, Refused
from services.intake.sources.bars.bundle import code, codings, first, inner, objects, text

if TYPE_CHECKING:
    from services.intake.senders import Source
    from services.intake.sources.bars.bundle import Message
    from services.intake.sources.told import Does

REQUEST: Final = "servicerequest-request"
RESPONSE: Final = "servicerequest-response"
_CANCELS: Final = frozenset(("revoked", "entered-in-error"))
_CATEGORIES: Final = frozenset(("referral", "validation"))
_TRIAGED: Final = frozenset(("triaged", "finished"))


def event(message: Message) -> str:
    """The message's event: `servicerequest-request`, `servicerequest-response` or something that is not taken here."""
    return text(inner(message.header.resource, "eventCoding", "code"))


def does(message: Message) -> Does:
    """What a sender's request asks for; `Refused` for a combination that the guide does not know."""
    if event(message) != REQUEST or message.focus.type != "ServiceRequest":
        raise _unknown("MessageHeader.eventCoding", "a servicerequest-request about a ServiceRequest")
    reason, status = code(message.header.resource.get("reason")), text(message.focus.resource.get("status"))
    if reason in {"update", "delete"} and status in _CANCELS:
        return "cancel"
    if message.focus.resource.get("doNotPerform") is True:
        place, detail = message.focus.at("doNotPerform"), "a request that something is not done is not taken here"
        raise Refused(422, "message-rule", detail, Fault(place, "message-rule", detail))
    if reason == "update" and status in {"active", "on-hold"}:
        return "amend"
    if reason == "new" and status == "active" and (named := category(message)) in _CATEGORIES:
        if named == "referral":
            _check_assessed(message)
        return "refer"
    expected = (
        "new and active with a category of referral or validation; update and active or on-hold; update or delete "
    )
    raise _unknown(
        "MessageHeader.reason, ServiceRequest.status and category", f"{expected}and revoked or entered-in-error"
    )


def category(message: Message) -> str:
    """The ServiceRequest's category that drives the workflow, beside which codes of use cases may stand."""
    for concept in objects(message.focus.resource.get("category")):
        for _, found, _ in codings(concept):
            if found in _CATEGORIES:
                return found
    return ""


def _check_assessed(message: Message) -> None:
    """A referral comes with its care plan completed and its encounter triaged or finished, where it brings them."""
    encounter = message.find(message.focus.resource.get("encounter"))
    if encounter and (status := text(encounter.resource.get("status"))) and status not in _TRIAGED:
        raise _unknown(encounter.at("status"), "triaged or finished, for a new referral")
    plan = message.find(first(message.focus.resource.get("basedOn")))
    if plan and plan.type == "CarePlan" and (status := text(plan.resource.get("status"))) and status != "completed":
        raise _unknown(plan.at("status"), "completed, for a new referral")


def check_receiver(message: Message, source: Source) -> None:
    """Refuses what names other receivers alone than the source's settings say that we are; who names none is not sent away."""
    if not (ours := source.bars.receivers if source.bars else frozenset[str]()):
        return
    found = (message.find(one.get("receiver")) for one in objects(message.header.resource.get("destination")))
    named = [code for receiver in found if receiver and (code := ods_code(receiver.resource))]
    if named and ours.isdisjoint(named):
        place = message.header.at("destination.receiver")
        detail = "this is addressed to another organisation: nothing was taken; check the endpoint and the receiver"
        raise Refused(422, "not-ours", detail, Fault(place, "not-ours", detail))


def ods_code(organisation: object) -> str:
    """The ODS code of an Organization, however its system is cased."""
    for one in objects(inner(organisation, "identifier")):
        if text(one.get("system")).casefold().endswith("/ods-organization-code"):
            return text(one.get("value")).upper()
    return ""


def _unknown(place: str, expected: str) -> Refused:
    return Refused(400, "combination", f"taken is: {expected}", Fault(place, "combination", f"taken is: {expected}"))
