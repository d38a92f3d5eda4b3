"""Messages as a standard's reader tells them, taken by the way in that all standards share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from services.intake.sources.told import Attachment, Told, listed
from services.intake.taking import handlers
from services.intake.transports.admission import arrived
from shared.traceparent import continue_trace
from tests.intake import ADA

if TYPE_CHECKING:
    from services.intake.taking.desk import Answer
    from tests.intake import Desk


def message(
    number: str, *, name: str = "GP-REF-1", does: Any = "refer", files: tuple[Attachment, ...] = (), **document: Any
) -> Told:
    document = {"message_id": number, "person": ADA, "reason": {"code": "04"}, **document}
    if files:
        document["attachments"] = listed(files)
    return Told("hl7v2", does, document, names=(name,), attachments=files)


async def take(desk: Desk, told: Told, body: bytes = b"MSH|...", source: str = "gp") -> Answer:
    sender = next(one for one in desk.whole.senders.sources if one.id == source)
    return await handlers.take(desk.whole, sender, arrived(body, continue_trace(None)), told)


def referral_in(answer: Answer) -> str:
    return str(orjson.loads(answer.body)["referral_id"])
