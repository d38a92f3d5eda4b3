"""Referrals read and coded for tests, in a place with two localities."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from services.intake.coding import Place, code
from services.intake.contract.reading import read
from services.intake.safety.screen import screen_of
from shared.localities import Locality
from tests.intake import a_body

if TYPE_CHECKING:
    from shared.referral import CodedReferral

TODAY = dt.date(2026, 11, 23)
LAMBETH = Locality(name="Lambeth", default=True, opening_hours={}, postcode_districts={"SW9"}, practices={"Y99001"})
ELSEWHERE = Locality(name="Elsewhere", opening_hours={}, postcode_districts={"M1"})
PLACE = Place({"lambeth": LAMBETH, "north": ELSEWHERE}, "lambeth", screen_of(["suicid*"]), b"secret", {"SW98AA": 2})


def coded(**groups: Any) -> CodedReferral:
    """What travels of a referral."""
    return code(read(a_body(**groups)), PLACE, TODAY)


def warned(**groups: Any) -> set[tuple[str, str]]:
    """The places and codes of its warnings."""
    reading = read(a_body(**groups))
    code(reading, PLACE, TODAY)
    return {(warning.path, warning.code) for warning in reading.warnings}
