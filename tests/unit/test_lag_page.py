"""What `frontdoor lag` shows of the hub's queue."""

from __future__ import annotations

import datetime as dt

from rich.console import Console

from services.frontdoor.lag_page import parts
from services.frontdoor.lag_picture import Picture, Queue, Queues
from tests.builders import MONDAY_10AM

HOUR = dt.timedelta(hours=1)


def shown(*hub: Queue) -> str:
    console = Console(width=80)
    with console.capture() as captured:
        console.print(
            *parts(Picture(MONDAY_10AM + HOUR, 1, None, Queues(0, None, hub), {}), partitions=False), sep="\n"
        )
    return captured.get()


def test_made_up_referrals_at_the_hub_are_not_counted_among_the_people_who_wait_there():
    person = Queue("safety", "2", synthetic=False, referrals=1, oldest=MONDAY_10AM, overdue=0)
    page = shown(person, Queue("sent-to-hub", "1", synthetic=True, referrals=3, oldest=MONDAY_10AM, overdue=3))
    assert "hub: 1 referral waits for a person, and 3 made up (synthetic)" in page
    assert [line.split() for line in page.splitlines()[-2:]] == [
        ["urgent", "held:", "safety", "1", "1", "h", "0"],
        ["emergency", "sent", "to", "the", "hub", "(synthetic)", "3", "1", "h", "3"],
    ]


def test_where_nothing_is_made_up_nothing_is_said_of_it():
    page = shown(Queue("sent-to-hub", "1", synthetic=False, referrals=2, oldest=MONDAY_10AM, overdue=2))
    assert "hub: 2 referrals wait for a person\n" in page
    assert "synthetic" not in page
