"""Failures have three names; each is classified once, at the edge where it arises.

`Poison`: this record can never work; park it. `Transient`: back off and try again, skip nothing. Anything else is a
bug: the service stops, loudly, and its supervisor restarts it.
"""

from __future__ import annotations


class FrontDoorError(Exception):
    """A failure with a stable code; its text says what, where and what to do, and never holds a patient's data."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail


class Poison(FrontDoorError):
    """This record can never work, however often it is tried."""


class Transient(FrontDoorError):
    """Something this service needs is away; the same call may work later."""


class Bug(FrontDoorError):
    """Something that cannot be is; going on would make it worse."""


class Usage(FrontDoorError):
    """The command or its settings are wrong, or what it needs cannot be reached: exit code 2."""
