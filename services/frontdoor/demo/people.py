"""Invented people: who they are, apart from how they are. No number or address here can belong to anybody.

NHS numbers come from the range 999, kept for tests; telephone numbers from the ranges that Ofcom keeps for drama
(07700 900xxx, 020 7946 0xxx); the last two letters of a postcode hold a letter that no real one has there.
"""

from __future__ import annotations

import datetime as dt
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from services.frontdoor.demo.presentations import plain_yaml

if TYPE_CHECKING:
    from random import Random

DISTRICTS: Final = ("SW2", "SW2", "SW4", "SW8", "SW9", "SW9", "SE5", "SE11", "SE24", "SE27", "SW16", "SE1")
ELSEWHERE: Final = ("CR0", "BR1", "TN9", "NW5")
STREETS: Final = ("Lambwell Road", "Breakfast Lane", "Osier Street", "Kettle Walk", "Vauxhall Reach", "Josephine Mews")
MOST_PEOPLE: Final = 50_000  # different NHS numbers in a row
NO_FIXED_ABODE: Final = "ZZ99 3VZ"


def nhs_number(place: int) -> str:
    """The valid NHS number of the synthetic range at this place: another one for each place up to MOST_PEOPLE.

    999, six digits, and a modulus 11 check digit, which is never 10.
    """
    for turn in range(20):
        digits = f"999{(place + turn * MOST_PEOPLE) * 387_419 % 10**6:06}"
        if (check := check_digit(digits)) < 10:
            return f"{digits}{check}"
    raise ValueError(f"no NHS number at place {place}")


def check_digit(digits: str) -> int:
    """The modulus 11 check digit of nine digits; 10 means that no number begins so (NHS Data Dictionary)."""
    return (11 - sum(int(d) * weight for d, weight in zip(digits, range(10, 1, -1), strict=True)) % 11) % 11


@cache
def _groups() -> list[dict[str, Any]]:
    groups: list[dict[str, Any]] = plain_yaml("names.yaml")
    return groups


def background(shape: Random) -> dict[str, Any]:
    """What rules, and dirt, may see of who somebody is, by JSON path: name (its script) and equity fields."""
    group = shape.choices(_groups(), [float(group["weight"]) for group in _groups()])[0]
    person = {
        "person.name": {"given": shape.choice(group["given"]), "family": shape.choice(group["family"])},
        "person.gender": shape.choice("112223"),
        "person.ethnic_category": shape.choice(group["ethnic"]),
        "person.language": shape.choice(group["language"]),
    }
    if person["person.language"] not in {"en", "fr", "yo"} and shape.random() < 0.35:
        person |= {"needs.interpreter": "yes", "needs.interpreter_language": person["person.language"]}
    return person


def identity(rng: Random, age: int, today: dt.date, *, number: str, in_area: bool, homeless: bool) -> dict[str, Any]:
    """What tells one person from another, by JSON path: birth date (so old all month long), NHS number, address, contact."""
    born = today - dt.timedelta(days=age * 365.25 + rng.randint(40, 320))
    person: dict[str, Any] = {
        "person.nhs_number": number,
        "person.nhs_number_status": "01",
        "person.born": born.isoformat(),
        "person.postcode": NO_FIXED_ABODE if homeless else _postcode(rng, in_area=in_area),
        "contact.mobile": f"07700 900{rng.randrange(1000):03}",
    }
    if not homeless:
        person["person.address"] = [f"{rng.randint(1, 160)} {rng.choice(STREETS)}", "London"]
    return person


def _postcode(rng: Random, *, in_area: bool) -> str:
    district = rng.choice(DISTRICTS if in_area else ELSEWHERE)
    return f"{district} {rng.randrange(1, 9)}{rng.choice('CIKMOV')}{rng.choice('CIKMOV')}"
