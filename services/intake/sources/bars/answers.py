"""What a BaRS sender is answered, and told later: Bundle, OperationOutcome, CapabilityStatement, ServiceRequest. Pure.

Error codes: BaRS guide, error handling and transactional integrity (system http-error-codes, prefix REC_).
"""

from __future__ import annotations

import datetime as dt  # noqa: TC003  (NamedTuple reads the annotations at run time)
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from uuid import UUID, uuid5

import orjson

from services.intake.problems import Fault
from services.intake.sources.bars.meaning import RESPONSE
from shared.codes import Status
from shared.events import NAMESPACE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from services.intake.problems import Refused
    from services.intake.sources.told import Told

_SYSTEM: Final = "https://fhir.nhs.uk/Codesystem/http-error-codes"
_EVENTS: Final = "https://fhir.nhs.uk/CodeSystem/message-events-bars"
_REASONS: Final = "https://fhir.nhs.uk/CodeSystem/message-reason-bars"
STATUS: Final = "urn:frontdoor:status"  # the system of the tag that says where a referral stands in our own words

# By status: the published code, and the issue's code where the refusal's own says no more. What is too large has no code
# of its own there, and what is not read or answered (Content-Type, Accept) is 406.
_REC: Final = {
    400: ("REC_BAD_REQUEST", "invalid"),
    401: ("REC_UNAUTHORIZED", "security"),
    403: ("REC_FORBIDDEN", "forbidden"),
    404: ("REC_NOT_FOUND", "not-found"),
    405: ("REC_METHOD_NOT_ALLOWED", "not-supported"),
    406: ("REC_NOT_ACCEPTABLE", "processing"),
    408: ("REC_TIMEOUT", "timeout"),
    409: ("REC_CONFLICT", "conflict"),
    422: ("REC_UNPROCESSABLE_ENTITY", "processing"),
    425: ("REC_TOO_EARLY", "duplicate"),
    429: ("REC_TOO_MANY_REQUESTS", "throttled"),
    500: ("REC_SERVER_ERROR", "exception"),
    501: ("REC_NOT_IMPLEMENTED", "not-supported"),
    503: ("REC_UNAVAILABLE", "transient"),
}
_ISSUES: Final = {
    **dict.fromkeys(("unreadable", "duplicate-key", "too-deep"), "structure"),
    **dict.fromkeys(("combination", "message-rule"), "invariant"),
    **dict.fromkeys(("required", "incomplete"), "required"),
    **dict.fromkeys(("wrong-type", "not-in-list", "message-ids"), "value"),
    "too-large": "too-long",
    "repeat": "duplicate",
    "not-ours": "business-rule",
}
_STANDS: Final = {Status.CLOSED: "completed", Status.CANCELLED: "revoked"}  # all else is active: somebody has it
# What an outcome says in the receiving team's Encounter (as `outcome` reads it); a hub's words travel in the tag.
_SEEN: Final = {Status.ACCEPTED: "in-progress", Status.RETURNED: "cancelled", Status.CLOSED: "finished"}


def status_of(refused: Refused) -> int:
    """The HTTP status of a refusal in BaRS."""
    return {413: 422, 415: 406}.get(refused.status, refused.status)


def outcome(refused: Refused, own_id: UUID) -> dict[str, Any]:
    """The OperationOutcome of a refusal: an issue for each fault, with its place and never a value."""
    faults = refused.faults or (Fault("", refused.code, refused.detail),)
    issues = [_issue(refused, fault) for fault in faults]
    return _outcome(own_id, [*issues, *_phone(refused.members)])


def _issue(refused: Refused, fault: Fault) -> dict[str, Any]:
    status = status_of(refused)
    name, general = _REC.get(status, _REC[500])
    coding = {"system": _SYSTEM, "code": name, "display": f"{status} - {name}"}
    detail = refused.detail if refused.detail.startswith(fault.detail) else f"{fault.detail} ({refused.detail})"
    issue = _ISSUES.get(fault.code, _ISSUES.get(refused.code, general))
    place = {"expression": [fault.path]} if fault.path else {}
    return {"severity": "error", "code": issue, "details": {"coding": [coding]}, "diagnostics": detail, **place}


