"""The standards by name: how each reads a message and answers it. Pure; whoever carries messages looks here.

A new standard is one entry here, its reader beside this file, its settings of a source and its samples.
"""

from __future__ import annotations

import datetime as dt  # noqa: TC003  (NamedTuple reads the annotations at run time)
from typing import TYPE_CHECKING, Final, NamedTuple
from uuid import UUID  # noqa: TC003  (the same)

import orjson

from services.intake.problems import Refused
from services.intake.sources import bars, csv, json
from services.intake.sources.bars import answers as bars_answers
from services.intake.sources.hl7v2 import answers, reader
from services.intake.sources.hl7v2.message import alone
from services.intake.sources.told import bounded

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from services.intake.senders import Source
    from services.intake.sources.told import Told


class Moment(NamedTuple):
    """What an answer needs besides the message: the clock and the chance."""

    now: dt.datetime
    new_id: UUID


class Reply(NamedTuple):
    """An answer in a standard's own form: how it says yes or no (`202`, `AA`) and its bytes."""

    status: str
    body: bytes


class Form(NamedTuple):
    """One standard. `read` raises `Refused`.

    `taken` gets the answer as it is kept (JSON) and whether it is a repeat; `refused` the bytes again, since what cannot
    be read has to be answered too, whoever sent it (None: somebody unknown).
    """

    read: Callable[[bytes, Source], Told]
    taken: Callable[[Told, bytes, bool, Moment], Reply]
    refused: Callable[[bytes, Refused, Source | None, Moment], Reply]


def _taken(_: Told, answer: bytes, __: bool, ___: Moment) -> Reply:  # noqa: FBT001  (as in Form)
    return Reply("202", answer)


def _refused(_: bytes, refused: Refused, __: Source | None, ___: Moment) -> Reply:
    return Reply(str(refused.status), orjson.dumps(refused.as_json()))


def _bars_taken(told: Told, answer: bytes, repeat: bool, moment: Moment) -> Reply:  # noqa: FBT001  (as in Form)
    if repeat:  # senders count this answer as success; it names the referral, whose first answer was lost
        return _bars_refused(b"", repeated(answer), None, moment)
    return Reply("200", orjson.dumps(bars_answers.taken(told, answer, moment.now, moment.new_id)))


def _bars_refused(_: bytes, refused: Refused, __: Source | None, moment: Moment) -> Reply:
    return Reply(str(bars_answers.status_of(refused)), orjson.dumps(bars_answers.outcome(refused, moment.new_id)))


def repeated(answer: bytes) -> Refused:
    """How a repeat is refused where a standard does not answer it as the first message was; an emergency stays one."""
    said = orjson.loads(answer)
    detail = f"this message has already been received and processed; reference id: {said['referral_id']}"
    phone = {name: said[name] for name in ("emergency", "phone_now") if name in said}
    return Refused(409, "repeat", detail, **phone)


def _hl7_taken(told: Told, answer: bytes, _: bool, moment: Moment) -> Reply:  # noqa: FBT001  (as in Form)
    return Reply(*answers.taken(told.echo, answer, moment.now))


def _hl7_refused(body: bytes, refused: Refused, source: Source | None, moment: Moment) -> Reply:
    return Reply(*answers.refused(body, refused, source, moment.now))


FORMS: Final[Mapping[str, Form]] = {
    "json": Form(lambda body, _: bounded(json.told(body), body), _taken, _refused),
    "bars": Form(lambda body, source: bounded(bars.told(body, source), body), _bars_taken, _bars_refused),
    "hl7v2": Form(lambda body, source: bounded(reader.told(alone(body), source), body), _hl7_taken, _hl7_refused),
    "csv": Form(lambda body, _: csv.told(body), _taken, _refused),  # a file of one row
}
