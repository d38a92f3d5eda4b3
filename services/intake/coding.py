"""From a reading to the coded referral: all that may leave intake, and nothing else (promise 8).

`shared.referral.CodedReferral` takes the fields it knows by name and ignores the rest, so a new field of the contract
stays here until someone gives it a place there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from msgspec import structs

from services.intake import person
from shared.cloudevents import from_plain
from shared.codes import NOT_RECORDED, UNMAPPED
from shared.referral import CodedReferral

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

    from services.intake.contract.reading import Reading
    from services.intake.safety.screen import Screen
    from shared.localities import Locality


_DEFAULTS: Final = {part.name: part.default for part in structs.fields(CodedReferral)}


class Place(NamedTuple):
    """What coding knows of the installation: localities, the screen, deprivation by postcode, and the secret."""

    localities: Mapping[str, Locality]
    default: str
    screen: Screen
    secret: bytes
    deprivation: Mapping[str, int]


def code(reading: Reading, place: Place, received: dt.date, *, placed: bool = True) -> CodedReferral:
    """The coded referral; `received` is the locality's date at receipt. Adds warnings to the reading.

    `placed` says that the source's own locality tells where its referrals belong.
    """
    values = reading.values
    key, link = person.key(reading, place.secret)
    postcode = person.postcode(reading)
    known = {name: values.get(name, {}) for name in ("contact", "referrer", "consent", "social")}
    return _coded(
        {
            **known,
            "referred_at": values.get("referred_at"),
            "person_key": key,
            "person_link": link,
            "in_area": _in_area(reading, place, placed=placed),
            "risk_words": reading.unread_risk or place.screen.finds(reading.prose),
            "attachments": len(values.get("attachments", ())),
            "person": {
                **values.get("person", {}),
                "age_months": _months(reading, received),
                "nhs_number_status": _number_status(reading),
                "imd_quintile": place.deprivation.get(postcode) if postcode else None,
            },
            "reason": _listed(values.get("reason", {}), "others"),
            "presentation": _presentation(values.get("presentation", {})),
            "perinatal": _perinatal(reading, received),
            "risk": _risk(values.get("risk", {})),
            "needs": _needs(values.get("needs", {})),
            "social": _listed(values.get("social", {}), "needs"),
        }
    )


def _coded(fields: dict[str, Any]) -> CodedReferral:
    """A part that nothing was said of is the default, which events leave out."""
    read = from_plain(CodedReferral, fields)
    silent = {name: default for name, default in _DEFAULTS.items() if getattr(read, name) == default}
    return structs.replace(read, **silent)


def locality_of(reading: Reading, place: Place, sender: str | None) -> str:
    """The locality that owns the referral: the sender's, else that of the practice or postcode, else the default."""
    return sender or _by_practice(reading, place) or _by_postcode(reading, place) or place.default


def _by_practice(reading: Reading, place: Place) -> str | None:
    practice = reading.get("referrer.practice")
    return next((key for key, locality in place.localities.items() if practice in locality.practices), None)


def _by_postcode(reading: Reading, place: Place) -> str | None:
    postcode = person.postcode(reading)
    outward = person.district(postcode) if postcode else None
    return next((key for key, locality in place.localities.items() if outward in locality.postcode_districts), None)


def _in_area(reading: Reading, place: Place, *, placed: bool) -> str:
    """Served here by practice or by address; `no` where one of them is told and neither is served here.

    Also `no` where neither is told and the source serves several places: nothing says whose rules apply, so a person
    at the default's hub finds out (somebody homeless among them), while an emergency or a crisis waits for nobody.
    """
    if _by_practice(reading, place) or _by_postcode(reading, place):
        return "yes"
    practices_known = any(locality.practices for locality in place.localities.values())
    practice = reading.get("referrer.practice")
    told = person.postcode(reading) or (practices_known and practice not in {None, UNMAPPED})
    return "no" if told or not placed else NOT_RECORDED


def _months(reading: Reading, received: dt.date) -> int | None:
    born = reading.get("person.born")
    if born is None:
        return None
    months: int = (received.year - born.year) * 12 + received.month - born.month - (received.day < born.day)
    if born > received:
        reading.warn("person.born", "in-future")
    elif months > 1560:
        reading.warn("person.born", "out-of-range")
    return months if 0 <= months <= 1560 else None


def _number_status(reading: Reading) -> str:
    """The sender's status; 03 (trace required) where there is no number that passes its check."""
    told = reading.get("person.nhs_number_status") or NOT_RECORDED
    if reading.get("person.nhs_number") is None:
        return "03" if told == NOT_RECORDED else told
    number = person.nhs_number(reading)
    if number is None or not person.valid(number):
        reading.warn("person.nhs_number", "check-digit")
        return "03"
    return told


def _perinatal(reading: Reading, received: dt.date) -> dict[str, Any]:
    """Weeks in place of dates. A due date ahead says pregnant where that was not answered."""
    period = dict(reading.values.get("perinatal", {}))
    due, born = period.get("due"), period.get("birth_date")
    if due is not None:
        weeks = (due - received).days // 7
        if -4 <= weeks <= 60:
            period["weeks_to_due"] = max(0, weeks)
            period.setdefault("pregnant", "yes")
        else:
            reading.warn("perinatal.due", "out-of-range")
    if born is not None:
        weeks = (received - born).days // 7
        if 0 <= weeks <= 520:
            period["weeks_since_birth"] = weeks
        else:
            reading.warn("perinatal.birth_date", "in-future" if weeks < 0 else "out-of-range")
    return period


def _presentation(values: dict[str, Any]) -> dict[str, Any]:
    coded = _listed(_listed(values, "treatments"), "problems")
    unnamed = {"kind": NOT_RECORDED}
    coded["treatments"] = [unnamed | treatment for treatment in coded["treatments"]]
    coded["problems"] = [{"system": UNMAPPED, "code": UNMAPPED} | problem for problem in coded["problems"]]
    return coded


def _risk(values: dict[str, Any]) -> dict[str, Any]:
    named = values.get("dependants")
    return (
        {**values, "has_dependants": "yes"} if named == "yes" else {"has_dependants": named or NOT_RECORDED, **values}
    )


def _needs(values: dict[str, Any]) -> dict[str, Any]:
    language = values.get("interpreter_language", values.get("language", NOT_RECORDED))
    return {**_listed(values, "adjustments"), "interpreter_language": language}


def _listed(values: dict[str, Any], name: str) -> dict[str, Any]:
    """The values with a list that has no blanks in it."""
    return {**values, name: [item for item in values.get(name, ()) if item is not None]}
