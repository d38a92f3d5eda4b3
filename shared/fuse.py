"""The fuse: most of the newest records being poison is a fault of ours (a bad deploy), so stop rather than park everyone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from shared.errors import Bug
from shared.settings import ServiceSettings

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

    Place = tuple[str, int, int]


class FuseSettings(ServiceSettings):
    """Of a service that parks what it cannot read."""

    fuse_window: int = Field(100, ge=10, description="the newest records that the fuse looks at")
    fuse_share: float = Field(0.5, gt=0, le=1, description="stop when more than this share of them is poison")


class Fuse:
    """Looks at whether the newest records could be read; a batch that is tried again counts once."""

    def __init__(self, settings: FuseSettings) -> None:
        self._window, self._share = settings.fuse_window, settings.fuse_share
        self._newest: dict[Place, bool] = {}  # by place, whether it was poison

    @property
    def window(self) -> int:
        """How many of the newest records it looks at."""
        return self._window

    def remember(self, before: Sequence[Place | None]) -> None:
        """Takes in what was made of the newest records before a restart, the oldest first: the place of each that was poison.

        Whoever starts a service again and again must not have a window's worth parked each time. Where more than its share
        was parked, somebody had it so (a share of 1): it begins empty then, and stops nobody for what was meant.
        """
        newest = before[-self._window :]
        if sum(place is not None for place in newest) <= self._share * self._window:
            self._newest = {place or ("", 0, number): place is not None for number, place in enumerate(newest)}

    def check(self, records: Iterable[Any], poison: Iterable[Any]) -> None:
        """Takes in what was read, in its order, and which of it is poison; `Bug` where that is most of the newest."""
        spoilt = {_place(record) for record in poison}
        for place in map(_place, records):
            self._newest.pop(place, None)
            self._newest[place] = place in spoilt
        for place in list(self._newest)[: -self._window]:
            del self._newest[place]
        count, full = sum(self._newest.values()), len(self._newest) == self._window
        if full and count > self._share * self._window:
            raise Bug("fuse", f"{count} of the newest {self._window} records cannot be read")


def _place(record: Any) -> Place:
    return record.topic, record.partition, record.offset
