"""BaRS: any bytes are read or refused, as a sender's message and as a team's, and each refusal has its form."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

from services.intake.contract.reading import read
from services.intake.problems import Refused
from services.intake.senders import Source, Team
from services.intake.sources.bars import outcome
from services.intake.sources.forms import FORMS, Moment
from tests.garbling import demand_storable

KEY = ("0" * 64,)
GP = Source(id="gp", name="gp", keys=KEY)
TEAM = Team(id="team", name="team", keys=KEY, destinations=frozenset(("hub",)))
MOMENT = Moment(dt.datetime(2026, 11, 25, tzinfo=dt.UTC), UUID(int=7))


def one(data: bytes) -> None:
    """Reads a message, or learns why not."""
    for sender in (GP, TEAM):
        try:
            told = FORMS["bars"].read(data, sender) if isinstance(sender, Source) else outcome.told(data, sender)
            demand_storable(read(told.document).document)
        except Refused as refused:
            FORMS["bars"].refused(data, refused, GP, MOMENT)
