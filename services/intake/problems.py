"""Why a request is not done, as RFC 9457 problem details: codes and places, never a value of what was sent."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Final, NamedTuple

MEDIA_TYPE: Final = "application/problem+json"


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

    def as_json(self) -> dict[str, Any]:
        """The problem document."""
        faults = self.faults or (Fault("", self.code, self.detail),)
        return {
            "type": f"urn:frontdoor:problem:{self.code}",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "code": self.code,
            "detail": self.detail,
            "errors": [fault._asdict() for fault in faults],
            **self.members,
        }


def blank(path: str, detail: str) -> Fault:
    """A place that must not be blank."""
    return Fault(path, "required", detail)


def not_found() -> Refused:
    """One answer for what does not exist and for what is not this sender's to see."""
    return Refused(404, "not-found", "there is no such referral here for this key")
