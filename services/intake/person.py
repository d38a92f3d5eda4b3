"""Who a referral is about: whether that can be told, how firmly referrals of one person link, where the person lives.

A person is identifiable by an NHS number (ten digits, even if it fails its check: the sender is warned and the person
is traced), or by a name together with a date of birth, a postcode, an address or a way to reach the person.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import unicodedata
from typing import TYPE_CHECKING, Any, Final

from services.intake.contract.values import written
from services.intake.problems import Fault, Refused, blank

if TYPE_CHECKING:
    from services.intake.contract.reading import Reading

NO_FIXED_ABODE: Final = "ZZ993VZ"
_TOGETHER_WITH_A_NAME: Final = (
    *("person.born", "person.postcode", "person.address", "person.nhs_number"),
    *("contact.phone", "contact.mobile", "contact.email"),
)
_REASONS: Final = (
    *("reason.code", "reason.others", "reason.text", "reason.wants", "reason.mental_health_act"),
    *("presentation.main_problem", "presentation.problems"),
)


def nhs_number(reading: Reading) -> str | None:
    """The NHS number's ten digits, without blanks and hyphens; None where these are not ten digits."""
    digits = re.sub(r"[\s-]", "", written(reading.get("person.nhs_number")))
    return digits if re.fullmatch(r"[0-9]{10}", digits) else None


def valid(number: str) -> bool:
    """Whether ten digits pass the NHS number's modulus 11 check (NHS Data Dictionary, NHS NUMBER)."""
    check = 11 - sum(int(digit) * (10 - place) for place, digit in enumerate(number[:9])) % 11
    return (0 if check == 11 else check) == int(number[9]) and len(set(number)) > 1


def identifiable(reading: Reading) -> bool:
    """Whether the document says who the person is (an unreadable date of birth still tells a reader)."""
    if nhs_number(reading):
        return True
    return bool(reading.get("person.name")) and any(_given(reading.document, path) for path in _TOGETHER_WITH_A_NAME)


def missing(reading: Reading) -> tuple[Fault, ...]:
    """What a referral cannot do without: an identifiable person and a reason."""
    faults = []
    if not isinstance(reading.document.get("person", {}), dict):
        detail = 'an object is expected here, such as {"name": {"given": ..., "family": ...}, "born": ...}'
        faults.append(Fault("person", "wrong-type", detail))
    elif not identifiable(reading):
        detail = (
            "no identifiable person: give an NHS number, or a name and a date of birth, postcode, address or contact"
        )
        faults.append(blank("person", detail))
    if not any(reading.get(path) for path in _REASONS):
        faults.append(blank("reason", "no reason: give reason.code, reason.text or presentation.main_problem"))
    return tuple(faults)


def demand(reading: Reading, **members: Any) -> None:
    """Refuses what has no identifiable person or no reason."""
    if faults := missing(reading):
        raise Refused(422, "incomplete", "an identifiable person and a reason are needed", *faults, **members)


def key(reading: Reading, secret: bytes) -> tuple[str | None, str]:
    """A key that links referrals of one person, and how firmly: by NHS number, by demographics, or not at all."""
    number = nhs_number(reading)
    if number and valid(number):
        return keyed(secret, "nhs-number", number), "nhs-number"
    name, born, place = _name(reading), reading.get("person.born"), postcode(reading)
    if name and born and place:
        return keyed(secret, "demographics", name, born.isoformat(), place), "demographics"
    return None, "none"


def agree(one: Reading, other: Reading) -> bool:
    """Whether two readings are surely of one person: by valid NHS numbers, else by name and date of birth both."""
    numbers, names, born = _told_of(one, other)
    if len(numbers) == 2:
        return numbers[0] == numbers[1] and not differ(one, other)
    return _same(names) and _same(born)


def differ(one: Reading, other: Reading) -> bool:
    """Whether two readings are surely of two people: by name and date of birth both, or by valid NHS numbers.

    A number that was wrong can be put right: where name and date of birth both say who it is, that counts.
    """
    numbers, names, born = _told_of(one, other)
    if len(numbers) == 2 and numbers[0] != numbers[1]:
        return not (_same(names) and _same(born))
    return all((*names, *born)) and not _same(names) and not _same(born)


def _same(told: tuple[Any, Any]) -> bool:
    return all(told) and told[0] == told[1]


def _told_of(one: Reading, other: Reading) -> tuple[list[str], tuple[str, str], tuple[Any, Any]]:
    numbers = [number for reading in (one, other) if (number := nhs_number(reading)) and valid(number)]
    return numbers, (_name(one), _name(other)), (one.get("person.born"), other.get("person.born"))


def keyed(secret: bytes, *parts: str) -> str:
    """An HMAC-SHA256 of the parts, in hex: nobody without the secret can try out values."""
    return hmac.new(secret, "\x1f".join(parts).encode(), hashlib.sha256).hexdigest()


def postcode(reading: Reading) -> str | None:
    """The postcode without blanks in capitals, if it has the shape of one and is not the one for no fixed abode."""
    text = re.sub(r"\s", "", reading.get("person.postcode") or "").upper()
    return text if re.fullmatch(r"[A-Z]{1,2}\d[A-Z\d]?\d[A-Z]{2}", text) and text != NO_FIXED_ABODE else None


def district(code: str) -> str:
    """The outward part of a postcode: SW2 of SW2 1AA."""
    return code[:-3]


def _name(reading: Reading) -> str:
    name = reading.get("person.name") or {}
    whole = " ".join((name.get("given", ""), name.get("family", ""), name.get("full", "")))
    letters = unicodedata.normalize("NFKD", whole.casefold())
    return "".join(letter for letter in letters if letter.isalpha())


def _given(document: Any, path: str) -> bool:
    for part in path.split("."):
        document = document.get(part) if isinstance(document, dict) else None
    return document is not None
