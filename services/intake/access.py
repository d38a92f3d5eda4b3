"""Who may see what of a referral. What a sender may not see does not exist for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.intake.senders import Source, Team

if TYPE_CHECKING:
    from services.intake.store import Referral


def sees(sender: Source | Team, referral: Referral, returned: int | None = None) -> bool:
    """A source its own; a team those routed to it; the hub its locality's. Live and synthetic never mix."""
    if sender.synthetic != referral.synthetic:
        return False
    if isinstance(sender, Source):
        return referral.source == sender.account
    here = sender.locality in {None, referral.locality}
    return here and (sender.hub or bool(stands_for(sender, referral, returned)))


def stands_for(team: Team, referral: Referral, returned: int | None) -> tuple[str, ...]:
    """The destinations of the standing decision that the team stands for, until it returns the referral.

    `returned` is the sequence of the team's newest return, which counts until triage has decided on it.
    """
    if returned is not None and returned > referral.decided_sequence:
        return ()
    return tuple(sorted(team.destinations & referral.names))
