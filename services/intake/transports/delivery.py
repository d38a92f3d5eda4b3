"""One message of MESH: taken, or kept as invalid, and answered. Whether it is acknowledged then is the poller's to say."""

from __future__ import annotations

import asyncio
import datetime as dt
from typing import TYPE_CHECKING
from uuid import uuid4

import orjson

from services.intake import metrics
from services.intake.contract.values import plain
from services.intake.problems import Refused
from services.intake.safety.alarm import unread
from services.intake.sources.forms import FORMS, Moment, Reply
from services.intake.store import Invalid
from services.intake.taking import handlers
from services.intake.transports.admission import arrived
from services.intake.transports.mailbox import shaped
from services.intake.transports.routing import count
from shared.errors import Bug, Transient
from shared.log import get_logger
from shared.traceparent import continue_trace

if TYPE_CHECKING:
    from services.intake.senders import Source
    from services.intake.sources.forms import Form
    from services.intake.taking.desk import Desk
    from services.intake.transports.mailbox import Mailbox, Retrieved


async def dealt_with(desk: Desk, mailbox: Mailbox, found: Retrieved, warned: set[str]) -> Reply:
    """The answer to a message, which is durably taken or kept as invalid by then.

    What is no fault of the message raises `Transient` or whatever it is: the message stays in MESH. In an emergency, and
    where it could not be read, its sender is told to phone all the same, once; `warned` are the messages of which it was.
    """
    source = desk.senders.sends_from(found.sender)
    form = FORMS.get(mailbox.settings.mesh_workflows.get(found.workflow, ""))
    try:
        return await _taken(desk, found, source, form)
    except Refused as refused:
        count(refused)
        reply = _told(found, refused, source, form)
        if refused.status < 500:
            await _keep(desk, mailbox, found, source, refused)
            return reply
        if found.message_id not in warned:
            await answer(mailbox, found, reply, f"{found.message_id}.phone-now")
            warned.add(found.message_id)
        failure = Transient if refused.status == 503 else Bug
        raise failure(refused.code, "not taken") from refused


async def answer(mailbox: Mailbox, found: Retrieved, reply: Reply, local_id: str) -> None:
    """Answers the sender. What is itself an answer gets none: two systems would write to each other for ever."""
    if found.is_report or found.workflow == mailbox.settings.mesh_answers or found.workflow.upper().endswith("_ACK"):
        return
    if not await asyncio.to_thread(mailbox.send, found.sender, reply.body, local_id, reply.status):
        metrics.MESH_UNANSWERED.inc()
        get_logger().error("mesh answer not carried", mesh_id=shaped(found.message_id), source=shaped(found.sender))


async def _taken(desk: Desk, found: Retrieved, source: Source | None, form: Form | None) -> Reply:
    if found.is_report:
        raise Refused(409, "undelivered", "an answer was not collected from the mailbox that it was sent to")
    if source is None:
        raise Refused(401, "unauthorised", "this mailbox is nobody's here: ask to be let in, then send again")
    if form is None:
        raise Refused(403, "not-allowed", "nothing is taken under this workflow id: send it under one that was agreed")
    if found.fault is not None:
        raise found.fault
    with unread(desk.phone_now):
        told = form.read(found.body, source)
    own_id = plain(told.document.get("message_id"))
    incoming = arrived(found.body, continue_trace(None), None if own_id else found.message_id)
    try:
        taken = await handlers.take(desk, source, incoming, told)
    except Refused as refused:
        raise told.located(refused) from refused.__cause__
    metrics.MESH_MESSAGES.labels("repeat" if taken.repeat else "taken").inc()
    # Whatever comes again is answered as it was: that we went down before we answered is no repeat of the sender's.
    return form.taken(told, taken.body, False, _moment())  # noqa: FBT003  (as in Form)


async def _keep(desk: Desk, mailbox: Mailbox, found: Retrieved, source: Source | None, refused: Refused) -> None:
    row = Invalid(
        mailbox=mailbox.settings.mesh_mailbox,
        message_id=found.message_id,
        sender=shaped(found.sender),
        source=source.id if source else None,
        workflow=shaped(found.workflow),
        synthetic=bool(source and source.synthetic),
        received_at=dt.datetime.now(dt.UTC),
        status=refused.status,
        code=refused.code,
        problem=orjson.dumps(refused.as_json()),
        emergency=bool(refused.members.get("emergency")),
        original=found.body,
    )
    await desk.store.keep_invalid(row)
    metrics.MESH_MESSAGES.labels("invalid").inc()
    mesh_id = shaped(found.message_id)
    get_logger().error("mesh message invalid", mesh_id=mesh_id, code=row.code, source=row.source or row.sender)


def _told(found: Retrieved, refused: Refused, source: Source | None, form: Form | None) -> Reply:
    """A refusal in the message's own form; as a problem in JSON where nobody knows that form."""
    if source is not None and form is not None:
        return form.refused(found.body, refused, source, _moment())
    return Reply(str(refused.status), orjson.dumps(refused.as_json()))


def _moment() -> Moment:
    return Moment(dt.datetime.now(dt.UTC), uuid4())