def _phone(members: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Whatever else is answered: in an emergency the sender is told to phone."""
    if words := members.get("phone_now"):
        yield {"severity": "warning", "code": "informational", "details": {"text": words}}


def _outcome(own_id: UUID, issues: list[dict[str, Any]]) -> dict[str, Any]:
    profile = "https://fhir.hl7.org.uk/StructureDefinition/UKCore-OperationOutcome"
    return {"resourceType": "OperationOutcome", "id": str(own_id), "meta": {"profile": [profile]}, "issue": issues}


def taken(told: Told, answer: bytes, now: dt.datetime, own_id: UUID) -> dict[str, Any]:
    """The response Bundle of a message that was taken: the ServiceRequest with our id, and what could not be read."""
    said = orjson.loads(answer)
    focus = told.reply_to.get("focus") or str(uuid5(own_id, "focus"))
    status = told.reply_to.get("status", "active")
    issues = [*_phone(said), *map(_warning, said["warnings"])]
    resources = [(focus, _request(said["referral_id"], status))]
    details = uuid5(own_id, "issues") if issues else None
    if details:
        resources.append((str(details), _outcome(details, issues)))
    return _bundle(_Message(own_id, now, told.reply_to.get("bundle", ""), focus), resources, details)


def _warning(notice: Mapping[str, str]) -> dict[str, Any]:
    code = "code-invalid" if notice["code"] == "unmapped" else "value"
    place = {"expression": [notice["path"]]} if notice["path"] else {}
    return {"severity": "warning", "code": code, "diagnostics": notice["detail"], **place}


def _request(referral_id: str, status: str, *tags: dict[str, str]) -> dict[str, Any]:
    meta = {"meta": {"tag": list(tags)}} if tags else {}
    subject = {"type": "Patient", "display": "the patient of the request"}
    return {
        "resourceType": "ServiceRequest",
        "id": referral_id,
        **meta,
        "status": status,
        "intent": "plan",
        "subject": subject,
    }


class _Message(NamedTuple):
    """A message of ours: its id and time, the Bundle that it answers, what it is about."""

    own_id: UUID
    at: dt.datetime
    answers: str
    focus: str


def _bundle(message: _Message, resources: list[tuple[Any, Any]], details: UUID | None = None) -> dict[str, Any]:
    header_id = str(uuid5(message.own_id, "header"))
    response: dict[str, Any] = {"identifier": message.answers or "unknown", "code": "ok"}
    if details:
        response["details"] = {"reference": f"urn:uuid:{details}"}
    header = {
        "resourceType": "MessageHeader",
        "id": header_id,
        "eventCoding": {"system": _EVENTS, "code": RESPONSE},
        "source": {"name": "Front Door", "endpoint": "urn:frontdoor:bars"},
        "reason": {"coding": [{"system": _REASONS, "code": "new"}]},
        "response": response,
        "focus": [{"reference": f"urn:uuid:{message.focus}"}],
    }
    entries = [(header_id, header), *resources]
    return {
        "resourceType": "Bundle",
        "id": str(message.own_id),
        "type": "message",
        "timestamp": message.at.isoformat(timespec="milliseconds"),
        "entry": [{"fullUrl": f"urn:uuid:{url}", "resource": resource} for url, resource in entries],
    }


def service_request(referral_id: str, status: str) -> dict[str, Any]:
    """Where a referral stands, as a ServiceRequest: no person, no clinical text."""
    return _request(referral_id, _STANDS.get(Status(status), "active"), {"system": STATUS, "code": status})


def reply(
    referral_id: str, said: Mapping[str, str], to: Mapping[str, str], decision_id: UUID, at: dt.datetime
) -> dict[str, Any]:
    """What a sender is told later: its referral's status and outcome, by ids that are the same however often it is sent."""
    own_id, encounter = uuid5(NAMESPACE, f"bars reply {decision_id}"), str(uuid5(decision_id, "encounter"))
    status = Status(said["status"])
    tags = [{"system": STATUS, "code": code} for code in dict.fromkeys((said["status"], said["outcome"]))]
    seen = {
        "resourceType": "Encounter",
        "id": encounter,
        "meta": {"tag": tags},
        "status": _SEEN.get(status, "planned"),
        "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"},
    }
    request = _request(referral_id, _STANDS.get(status, "active"), *tags)
    focus = to.get("focus") or str(uuid5(decision_id, "request"))
    message = _Message(own_id, at, to.get("bundle", ""), encounter)
    return _bundle(message, [(focus, request), (encounter, seen)])


def capability(version: str) -> dict[str, Any]:
    """What this server does of BaRS."""
    taken = ("servicerequest-request-referral", "servicerequest-request-validation", "servicerequest-response-referral")
    return {
        "resourceType": "CapabilityStatement",
        "id": "front-door-bars",
        "name": "FrontDoorBaRS",
        "status": "active",
        "date": "2026-11-25",
        "kind": "instance",
        "software": {"name": "Front Door", "version": version},
        "implementation": {"description": "Front Door: referrals to community mental health care, by BaRS"},
        "fhirVersion": "4.0.1",
        "format": ["application/fhir+json"],
        "rest": [
            {
                "mode": "server",
                "resource": [{"type": "ServiceRequest", "interaction": [{"code": "read"}]}],
                "operation": [
                    {
                        "name": "process-message",
                        "definition": "http://hl7.org/fhir/OperationDefinition/MessageHeader-process-message",
                    }
                ],
            }
        ],
        "messaging": [
            {
                "supportedMessage": [
                    {"mode": "receiver", "definition": f"https://fhir.nhs.uk/MessageDefinition/bars-message-{name}"}
                    for name in taken
                ]
            }
        ],
    }
