"""Whether a referral says that this is an emergency now. Pure: the answer waits for its receipt alone.

That is 20 seconds at most, while PostgreSQL is away (`services.intake.store`); then it says to phone all the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.codes import Urgency

if TYPE_CHECKING:
    from services.intake.contract.reading import Reading


def is_emergency(reading: Reading) -> bool:
    """The referrer's own urgency is 1 (emergency), or life is in danger."""
    return bool(reading.get("referrer.urgency") == Urgency.EMERGENCY or reading.get("risk.life_in_danger") == "yes")
