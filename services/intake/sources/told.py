"""What one message says, in the terms of the contract: all that a standard's reader has to give. Pure.

A reader (`services.intake.sources.<standard>`) turns bytes into this or raises `Refused`. It maps what it knows, puts
text that no field takes into `unmapped` of the document (kept, screened for words of risk, shown to the hub), and leaves
to `services.intake.contract.reading` what a value means.
"""

from __future__ import annotations

import hashlib
import re
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple
from uuid import UUID  # noqa: TC003  (NamedTuple reads the annotations at run time)

import orjson

from services.intake.contract.reading import Notice
from services.intake.person import valid
from services.intake.problems import Fault, Refused
from shared.codes import Urgency

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from services.intake.contract.reading import Reading
    from services.intake.contract.values import Read

Standard = Literal["json", "bars", "hl7v2", "mesh", "csv"]
Does = Literal["refer", "amend", "cancel", "answer"]

# What may be stored beside a referral, by its media type, with how such a file begins (None: text, which has no sign).
TYPES: Final[Mapping[str, tuple[bytes, ...] | None]] = MappingProxyType(
    {
        "application/pdf": (b"%PDF-",),
        "image/jpeg": (b"\xff\xd8\xff",),
        "image/png": (b"\x89PNG\r\n\x1a\n",),
        "image/tiff": (b"II*\x00", b"MM\x00*"),
        "application/rtf": (b"{\\rtf",),
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document": (b"PK\x03\x04",),
        "text/plain": None,
    }
)
NAMED: Final = {"bars": "ServiceRequest.identifier", "hl7v2": "RF1-6"}  # where a sender calls a referral something
MOST_TEXT: Final = 1_048_576  # bytes of one message beside its documents: every text is screened
MOST_ATTACHED: Final = 10 * 1024 * 1024  # bytes of one attachment
MOST_ATTACHMENTS: Final = 20  # of one message
_SEPARATORS: Final = re.compile(r"[\s-]")  # in an NHS number
SCORES: Final = ("phq9", "gad7")  # ends of the paths beside which the day of the score has its own, `_on`
_MOST_URGENT_FIRST: Final = {"risk.life_in_danger": ("yes", "no"), "referrer.urgency": tuple(Urgency)}
# A code of at most three characters, or of SNOMED CT's shape; no telephone or NHS number and no date of birth.
_CODE: Final = re.compile(r"[a-z0-9-]{1,40}\|(?:[A-Za-z0-9]{1,3}|(?!0|(?:19|20)\d{6}$|\d{10}$)\d{3,15}[01]0\d)")


class Attachment(NamedTuple):
    """A document that came with a message; `sha256` is its name here, in hex."""

    sha256: str
    type: str
    content: bytes


