"""HL7 v2: any bytes are read or refused, and answered."""

from __future__ import annotations

import datetime as dt

from services.intake.contract.reading import read
from services.intake.problems import Refused
from services.intake.senders import Source
from services.intake.sources.hl7v2 import answers
from services.intake.sources.hl7v2.message import messages
from services.intake.sources.hl7v2.reader import told
from tests.garbling import demand_storable

SOURCE = Source.model_validate(
    {"id": "gp", "name": "GP", "keys": ["0" * 64], "hl7": {"facility": "G85001", "processing": ["P", "T", "D"]}}
)
NOW = dt.datetime(2026, 1, 5, tzinfo=dt.UTC)
KEPT = b'{"referral_id":"00000000-0000-4000-8000-000000000001","warnings":[]}'


def one(data: bytes) -> None:
    """Raises where the reader has a fault."""
    for message in messages(data):
        try:
            said = told(message, SOURCE)
        except Refused as refused:
            _, answer = answers.refused(message, refused, SOURCE, NOW)
        else:
            demand_storable(read(said.document).document)
            _, answer = answers.taken(said.echo, KEPT, NOW)
        if not answer.startswith(b"MSH") or b"\rMSA" not in answer:
            raise AssertionError("no answer in the standard's form")
