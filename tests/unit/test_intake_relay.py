from __future__ import annotations

import asyncio
from typing import Any

import pytest

from services.intake.relay import Relay, first_of_each
from services.intake.settings import IntakeSettings
from services.intake.taking.receipts import MOST_BYTES
from shared.cloudevents import pack
from shared.health import Health
from shared.postgres import give_back


def a_row(number: int, referral: str, topic: str = "referrals.received", size: int = 1) -> dict[str, Any]:
    return {"id": number, "referral_id": referral, "topic": topic, "value": b"x" * size}


def test_a_round_publishes_one_event_of_each_referral_so_that_none_is_passed():
    rows = [a_row(1, "ada"), a_row(2, "ben"), a_row(3, "ada"), a_row(4, "cyd"), a_row(5, "ben")]
    assert [row["id"] for row in first_of_each(rows)] == [1, 2, 4]


def test_the_note_of_a_read_does_not_wait_for_the_referrals_own_events():
    rows = [a_row(1, "ada"), a_row(2, "ada", "frontdoor.operations")]
    assert [row["id"] for row in first_of_each(rows)] == [1, 2]


def test_an_event_that_no_broker_takes_stops_its_own_referral_alone():
    rows = [a_row(1, "ada", size=MOST_BYTES + 1), a_row(2, "ada"), a_row(3, "ben")]
    assert [row["id"] for row in first_of_each(rows)] == [3]


class Stalled:
    """A connection on which nothing is answered in time."""

    ended = False

    async def execute(self, _: str) -> None:
        raise TimeoutError

    def terminate(self) -> None:
        self.ended = True


async def test_a_connection_that_cannot_give_the_lock_back_does_not_keep_it():
    stalled: Any = Stalled()
    with pytest.raises(TimeoutError):
        await give_back(stalled)
    assert stalled.ended


SAME = ("the database that was looked at",)


class Waiting:
    """A connection to an outbox with one event."""

    async def fetch(self, *_: object, **__: object) -> list[dict[str, Any]]:
        return [a_row(1, "ada") | {"headers": pack(())}]

    async def fetchrow(self, *_: object) -> tuple[str, ...]:
        return SAME


class Silent:
    """A publisher that neither delivers nor fails."""

    async def publish(self, _: object) -> None:
        await asyncio.Event().wait()


async def test_a_relay_whose_produce_hangs_gives_up_so_that_another_can_go_on():
    settings = IntakeSettings.model_validate(
        {"postgres_dsn": "", "person_secret": "a secret of tests", "kafka_send_timeout": 0.1, "kafka_stop_timeout": 0.1}
    )
    nowhere: Any = Silent()
    waiting: Any = Waiting()
    relay = Relay(settings, waiting, nowhere, Health(90))
    relay._whole.seen = SAME
    active = asyncio.create_task(relay._active(waiting, asyncio.Event()))
    await asyncio.wait({active}, timeout=5)
    assert active.done() and isinstance(active.exception(), TimeoutError)