class Told(NamedTuple):
    """What a message says. `document` has the contract's paths, and `message_id` if the sender gave one.

    `names` are what the sender itself calls the referral (not the message); `referral_id` is our own id, where the
    message quotes it. `trail` tells for a path of the document where in the message it stood. `reply_to` is what an
    answer quotes, and where a later one goes: addresses and ids of transport, nothing of the person. `echo` is what the
    standard's own answer must give back of the message; nothing else looks at it. `person` is a document with whom a
    cancellation says that it is about. `adds` are the paths of the document that, where this amends a referral, stand
    beside what was said before and not in its place: the message says them of something else than the field.
    """

    standard: Standard
    does: Does
    document: dict[str, Any]
    names: tuple[str, ...] = ()
    referral_id: UUID | None = None
    trail: Mapping[str, str] = MappingProxyType({})
    warnings: tuple[Notice, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    reply_to: Mapping[str, str] = MappingProxyType({})
    echo: Any = None
    person: dict[str, Any] | None = None
    adds: frozenset[str] = frozenset()

    def place(self, path: str) -> str:
        """Where the value of a contract's path stood in the message; the path itself where nobody knows."""
        if path == "name":
            return NAMED.get(self.standard, path)
        inner = path
        while inner and inner not in self.trail:
            inner = inner.rpartition(".")[0] if "[" not in inner.rpartition(".")[2] else inner.rpartition("[")[0]
        return self.trail.get(inner, path)

    def placed(self, notices: Iterable[Notice]) -> list[Notice]:
        """Warnings about the document, each with its place in the message."""
        return [notice._replace(path=self.place(notice.path)) for notice in notices]

    def located(self, refused: Refused) -> Refused:
        """A refusal whose faults name places in the message."""
        refused.faults = tuple(Fault(self.place(path), code, detail) for path, code, detail in refused.faults)
        return refused


def attached(content: bytes, told_type: str, place: str) -> tuple[Attachment | None, tuple[Notice, ...]]:
    """An attachment whose type and size were checked; a warning for one that stays with the original bytes alone."""
    media = told_type.partition(";")[0].strip().casefold()
    if media not in TYPES:
        return None, (Notice(place, "attachment-type"),)
    if not content or len(content) > MOST_ATTACHED:
        return None, (Notice(place, "attachment-size"),)
    signs = TYPES[media]
    if signs is not None and not content.lstrip()[:16].startswith(signs):
        return None, (Notice(place, "attachment-differs"),)
    return Attachment(hashlib.sha256(content).hexdigest(), media, content), ()


def bounded(told: Told, body: bytes) -> Told:
    """What a message says; refused where that is more text than is screened while others wait."""
    if len(body) > MOST_TEXT and len(orjson.dumps(told.document)) > MOST_TEXT:
        raise Refused(413, "too-large", f"a message may have {MOST_TEXT} bytes of text beside its documents")
    return told


def listed(attachments: Iterable[Attachment]) -> list[dict[str, Any]]:
    """How attachments stand in the document: references, never content; each once."""
    once = {one.sha256: one for one in attachments}.values()
    return [{"id": one.sha256, "type": one.type, "sha256": one.sha256, "size": len(one.content)} for one in once]


def counted_of(path: str, answers: list[Any], read: Read) -> Any:
    """Which of the answers to one question counts: the most urgent, the highest score; None where nobody can tell.

    What says that this is an emergency counts beside an answer that cannot be read, too.
    """
    meant = [read(one) for one in answers]
    order = _MOST_URGENT_FIRST.get(path, ())
    if order and order[0] in meant:
        return answers[meant.index(order[0])]
    if None in meant:
        return None
    if order or all(isinstance(one, int) for one in meant):
        most = min(meant, key=order.index) if order else max(meant)
        return answers[meant.index(most)]
    return answers[0] if meant.count(meant[0]) == len(meant) else None


def one_number(numbers: Iterable[str]) -> str:
    """Which of the NHS numbers that are told for one person counts: the only one that passes its check, else the first.

    Where two pass nobody can tell whose referral this is: both are kept as one text, which is no number, and a person traces.
    """
    told = list(dict.fromkeys(filter(None, [_SEPARATORS.sub("", number) for number in numbers])))
    if len(told) > 1:
        told = [number for number in told if re.fullmatch(r"[0-9]{10}", number) and valid(number)] or told[:1]
    return " or ".join(told)


def unmapped(told: Told, reading: Reading) -> list[dict[str, str]]:
    """The codes of a message that no table knows, each with its place. One that might be a word shows as nothing."""
    found = []
    for path, code, _ in reading.warnings:
        if code == "unmapped":
            value = _at(reading.document, path)
            shown = value if isinstance(value, str) and _CODE.fullmatch(value) else ""
            found.append({"path": told.place(path), "code": shown})
    return found


def _at(document: Any, path: str) -> Any:
    for part in re.findall(r"[^.\[\]]+", path):
        if isinstance(document, list):
            document = document[int(part)] if part.isdigit() and int(part) < len(document) else None
        else:
            document = document.get(part) if isinstance(document, dict) else None
    return document
