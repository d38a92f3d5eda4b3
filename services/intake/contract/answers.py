"""How requests are answered: each status with its reason, and examples of the answers as they come."""

from __future__ import annotations

from typing import Any, Final

from services.intake.contract.examples import EXAMPLES
from services.intake.contract.reading import Notice, read
from services.intake.person import missing
from services.intake.problems import Fault, Refused, blank, not_found

_MINE: Final = "5d1c6f0e-9a57-4c0b-8f0e-2b6f3f1f8a11"
_PLACE: Final = {"referral_id": _MINE, "status_url": f"/referrals/{_MINE}"}
_PHONE: Final = "in an emergency phone, do not wait"
_TWO_CONTENTS: Final = "this id was used before, for a message with other content; a person will look at both"
_NOTICED: Final = [
    Notice("reason.code", "unmapped").as_json(),
    Notice("person[4th field]", "unknown-field").as_json(),
    Notice("person.nhs_number", "check-digit").as_json(),
]
_RETURNED: Final = (
    blank("reason", "why? (a code)"),
    Fault("urgency", "not-in-list", "lowered to what? 4, 2 or 3"),
    Fault("by.registration", "required", "only a clinician with a professional registration may do this"),
)

# What a 202 says, by request. A repeat is answered as the first message was.
TAKEN: Final[dict[str, dict[str, Any]]] = {
    "refer": {
        "taken": {**_PLACE, "emergency": False, "warnings": _NOTICED},
        "a repeat: the first answer again": {**_PLACE, "emergency": False, "warnings": _NOTICED},
        "an emergency": {
            **_PLACE,
            "emergency": True,
            "phone_now": "This may be an emergency: phone now, do not wait for an answer here. Dial 999 if life is in danger; "
            "else phone the local crisis line (NHS 111, mental health option) and say that this referral was sent.",
            "warnings": [],
        },
    },
    "amend": {"taken": {**_PLACE, "emergency": False, "warnings": []}},
    "cancel": {"taken": {**_PLACE, "warnings": []}},
    "answer": {"taken": {**_PLACE, "warnings": []}},
}
READ: Final[dict[str, dict[str, Any]]] = {
    "status": {
        "referral_id": _MINE,
        "status": "routed",
        "urgency": "3",
        "destination": "talking-therapies-step-2",
        "history": [
            {"at": "2026-11-23T10:00:00+00:00", "what": "taken"},
            {"at": "2026-11-23T10:00:00+00:00", "what": "routed: talking-therapies-step-2"},
        ],
    },
    "record": {
        "referral_id": _MINE,
        "received_at": "2026-11-23T10:00:00+00:00",
        "source": "gp",
        "locality": "lambeth",
        "synthetic": False,
        "referral": {name: part for name, part in EXAMPLES["minimal"].items() if name != "message_id"},
    },
    "sender": {
        "id": "gp",
        "name": "gp",
        "locality": "lambeth",
        "synthetic": False,
        "rate_per_minute": 600,
        "may": ["amend", "cancel", "refer"],
        "rows_per_minute": None,
        "kind": "source",
    },
}

_WHY: Final = {
    400: "Not readable: empty, not UTF-8, not JSON, a key twice, NaN, or too deep",
    401: "No known key",
    403: "This key may not do this",
    404: "There is no such referral for this key, or no such path",
    405: "This path takes another method; see Allow",
    408: "The body came too slowly",
    409: "This id was used before for other content",
    413: "The body is too large; send attachments as references",
    422: "No identifiable person, no reason, or an answer that lacks what it must say",
    429: "Too many requests; see Retry-After",
    500: "Not done, by a fault of ours",
    503: "Not done; try again, see Retry-After",
}
_REFUSED: Final[dict[int, dict[str, Refused]]] = {
    400: {
        "empty": Refused(
            400, "unreadable", f"the body is empty: send the referral, or what is said of it, as JSON; {_PHONE}"
        ),
        "not JSON": Refused(400, "unreadable", f"the body is not JSON: line 1, column 12; {_PHONE}"),
    },
    401: {"no key": Refused(401, "unauthorised", f"a known key is needed; {_PHONE}")},
    403: {"not for this key": Refused(403, "not-allowed", f"this key may not do this; {_PHONE}")},
    404: {"no such referral": not_found(), "no such path": Refused(404, "no-such-path", "no such path; see /docs")},
    405: {"another method": Refused(405, "method", "this path takes POST; see /docs")},
    409: {
        "conflict": Refused(
            *(409, "conflict", _TWO_CONTENTS),
            Fault("message_id", "conflict", _TWO_CONTENTS),
            referral_id=_MINE,
        )
    },
    413: {"too large": Refused(413, "too-large", f"the body may have 1048576 bytes; {_PHONE}")},
    422: {
        "no person and no reason": Refused(
            *(422, "incomplete", "an identifiable person and a reason are needed"), *missing(read({}))
        ),
        "an outcome that lacks something": Refused(
            *(422, "incomplete", "the outcome lacks something that it must say"), *_RETURNED
        ),
    },
    429: {"too many": Refused(429, "too-many", f"slow down: the rate is per minute; {_PHONE}")},
}


def problems() -> dict[str, Any]:
    """Every refusal as a response of the OpenAPI document, by status."""
    return {str(status): _problem(status) for status in _WHY}


def _problem(status: int) -> dict[str, Any]:
    content: dict[str, Any] = {"schema": {"$ref": "#/components/schemas/Problem"}}
    if status in _REFUSED:
        content["examples"] = {name: {"value": refused.as_json()} for name, refused in _REFUSED[status].items()}
    return {"description": _WHY[status], "content": {"application/problem+json": content}}


def refusals(*statuses: int) -> dict[str, Any]:
    """Those of them that one operation gives."""
    return {str(status): {"$ref": f"#/components/responses/{status}"} for status in statuses}
