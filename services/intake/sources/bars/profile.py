"""A source's settings for BaRS."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

from services.intake.sources.bars.addresses import PLAIN

Address = Annotated[str, StringConstraints(pattern=f"^{PLAIN}$")]


class Bars(BaseModel):
    """`receivers` are the ODS codes by which it may address us; without them whom a message names is not looked at.

    `replies` are the addresses (scheme, host and the path's beginning) at which it may ask to be told what became of a
    referral; without them nothing is ever sent.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    receivers: frozenset[str] = frozenset()
    replies: tuple[Address, ...] = ()
