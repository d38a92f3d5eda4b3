"""Our own form: any bytes are read or refused, and what is read is read through."""

from __future__ import annotations

from contextlib import suppress

from services.intake.contract.reading import read
from services.intake.problems import Refused
from services.intake.sources.json import told
from tests.garbling import demand_storable


def one(data: bytes) -> None:
    """Reads a message, or learns why not."""
    with suppress(Refused):
        demand_storable(read(told(data).document).document)
