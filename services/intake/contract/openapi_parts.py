"""The parts of the OpenAPI document that are not the contract: headers, outcomes, answers, problems."""

from __future__ import annotations

from typing import Any, Final

from services.intake.contract import code_lists as lists
from services.intake.contract.values import URGENCY, meanings
from services.intake.sources.csv import ENCODINGS, SEPARATORS
from shared.codes import OutcomeKind, Status

TEXT: Final = {"type": "string"}
UUID: Final = {"type": "string", "format": "uuid"}


def parameters() -> dict[str, Any]:
    """Headers and places in an address, by name."""
    return {
        "referral_id": {"name": "referral_id", "in": "path", "required": True, "schema": UUID},
        "idempotency_key": {
            "name": "Idempotency-Key",
            "in": "header",
            "description": "the sender's own id of this message, where it has no message_id",
            "schema": TEXT,
        },
        "traceparent": {"name": "traceparent", "in": "header", "description": "W3C trace context", "schema": TEXT},
        "encoding": {"name": "encoding", "in": "query", "schema": {"enum": [*ENCODINGS]}},
        "separator": {"name": "separator", "in": "query", "schema": {"enum": [*SEPARATORS]}},
        "purpose": {
            "name": "X-Purpose",
            "in": "header",
            "required": True,
            "description": "why it is read",
            "schema": {"enum": sorted(lists.PURPOSES)},
        },
        "sha256": {"name": "sha256", "in": "path", "required": True, "schema": TEXT},
        "by": {"name": "X-By", "in": "header", "description": "who reads, if not the team", "schema": TEXT},
    }


def outcome() -> dict[str, Any]:
    """What a team or the hub posts."""
    return an_object(
        kind={"enum": [kind.value for kind in OutcomeKind]},
        by=an_object(name=TEXT, role=TEXT, registration=TEXT) | {"required": ["name", "role"]},
        reason={
            "type": "string",
            "description": "a code, needed but for accepted. Returned (MHSDS REFERRAL REJECTION REASON): "
            f"{meanings(lists.REJECTION_REASONS)}. Closed (MHSDS REFERRAL CLOSURE REASON): "
            f"{meanings(lists.CLOSURE_REASONS)}. Else one of {', '.join(sorted(lists.OUTCOME_REASONS))}",
        },
        onward={
            "type": "string",
            "description": f"returned: a destination, or one of {', '.join(sorted(lists.ONWARD_STEPS))}; needed",
        },
        to={"type": "string", "description": "rerouted and stepped-up: a destination; needed"},
        urgency={
            "enum": ["4", "2", "3"],
            "description": "urgency-lowered: the new one (4 very urgent, 2 urgent, 3 routine); with by.registration",
        },
        decision_id=UUID
        | {"description": "the decision that is answered, as its event names it: a hold made since then is not ended"},
        message_id=TEXT,
        note={"type": "string", "description": "kept here, never sent on"},
    ) | {"required": ["kind", "by"]}


def taken() -> dict[str, Any]:
    """A 202."""
    warning = an_object(path=TEXT, code=TEXT, detail=TEXT)
    return an_object(
        referral_id=UUID,
        status_url=TEXT,
        emergency={"type": "boolean"},
        phone_now={"type": "string", "description": "only in an emergency: phone now"},
        warnings={"type": "array", "items": warning},
    ) | {"required": ["referral_id", "status_url", "warnings"]}


def report() -> dict[str, Any]:
    """What became of each row of a file; a line counts from 1."""
    line = {"type": "integer", "minimum": 1}
    faults = {"type": "array", "items": an_object(path=TEXT, code=TEXT, detail=TEXT)}
    count = {"type": "integer", "minimum": 0}
    refused = an_object(line=line, status=count, code=TEXT, detail=TEXT, errors=faults)
    row = an_object(line=line, referral_id=UUID, repeat={"type": "boolean"}, warnings=faults)
    emergency = an_object(line=line, referral_id={"type": ["string", "null"]}, phone_now=TEXT)
    listed = {"emergencies": emergency, "refused": refused, "rows": row, "unknown_columns": count}
    return an_object(
        code={"enum": ["rows-refused", "busy"], "description": "only where not every row is taken"},
        taken=count,
        repeated=count,
        **{name: {"type": "array", "items": item} for name, item in listed.items()},
    ) | {"required": ["taken", "repeated", *listed]}


def status() -> dict[str, Any]:
    """Where a referral stands."""
    step = an_object(at={"type": "string", "format": "date-time"}, what=TEXT)
    return an_object(
        referral_id=UUID,
        status={"enum": [status.value for status in Status]},
        urgency={**URGENCY.schema, "enum": ["1", "4", "2", "3", None]},
        destination={"type": ["string", "null"]},
        history={"type": "array", "items": step},
    )


def problem() -> dict[str, Any]:
    """What is not done (RFC 9457)."""
    fault = an_object(path=TEXT, code=TEXT, detail=TEXT)
    return an_object(
        type=TEXT,
        title=TEXT,
        status={"type": "integer"},
        code=TEXT,
        detail=TEXT,
        errors={"type": "array", "items": fault},
        emergency={"type": "boolean"},
        phone_now=TEXT,
    )


def an_object(**properties: Any) -> dict[str, Any]:
    """The schema of an object."""
    return {"type": "object", "properties": properties}


def ref(name: str) -> dict[str, str]:
    """A schema by its name."""
    return {"$ref": f"#/components/schemas/{name}"}
