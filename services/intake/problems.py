"""Why a request is not done, as RFC 9457 problem details: codes and places, never a value of what was sent."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Final, NamedTuple

_TITLES: Final = {413: "Content Too Large", 422: "Unprocessable Content"}  # RFC 9110's; Python has them from 3.13 on
_PHONE: Final = "in an emergency phone, do not wait"
_UNREAD: Final = frozenset((400, 401, 403, 406, 408, 413, 415, 425, 429, 500, 503))  # nobody looked what it was about
MEDIA_TYPE: Final = "application/problem+json"


MEANS: Final = {
    "unreadable": "cannot be read: the whole body (no UTF-8, no JSON, empty), or what belongs in this place",
    "unsupported": "a kind, event, version or processing id of a message that is not taken here",
    "duplicate-key": "an object has the same key twice, and nobody can tell which of the two is meant",
    "too-deep": "objects and lists lie deeper in each other than is read",
    "unauthorised": "no key, or none that is known here",
    "not-allowed": "this key, or this team, may not do this",
    "no-such-path": "there is nothing at this path, whatever the key",
    "not-found": "no such referral, or none that this key may see",
    "method": "this path is not asked in this way; the header Allow says how it is",
    "too-slow": "the request did not arrive in time",
    "conflict": "the message id was used before, for other content; a person looks at both",
    "repeat": "the message with this id was taken before, and counts once",
    "in-flight": "the message with this id is being taken at this moment; ask again a little later",
    "combination": "event, reason, status and category of the message together ask for nothing that is done here",
    "message-rule": "the message breaks a rule of its standard, in the place that is named",
    "message-ids": "the ids that the standard demands of a request are missing, or are not of their form",
    "not-acceptable": "neither read nor answered in the form that a header names",
    "not-implemented": "a part of the standard that this server does not offer",
    "not-ours": "addressed to another organisation than this one",
    "too-large": "more bytes than are taken; attachments come as references",
    "incomplete": "something that must be said is missing; `errors` names each place",
    "required": "this place must not be blank",
    "wrong-type": "another kind of value is expected in this place",
    "not-in-list": "none of the codes that this place takes",
    "purpose-needed": "a record is read for a purpose, which the header X-Purpose names",
    "spreadsheet": "a spreadsheet changed this value, and nobody can tell what it was",
    "which-day": "a date that may mean more than one day",
    "rows-refused": "some rows are not taken; `refused` names each with its line",
    "too-many": "more requests in a minute than this key may make; try again after Retry-After",
    "undelivered": "over MESH: an answer was not collected from the mailbox that it was sent to",
    "busy": "not done, through no fault of the sender: try again after Retry-After",
    "failed": "not done, by a fault of ours, which was logged",
}


class Fault(NamedTuple):
    """One place of a request and what is wrong there."""

    path: str
    code: str
    detail: str


class Refused(Exception):
    """A request that is not done: HTTP status, code, words, faults, further members and headers of the answer."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *faults: Fault,
        headers: dict[str, str] | None = None,
        **members: Any,
    ) -> None:
        super().__init__(code)
        self.status, self.code, self.detail, self.faults = status, code, detail, faults
        self.members, self.headers = members, headers or {}

    @property
    def told(self) -> str:
        """Why, in the words of the answer: where nobody looked whether it was an emergency, it says to phone."""
        return f"{self.detail}; {_PHONE}" if self.status in _UNREAD else self.detail

    def as_json(self) -> dict[str, Any]:
        """The problem document."""
        faults = self.faults or (Fault("", self.code, self.detail),)
        return {
            "type": f"urn:frontdoor:problem:{self.code}",
            "title": _TITLES.get(self.status, HTTPStatus(self.status).phrase),
            "status": self.status,
            "code": self.code,
            "detail": self.detail,
            "errors": [fault._asdict() for fault in faults],
            **self.members,
        }


class Unanswered(Exception):
    """Nothing was done and this is no answer yet: whoever called goes another way."""


def blank(path: str, detail: str) -> Fault:
    """A place that must not be blank."""
    return Fault(path, "required", detail)


def not_found() -> Refused:
    """One answer for what does not exist and for what is not this sender's to see."""
    return Refused(404, "not-found", "there is no such referral here for this key")
