"""Messages that have no id of their own and name a referral that is known: a repeat, or something new, never neither."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pytest

from services.intake.problems import Refused
from services.intake.sources.told import Told
from services.intake.taking import handlers
from services.intake.transports.admission import arrived
from shared.traceparent import continue_trace
from tests.intake import intake
from tests.telling import message, referral_in, take

if TYPE_CHECKING:
    from pathlib import Path

    from services.intake.taking.desk import Answer
    from tests.intake import Desk
    from tests.stack import Database


def nameless(does: Any = "refer", **document: Any) -> Told:
    """A message about the sender's referral `GP-REF-1`, without an id of its own."""
    told = message("", does=does, **document)
    return told._replace(document={name: item for name, item in told.document.items() if name != "message_id"})


async def later(desk: Desk, told: Told, **after: int) -> Answer:
    """Takes a message that comes so much later."""
    sender = next(one for one in desk.whole.senders.sources if one.id == "gp")
    incoming = arrived(b"MSH|...", continue_trace(None))
    return await handlers.take(
        desk.whole, sender, incoming._replace(received_at=incoming.received_at + dt.timedelta(**after)), told
    )


async def test_sent_again_it_is_a_repeat(database: Database, tmp_path: Path):
    async with intake(database, tmp_path) as desk:
        first = await take(desk, nameless())
        assert await take(desk, nameless()) == (first.body, True)
        assert await later(desk, nameless(), hours=23) == (first.body, True)
        assert len(await desk.events()) == 1


async def test_what_was_cancelled_and_is_sent_again_reaches_the_referral_anew(database: Database, tmp_path: Path):
    gone = Told("hl7v2", "cancel", {"reason": "duplicate"}, names=("GP-REF-1",))
    async with intake(database, tmp_path) as desk:
        first = await take(desk, nameless())
        await take(desk, gone)
        again = await take(desk, nameless())
        assert (referral_in(again), again.repeat) == (referral_in(first), False)
        assert (await take(desk, nameless())).repeat
        kinds = await database.fetch("SELECT kind FROM intake.receipt ORDER BY sequence")
        assert [row["kind"] for row in kinds] == ["received", "cancelled", "amended"]


@pytest.mark.parametrize("after", [{"hours": 25}, {"days": 400}], ids=str)
async def test_after_a_day_it_is_taken_as_news_of_that_referral(
    database: Database, tmp_path: Path, after: dict[str, int]
):
    async with intake(database, tmp_path) as desk:
        first = await take(desk, nameless())
        again = await later(desk, nameless(), **after)
        assert (referral_in(again), again.repeat) == (referral_in(first), False)
        assert len(await desk.events()) == 2


async def test_of_another_person_it_is_a_conflict(database: Database, tmp_path: Path):
    bob = {"name": {"given": "Bob", "family": "Other"}, "born": "1990-01-02"}
    async with intake(database, tmp_path) as desk:
        await take(desk, nameless())
        with pytest.raises(Refused, match="conflict"):
            await take(desk, nameless(person=bob))
