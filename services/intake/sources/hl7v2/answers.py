"""The answers of HL7 v2: RRI, a plain ACK, or the enhanced mode's; MSA says how it went, ERR and NTE where and why.

They hold places, codes and ids, and no value of the message: what is given back (MSH, RF1-6, PID-3) is an id or it is
left out; MSA-2 is the message's MSH-10 as it was sent, whatever it is, since the sender knows its message by nothing else. The same answer always has the same MSH-10, so a repeat is answered as the first was.
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Final

import orjson

from services.intake.sources.hl7v2.message import header_of, id_shaped, whole_marks
from services.intake.sources.hl7v2.texts import stamp

if TYPE_CHECKING:
    import datetime as dt

    from services.intake.problems import Refused
    from services.intake.senders import Source
    from services.intake.sources.hl7v2.message import Header
    from services.intake.sources.hl7v2.profile import Hl7
    from services.intake.sources.hl7v2.reader import Echo

MOST_CONTROL: Final = 199  # characters of MSH-10, and so of MSA-2, in the newest versions
# HL7 table 0357 (message error condition codes), by our codes and the places that they are about.
_CONDITIONS: Final = {
    "100": "Segment sequence error",
    "101": "Required field missing",
    "102": "Data type error",
    "103": "Table value not found",
    "200": "Unsupported message type",
    "201": "Unsupported event code",
    "202": "Unsupported processing id",
    "203": "Unsupported version id",
    "204": "Unknown key identifier",
    "205": "Duplicate key identifier",
    "207": "Application internal error",
}
_BY_CODE: Final = {
    "unreadable": "100",
    "required": "101",
    "incomplete": "101",
    "unmapped": "103",
    "not-found": "204",
    "conflict": "205",
    "not-allowed": "201",
    "unauthorised": "207",
    "too-large": "207",
    "too-slow": "207",
    "too-many": "207",
    "busy": "207",
    "failed": "207",
}
_UNSUPPORTED: Final = {"MSH-9": "200", "MSH-11": "202", "MSH-12": "203"}
# What is wrong with a message, not with the moment: sent again as it is, it is answered so again.
_WRONG: Final = frozenset(("unreadable", "incomplete", "conflict", "not-found", "wrong-type", "required"))
_PLACES: Final = {"not-found": "RF1-6"}
_PLACE: Final = re.compile(r"([A-Z][A-Z0-9]{2})(?:\[(\d+)\])?(?:-(\d+))?")
_ENHANCED: Final = {"AA": "CA", "AE": "CE", "AR": "CR"}


def taken(echo: Echo, answer: bytes, now: dt.datetime) -> tuple[str, bytes]:
    """The answer to what was taken; `answer` is the one that is kept."""
    said = orjson.loads(answer)
    referral_id = said["referral_id"]
    words = [said["phone_now"]] if said.get("emergency") else []
    notices = said["warnings"] if _warns(echo.profile) else []
    writer = _Answer(echo.header, echo.profile, "AA", now, answer)
    writer.acknowledge(" ".join((*words, f"taken, referral {referral_id}")))
    if writer.has_severity:
        for one in notices:
            writer.error(one["path"], one["code"], one["detail"], "W")
    if not writer.plain:
        writer.referral(echo, referral_id)
        notes = [] if writer.has_severity else [f"{one['path']}: {one['detail']}" for one in notices]
        writer.notes((*words, *notes))
    return writer.status, writer.bytes()


def refused(body: bytes, refusal: Refused, source: Source | None, now: dt.datetime) -> tuple[str, bytes]:
    """The answer to what was not taken; a person who may be in danger is never answered without "phone now"."""
    header, profile = header_of(body), source.hl7 if source else None
    wrong, not_now = (profile.wrong, profile.not_now) if profile else ("AE", "AR")
    writer = _Answer(header, profile, wrong if refusal.code in _WRONG else not_now, now, body)
    phone = [refusal.members["phone_now"]] if "phone_now" in refusal.members else []
    known = refusal.members.get("referral_id")
    writer.acknowledge(" ".join((*phone, refusal.detail, *([f"(referral {known})"] if known else []))))
    for place, code, detail in refusal.faults or ((_PLACES.get(refusal.code, ""), refusal.code, refusal.detail),):
        writer.error(place, code, " ".join((*phone, detail)), "E")
    return writer.status, writer.bytes()


def _warns(profile: Hl7 | None) -> bool:
    return profile is None or profile.warnings


class _Answer:
    """One answer in the making, in the version and with the separators of the message."""

    def __init__(self, header: Header, profile: Hl7 | None, code: str, now: dt.datetime, content: bytes) -> None:
        self._header = header
        form = profile.answer if profile else "rri"
        self.status = _ENHANCED[code] if form == "commit" else code
        self.plain = form != "rri" or code != "AA"  # an RRI tells of a referral: there is none where nothing was taken
        self.has_severity = _minor(header.version) >= 5
        self._version, self._now = header.version or "2.4", stamp(now)
        self._marks = whole_marks(header.marks)[:6]
        control = f"{header.control_id}{self.status}".encode()
        self._id = hashlib.sha256(control + content).hexdigest()[:20].upper()
        self._segments: list[str] = []

    def acknowledge(self, words: str) -> None:
        """MSH and MSA: MSA-2 is the message's MSH-10, MSH-11 is its own."""
        header, mark = self._header, self._marks[0]
        event = header.event if re.fullmatch(r"[A-Z]\d\d", header.event) else ""
        kind = ["ACK", event, "ACK"] if self.plain else ["RRI", event, "RRI_I12"]
        if not event or _minor(header.version) < 4:  # the structure's name is of version 2.3.1 and later
            kind = kind[:2]
        back = (header.to_application, header.to_facility, header.application, header.facility)
        to = [id_shaped(one) for one in back]
        processing = header.processing if header.processing in {"P", "T", "D"} else "P"
        head = [
            "MSH",
            self._marks[1:],
            *to,
            self._now,
            "",
            self._joined(*kind),
            self._id,
            processing,
            id_shaped(self._version),
        ]
        self._segments.append(mark.join(head))
        self._put("MSA", self.status, header.control_id[:MOST_CONTROL], self._escaped(words))

    def error(self, place: str, code: str, words: str, severity: str) -> None:
        """ERR: before version 2.5 place and condition in its first field; since then also severity and words."""
        found = _PLACE.fullmatch(place)
        name, nth, field = (found[1], found[2] or "1", found[3] or "") if found else ("", "", "")
        condition = _condition(place, code)
        coded = [condition, _CONDITIONS[condition], "HL70357"]
        if self.has_severity:
            location = self._joined(name, nth, field)
            told = words if found or not place else f"{place}: {words}"
            self._put("ERR", "", location, self._joined(*coded), severity, "", "", "", self._escaped(told))
        else:
            inner = self._marks[4] if len(self._marks) > 4 else "&"
            self._put("ERR", self._joined(name, nth, field, inner.join(coded)))

    def referral(self, echo: Echo, referral_id: str) -> None:
        """RF1 with the sender's name of the referral and ours, PRD with us, PID with the sender's id of the person."""
        pending = self._joined("P", "Pending", "HL70283") if self._header.event != "I14" else ""
        ours = self._joined(referral_id, "FRONTDOOR")
        self._put("RF1", pending, "", "", "", "", self._joined(*echo.referral), "", "", "", "", ours)
        self._put("PRD", self._joined("RT", "Referred to provider", "HL70286"))
        self._put("PID", "1", "", self._joined(*echo.person))

    def notes(self, texts: tuple[str, ...]) -> None:
        """NTE, one each."""
        for number, text in enumerate(texts, 1):
            self._put("NTE", str(number), "", self._escaped(text))

    def bytes(self) -> bytes:
        """The whole; every segment ends with a carriage return."""
        return "".join(f"{segment}\r" for segment in self._segments).encode("ascii", "replace")

    def _put(self, *fields: str) -> None:
        self._segments.append(self._marks[0].join(fields).rstrip(self._marks[0]))

    def _joined(self, *parts: str) -> str:
        return self._marks[1].join(parts).rstrip(self._marks[1])

    def _escaped(self, text: str) -> str:
        """A text in which no separator stands unescaped, on one line."""
        escape = self._marks[3]
        letters = dict(zip(self._marks, "FSRET", strict=False))
        plain = " ".join(text.split())
        return "".join(f"{escape}{letters[one]}{escape}" if one in letters else one for one in plain)


def _condition(place: str, code: str) -> str:
    if code == "unsupported":
        return _UNSUPPORTED.get(place, "207")
    if code == "unreadable" and "-" in place:
        return "102"
    return _BY_CODE.get(code, "102")


def _minor(version: str) -> int:
    found = re.fullmatch(r"2\.(\d)(?:\.\d)?", version)
    return int(found[1]) if found else 4
