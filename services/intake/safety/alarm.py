"""In an emergency the sender is told to phone, whatever else becomes of its message."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Self

from services.intake import metrics
from services.intake.contract.reading import read
from services.intake.problems import Refused, Unanswered
from services.intake.safety.emergency import is_emergency
from shared.errors import Transient
from shared.log import get_logger

if TYPE_CHECKING:
    from collections.abc import Iterator
    from uuid import UUID

    from services.intake.contract.reading import Reading


class Alarm:
    """Within it every answer to a message that says "emergency", also a refusal, says to phone, and a line is logged."""

    def __init__(self, reading: Reading, sender: str, phone_now: str) -> None:
        self.reading, self._sender, self._phone_now = reading, sender, phone_now
        self.referral_id: UUID | None = None

    @property
    def members(self) -> dict[str, Any]:
        """What the answer says of it."""
        emergency = is_emergency(self.reading)
        return {"emergency": True, "phone_now": self._phone_now} if emergency else {"emergency": False}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if not isinstance(error, Exception | None) or isinstance(error, Unanswered):
            return
        refused = error if error is None or isinstance(error, Refused) else _not_taken(error)
        if self.tell(refused) and refused is not None and refused is not error:
            raise refused from error

    def tell(self, refused: Refused | None) -> bool:
        """Whether it is an emergency; then a line is logged, and a refusal says to phone."""
        if not is_emergency(self.reading):
            return False
        metrics.EMERGENCIES.labels(self._sender).inc()
        referral_id = str(self.referral_id) if self.referral_id else None
        status = refused.status if refused else 202
        get_logger().warning("emergency", source=self._sender, status=status, referral_id=referral_id)
        if refused is not None:
            refused.members |= self.members
        return True


@contextmanager
def unread(phone_now: str) -> Iterator[None]:
    """Within it a message is read. Nobody knows what one that cannot be read was about: its sender is told to phone."""
    try:
        yield
    except Refused as refused:
        refused.members.setdefault("phone_now", phone_now)
        raise
    except Exception as error:
        failed = _not_taken(error)
        failed.members["phone_now"] = phone_now
        raise failed from error


def _not_taken(error: Exception) -> Refused:
    if isinstance(error, Transient):
        return Refused(503, "busy", "not taken: try again", headers={"Retry-After": "2"})
    return Refused(500, "failed", "not taken: this is our fault, and was logged")


@contextmanager
def phoning(document: dict[str, Any], sender: str, phone_now: str) -> Iterator[None]:
    """What cannot even be looked up is told to phone too, where its message says "emergency"; nothing is noted of the rest."""
    try:
        yield
    except (Refused, Unanswered):
        raise
    except Exception as error:
        refused = _not_taken(error)
        if Alarm(read(document), sender, phone_now).tell(refused):
            raise refused from error
        raise
