"""The events that the benchmark loads: a synthetic month of one borough, coded as intake codes it (about 1.2 kB each)."""

from __future__ import annotations

import datetime as dt
import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from services.frontdoor.demo.month import Sent, month
from services.intake.coding import Place, code
from services.intake.contract.reading import read
from services.intake.safety.screen import read_screen
from services.intake.sources import json as form
from shared.localities import default_locality, read_localities
from tests.builders import MONDAY_10AM

if TYPE_CHECKING:
    from shared.referral import CodedReferral

DEPLOY: Final = Path(__file__).parents[2] / "deploy"


@cache
def coded_month() -> tuple[CodedReferral, ...]:
    """The referrals of a month, as they travel."""
    localities = read_localities(DEPLOY / "localities.yaml")
    screen = read_screen(DEPLOY / "screen.yaml")
    place = Place(localities, default_locality(localities), screen, b"a secret of benchmarks", {})
    sent = month(seed=2026, run="bench", people=500, until=MONDAY_10AM)
    bodies = [json.dumps(message.body).encode() for message in sent if message.sent is Sent.REFERRAL]
    return tuple(code(read(form.told(body).document, screen.silent), place, dt.date(2026, 11, 23)) for body in bodies)
