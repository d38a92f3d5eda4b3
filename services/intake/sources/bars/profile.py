"""A source's settings for BaRS."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints

from services.intake.sources.bars.addresses import PLAIN


def _with_a_port_that_there_is(address: str) -> str:
    """Refuses a port above 65535 (ValueError), and a host that no name can be."""
    parts = urlsplit(address)
    if parts.port == 0 or not all(0 < len(label) < 64 for label in (parts.hostname or "").split(".")):
        raise ValueError("no such host or port")
    return address


Address = Annotated[str, StringConstraints(pattern=f"^{PLAIN}$"), AfterValidator(_with_a_port_that_there_is)]


class Bars(BaseModel):
    """`receivers` are the ODS codes by which it may address us; without them whom a message names is not looked at.

    `replies` are the addresses (scheme, host and the path's beginning) at which it may ask to be told what became of a
    referral; without them nothing is ever sent.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    receivers: frozenset[str] = frozenset()
    replies: tuple[Address, ...] = ()
