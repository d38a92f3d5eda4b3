"""Who refers: the systems that send (lanes) and the people behind them, all invented."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from random import Random

LANES: Final = ("practices-north", "practices-south", "self-referral-form", "partner-agencies")

WITHOUT_IDS: Final = (
    "self-referral-form",
)  # a web form numbers nothing and amends nothing; its repeats are found by content


class Sender(NamedTuple):
    """A kind of referrer: its lanes, its MHSDS SOURCE OF REFERRAL code and its role in words."""

    lanes: tuple[str, ...]
    code: str
    role: str


_PARTNERS: Final = ("partner-agencies",)
SENDERS: Final = {
    "gp": Sender(("practices-north", "practices-south"), "A1", "general practitioner"),
    "self": Sender(("self-referral-form",), "B1", "self"),
    "hospital": Sender(_PARTNERS, "H1", "liaison nurse"),
    "midwife": Sender(_PARTNERS, "A4", "midwife"),
    "school": Sender(_PARTNERS, "F1", "school nurse"),
    "police": Sender(_PARTNERS, "E1", "police officer"),
    "council": Sender(_PARTNERS, "C1", "social worker"),
    "voluntary": Sender(_PARTNERS, "G4", "support worker"),
    "jobcentre": Sender(_PARTNERS, "M5", "work coach"),
}
_STAFF: Final = (
    "A. Pemberwick",
    "B. Osei-Larkin",
    "C. Tregarron",
    "D. Vellacott",
    "E. Marchbanks",
    "F. Iqbal-Stone",
    "G. Åkerlund",
)
_PRACTICES: Final = tuple(f"Y99{number:03}" for number in range(1, 13))  # no real practice has a code in Y99
PRACTICE_ELSEWHERE: Final = "Y98001"


def lane_of(rng: Random, sender: str) -> str:
    """The system that this referrer sends with."""
    return rng.choice(SENDERS[sender].lanes)


def referrer(rng: Random, sender: str, at: dt.datetime) -> dict[str, Any]:
    """The referrer's part of a referral, by JSON path; a person who refers themself has only a practice, if that."""
    who = SENDERS[sender]
    practice = {"referrer.practice": rng.choice(_PRACTICES)} if rng.random() < 0.93 else {}
    part = {"referrer.role": who.role, "referrer.source_of_referral": who.code, **practice}
    if sender == "self":
        return part
    name = rng.choice(_STAFF)
    return part | {
        "referrer.name": name,
        "referrer.organisation": practice.get("referrer.practice", "Y99100")
        if sender == "gp"
        else f"Y991{rng.randrange(10):02}",
        "referrer.bypass_phone": f"020 7946 0{rng.randrange(1000):03}",
        "referrer.email": f"{name.split()[-1].lower().replace('å', 'a')}@practice.example",
        "referrer.last_seen": (at.date() - dt.timedelta(days=rng.randrange(15))).isoformat(),
        "referrer.commissioner": "Y99999",
    }
