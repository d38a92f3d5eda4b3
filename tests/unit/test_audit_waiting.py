"""Which dead letters wait, from audit's rows: in whatever order and however often they are read."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from hypothesis import given
from hypothesis import strategies as st

from services.audit.waiting import Incident, Waiting
from shared.cloudevents import pack, to_json
from shared.dead_letters import dead_letter
from shared.errors import Poison
from shared.operations import DeadLetterWorked
from shared.parked import parked_id
from tests.builders import MONDAY_10AM, ARecord

if TYPE_CHECKING:
    from collections.abc import Sequence

NOBODY: Any = None
MINUTE = dt.timedelta(minutes=1)


def a_letter(offset: int, code: str = "unreadable") -> tuple[str, bytes]:
    """A dead letter as it is stored: parked so many minutes after ten."""
    letter = dead_letter(ARecord(offset=offset), Poison(code, "why"), "triage", MONDAY_10AM + offset * MINUTE)
    return "a-cluster.1", pack(letter.headers)


def a_step(offset: int) -> bytes:
    """What somebody did about it, as it is stored."""
    where = {"group": "triage", "code": "unreadable", "topic": "referrals.received", "partition": 0, "offset": offset}
    entry, said = parked_id("referrals.received", 0, offset), {"by": "Sam", "why": "a test", "at": MONDAY_10AM}
    return to_json(DeadLetterWorked(entry=entry, step="discarded", **said, **where))  # type: ignore[arg-type]  # of these types


def test_an_incident_has_how_many_wait_and_the_first_and_last_of_them() -> None:
    waiting = Waiting(NOBODY, NOBODY)
    waiting.take([a_letter(1), a_letter(2), a_letter(5), a_letter(3, "wrong-key")], [a_step(1)])
    assert waiting.incidents() == {
        ("triage", "unreadable"): Incident(2, MONDAY_10AM + 2 * MINUTE, MONDAY_10AM + 5 * MINUTE),
        ("triage", "wrong-key"): Incident(1, MONDAY_10AM + 3 * MINUTE, MONDAY_10AM + 3 * MINUTE),
    }


@given(st.permutations([("letter", n) for n in range(4)] + [("step", n) for n in range(2)]), st.integers(0, 6))
def test_rows_may_come_in_any_order_and_again(rows: Sequence[tuple[str, int]], at: int) -> None:
    waiting = Waiting(NOBODY, NOBODY)
    for portion in (rows[:at], rows[at:], rows):
        letters = [a_letter(n) for kind, n in portion if kind == "letter"]
        waiting.take(letters, [a_step(n) for kind, n in portion if kind == "step"])
    (incident,) = waiting.incidents().values()
    assert incident == Incident(2, MONDAY_10AM + 2 * MINUTE, MONDAY_10AM + 3 * MINUTE)


@given(st.lists(st.tuples(st.text(), st.binary())), st.lists(st.binary()))
def test_what_is_neither_a_dead_letter_nor_a_step_is_let_be(
    letters: list[tuple[str, bytes]], steps: list[bytes]
) -> None:
    waiting = Waiting(NOBODY, NOBODY)
    waiting.take(letters, steps)
    assert waiting.incidents() == {}
