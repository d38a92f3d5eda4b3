"""A message of HL7 v2 from its bytes: its segments, read by number, whoever wrote them and however.

`hl7` takes the text apart. Charset, line ends, batches and escape sequences are ours: real senders differ there, and
the library stops at bytes that are not ASCII.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

import hl7

from services.intake.problems import Fault, Refused
from services.intake.sources.hl7v2.segment import NULL, Segment
from services.intake.sources.hl7v2.texts import decoded, offset_of

MOST_SEGMENTS: Final = 5_000
MOST_ENDS: Final = 1_000_000  # of lines: the longest message as base64 has half of them
MOST_MARKS: Final = 50_000  # separators of one message: each is an object while it is read
# How a header stands among other lines: its separator, up to five encoding characters, the separator again. Less than
# that (`MSH: wants to be seen`, `MSH/CMHT letter attached`) is what somebody wrote on a line of its own.
HEADER: Final = rb"(?=(?:MSH|FHS|BHS)([^\w\s])([^\w\s]{1,5}?)\1)"
_FIRST: Final = re.compile(rb"\A(?:\xef\xbb\xbf)?\s*(?=MSH[^\w\s])")
_NEXT: Final = re.compile(rb"[\r\n](?=MSH)" + HEADER)
_ENVELOPE: Final = frozenset(("FHS", "BHS", "BTS", "FTS"))
_SEGMENT: Final = re.compile(r"[A-Z][A-Z0-9]{2}")
_USUAL: Final = "|^~\\&"
_UNSTORABLE: Final = {0: "\ufffd"}  # PostgreSQL keeps no NUL in a text; the original bytes keep it
_ID: Final = re.compile(r"[\w./:+-]{1,199}", re.ASCII)


class Header(NamedTuple):
    """What MSH says, each field as it stands (`marks` are the field's and the encoding characters).

    `control_id` is not unescaped: it is given back as it was sent.
    """

    marks: str
    application: str
    facility: str
    to_application: str
    to_facility: str
    at: str
    type: str
    event: str
    control_id: str
    processing: str
    version: str
    charset: str

    @property
    def offset(self) -> str:
        """The sender's offset from UTC, where it told one."""
        return offset_of(self.at)


class Message(NamedTuple):
    """A message: its header and its other segments in order. `misdeclared`: its bytes are in another charset than it says."""

    header: Header
    segments: tuple[Segment, ...]
    misdeclared: bool

    def of(self, name: str) -> list[Segment]:
        """The segments of a name, in order."""
        return [segment for segment in self.segments if segment.name == name]

    def first(self, name: str) -> Segment | None:
        """The first segment of a name."""
        return next((segment for segment in self.segments if segment.name == name), None)


def messages(block: bytes) -> list[bytes]:
    """The messages of a block, one by one: a batch (FHS, BHS) is no more than its messages."""
    first = [found.end()] if (found := _FIRST.match(block)) else []
    starts = first + [found.end() for found in _NEXT.finditer(block) if is_header(found) and found.end() not in first]
    if not starts:
        return [block]
    return [block[start:end] for start, end in zip(starts, [*starts[1:], len(block)], strict=True)]


def is_header(found: re.Match[bytes]) -> bool:
    """Whether what `HEADER` found is one: no two of its separators are the same."""
    return _distinct(found[1] + found[2])


def alone(block: bytes) -> bytes:
    """The one message of a block. `Refused` where there are more: an answer tells of one, and none may go unseen behind it."""
    found = messages(block)
    if len(found) > 1:
        raise Refused(413, "too-large", "one message is taken here at a time: send those of a batch one by one")
    return found[0]


def parse(body: bytes, charset: str | None = None) -> Message:
    """The message in `body`. `Refused` where it does not begin as one, or is longer than is read."""
    if body[:3] != b"MSH" or len(body) < 8 or not _separates(body[3]):
        raise Refused(400, "unreadable", "this is no HL7 v2 message: it does not begin with MSH", _at("MSH"))
    mark, names = body[3:4], body[:4096].splitlines()[0].split(body[3:4])
    declared = names[17].partition(names[1][1:2] or b"~")[0].decode("ascii", "replace") if len(names) > 17 else ""
    if not _distinct(mark + names[1]):
        raise Refused(400, "unreadable", "the encoding characters of MSH cannot be read", _at("MSH-2"))
    if len(names) < 3:
        raise Refused(400, "unreadable", "MSH-2 ends with no field separator on its line", _at("MSH-2"))
    text, misdeclared = decoded(body, declared, charset)
    lines = _lines(text)
    if len(lines) > MOST_SEGMENTS or sum(map(body.count, (mark, *map(_one, names[1][:5])))) > MOST_MARKS:
        raise Refused(413, "too-large", "the message has more segments or fields than are read")
    parsed = hl7.parse("\r".join(lines))
    counts: dict[str, int] = {}
    segments = []
    marks = str(parsed[0][1]) + str(parsed[0][2])
    for fields in parsed:
        name = str(fields[0])
        counts[name] = counts.get(name, 0) + 1
        if name not in _ENVELOPE:
            segments.append(Segment(fields, counts[name], marks))
    if counts["MSH"] > 1:  # what follows it may be another person's
        raise Refused(400, "unreadable", "a second MSH stands here, which cannot be read as one", _at("MSH[2]"))
    return Message(_header(segments[0], marks), tuple(segments[1:]), misdeclared)


def header_of(body: bytes) -> Header:
    """What can be read of a message's header, to answer it; of what is no message, its field separator at most."""
    start = body.find(b"MSH")
    line = next(iter(body[start : start + 4096].splitlines()), b"") if start >= 0 else b""
    try:
        return parse(line).header
    except Exception:  # noqa: BLE001  (whatever stopped the reader, and is told by it, the sender gets an answer)
        told = line[3:4] if _distinct(line[3:4]) else b""
        return Header(whole_marks(told.decode()), *[""] * 11)


def whole_marks(told: str) -> str:
    """The separators of a message: those that it leaves out are the usual ones."""
    return told + _USUAL[len(told) :]


def id_shaped(text: str) -> str:
    """An id of the sender's, to be told back; nothing where it is none, since it may be anything."""
    return text if _ID.fullmatch(text) else ""


def _header(msh: Segment, marks: str) -> Header:
    def at(field: int, component: int = 1) -> str:
        text = msh.text(field, component)
        return "" if text == NULL else text

    kind, event, processing = at(9).upper(), at(9, 2).upper(), at(11).upper()
    control = "" if msh.raw(10) == NULL else msh.raw(10)
    return Header(marks, at(3), at(4), at(5), at(6), at(7), kind, event, control, processing, at(12), at(18))


def _lines(text: str) -> list[str]:
    """The segments as lines, whatever ends them; a line that begins with no segment's name goes on with the one before.

    A name is one only before a separator: `DNA` or `HIV` on a line of its own is what somebody wrote.
    """
    if sum(map(text.count, "\r\n\x0b\x0c")) > MOST_ENDS:
        raise Refused(413, "too-large", "the message has more lines than are read")
    mark = text[3]
    segments: list[list[str]] = []
    for line in re.split(r"[\r\n\x0b\x0c]+", text.translate(_UNSTORABLE)):
        if line[3:4] == mark and _SEGMENT.match(line):
            segments.append([line])
        elif segments and line.strip() and not _says_nothing(line.strip(), len(segments)):
            segments[-1].append(line)
    return ["\n".join(lines) for lines in segments]


def _says_nothing(line: str, nth: int) -> bool:
    """A batch's end without fields; so too a segment without any, right after MSH, where nobody writes."""
    return line in _ENVELOPE or (nth == 1 and _SEGMENT.fullmatch(line) is not None)


def _one(mark: int) -> bytes:
    return bytes((mark,))


def _distinct(marks: bytes) -> bool:
    """Whether no two of the separators are the same; those that MSH-2 leaves out are the usual ones."""
    told = whole_marks(marks.decode("latin-1"))[:5].encode("latin-1")
    return len(set(told)) == len(told) and all(map(_separates, told))


def _separates(mark: int) -> bool:
    """Whether a byte can be a separator: a printed character of ASCII that is no letter, digit or blank."""
    return 0x20 < mark < 0x7F and not chr(mark).isalnum()


def _at(place: str) -> Fault:
    return Fault(place, "unreadable", "cannot be read as what belongs here")
