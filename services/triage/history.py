"""What triage knows of a person from its own past decisions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

NO_TEAM: Final = "none"


@dataclass(frozen=True, slots=True)
class History:
    """What triage's own past decisions say of the same person (by `person_key`, which links and never merges).

    `current_team` is the destination id of a secondary team that has the person open, or "none";
    `returns_90_days` counts referrals of this person that a team returned in the last 90 days.
    """

    current_team: str = NO_TEAM
    returns_90_days: int = 0


NO_HISTORY: Final = History()
