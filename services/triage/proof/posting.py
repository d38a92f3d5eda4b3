"""A referral's facts as the body of `POST /referrals`: `services.triage.facts` the other way round.

The facts are first said as a coded referral, and its facts looked at again: so it is known which of them no sender can
say. The paths of a coded referral are those of the minimum data set, which the body has too; only what intake works
out (an age, weeks, the area, words of risk) is said there in other terms.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from calendar import monthrange
from functools import cache
from itertools import product
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from services.triage.facts import FACTS, facts_of, with_blanks
from services.triage.problem import MAIN_PROBLEMS, PROBLEM_OF_REASON, problem, psychosis, severe_mental_illness
from shared.cloudevents import Unreadable, from_plain
from shared.codes import NOT_RECORDED, UNMAPPED
from shared.referral import CodedReferral, Presentation, Reason

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from services.triage.rules import Value

Said = dict[str, Any]  # by path

_ADJUSTMENT: Final = "1108111000000107"  # any SNOMED CT id: rules ask only whether there is an adjustment
_DIAGNOSIS: Final = {"system": "snomed-ct", "code": "35489007"}  # any: rules ask only how many there are
_STATUS: Final = {"yes": "1", "no": "5"}  # MHSDS learning disability and autism status
# Facts that are worked out -> what says each value; the others stand in the referral as they are (`FACTS`).
_SAYING: Final[dict[str, dict[Value, Said]]] = {
    "in_area": {"yes": {"in_area": "yes"}, "no": {"in_area": "no"}},
    "risk_words": {"yes": {"risk_words": True}},
    "perinatal": {
        "no": {"perinatal.pregnant": "no"},
        "planning": {"perinatal.planning": "yes"},
        "pregnant": {"perinatal.pregnant": "yes"},
        "to 10 weeks": {"perinatal.weeks_since_birth": 5},
        "to 12 months": {"perinatal.weeks_since_birth": 30},
        "to 24 months": {"perinatal.weeks_since_birth": 80},
    },
    "learning_disability": {answer: {"needs.learning_disability": code} for answer, code in _STATUS.items()},
    "autism": {answer: {"needs.autism": code} for answer, code in _STATUS.items()},
    "adjustments": {"yes": {"needs.adjustments": [_ADJUSTMENT]}},
    "homeless": {answer: {"person.no_fixed_abode": answer} for answer in ("yes", "no")},
}
_NEEDS: Final = ("isolation", "housing", "debt", "work", "caring")
_SIGNS: Final = (NOT_RECORDED, UNMAPPED, "none", "attenuated", "first episode", "known relapse")
_ELSEWHERE: Final = "ZZ99 1WZ"  # ONS pseudo postcode of Scotland: no locality in England serves it
_SAYS_NOTHING: Final = "not known"  # among the answers that the screen of free text is told to pass over
_HITS: Final = "Suicidal thoughts are written of here in free text."  # whatever the screen looks for, it looks for this
_TEXT: Final = "An invented referral, to see what the rules make of it."


class Post(NamedTuple):
    """A body for `POST /referrals`, of an invented person, and the facts that it cannot say.

    Those come from the person's history or from how the place is configured, or do not hang together.
    """

    body: dict[str, Any]
    unsaid: dict[str, Value]


def post_of(facts: Mapping[str, Value], today: dt.date, district: str = "") -> Post:
    """The facts as they would be sent on `today`; `district` is the outward part of a postcode that is in the area."""
    said = _said(facts)
    if said.get("in_area") == "yes" and not district:
        del said["in_area"]
    try:
        again = with_blanks(facts_of(from_plain(CodedReferral, _nested(said))))
    except Unreadable:  # values that this rule file alone knows
        return Post({}, dict(facts))
    unsaid = {name: value for name, value in facts.items() if again[name] != value}
    return Post(_nested(_as_sent(said, today, district) | _person(facts)), unsaid)


def _said(facts: Mapping[str, Value]) -> Said:
    """The facts as parts of a coded referral, by path."""
    known = {name: value for name, value in facts.items() if value != NOT_RECORDED}
    said: Said = {path: known[name] for name, path in FACTS.items() if isinstance(path, str) and name in known}
    for name, saying in _SAYING.items():
        said |= saying.get(facts.get(name, NOT_RECORDED), {})
    said |= _reasons(*(str(facts.get(name)) for name in ("problem", "psychosis", "severe_mental_illness")))
    said["presentation.problems"] = [_DIAGNOSIS] * int(known.get("diagnoses", 0))
    said["presentation.treatments"] = list(_treatments(known))
    said["social.needs"] = [need for need in _NEEDS if known.get(need) == "yes"]
    if "age" in known:
        half = known.get("nearly_adult") == "yes"
        said["person.age_months"] = 12 * int(known["age"]) + (9 if half else 3)  # holds for weeks to come
    return said


def _treatments(known: Mapping[str, Value]) -> Iterator[dict[str, str]]:
    tried = ["antidepressant"] * int(known.get("antidepressants_tried", 0))
    if (therapy := str(known.get("therapy_tried", "none"))) != "none":
        tried.append(f"therapy-{therapy.replace(' ', '-')}")
    return ({"kind": kind, "adequate": "yes", "outcome": "little"} for kind in tried)


@cache
def _reasons(*wanted: str) -> Said:
    """The reasons and signs from which problem, psychosis and severe illness follow, or as many of these as can."""

    def follow(code: str, others: tuple[str, ...], main: str, signs: str) -> int:
        shown = Presentation(main_problem=main, psychosis=signs)  # type: ignore[arg-type]  # one of _SIGNS
        referral = CodedReferral(reason=Reason(code=code, others=others), presentation=shown)
        got = (problem(referral), psychosis(referral), severe_mental_illness(referral))
        return sum(one == another for one, another in zip(got, wanted, strict=True))

    codes, mains = ((NOT_RECORDED, UNMAPPED, *sorted(known)) for known in (PROBLEM_OF_REASON, MAIN_PROBLEMS))
    others = ((), ("01",), ("02",), ("03",))
    code, other, main, signs = max(product(codes, others, mains, _SIGNS), key=lambda ways: follow(*ways))
    said = {"reason.code": code, "presentation.main_problem": main, "presentation.psychosis": signs}
    return {path: word for path, word in said.items() if word != NOT_RECORDED} | {"reason.others": list(other)}


def _as_sent(said: Said, today: dt.date, district: str) -> Said:
    """The parts in a sender's terms: dates for ages and weeks, a postcode for the area, text for words of risk."""
    sent = {path: value for path, value in said.items() if value != []}
    hits = sent.pop("risk_words", False)
    sent["reason.text"] = _HITS if hits else _TEXT
    if not hits:  # an answer in unknown words is looked at as words of risk are, unless it says nothing
        sent |= {path: _SAYS_NOTHING for path, value in sent.items() if value == UNMAPPED}
    if (months := sent.pop("person.age_months", None)) is not None:
        sent["person.born"] = _months_before(today, months).isoformat()
    if (weeks := sent.pop("perinatal.weeks_since_birth", None)) is not None:
        sent["perinatal.birth_date"] = (today - dt.timedelta(weeks=weeks)).isoformat()
    if area := sent.pop("in_area", None):
        sent["person.postcode"] = f"{district} 1AA" if area == "yes" else _ELSEWHERE
    return sent


def _person(facts: Mapping[str, Value]) -> Said:
    """Who it is about: another name for other facts, so that no two of these people are taken for one."""
    digest = hashlib.sha256(json.dumps(dict(facts), sort_keys=True).encode()).hexdigest()
    letters = "".join(chr(ord("a") + int(digit, 16)) for digit in digest[:12])
    return {"person.name": {"given": "Example", "family": letters.title()}, "contact.mobile": "07700 900123"}


def _months_before(day: dt.date, months: int) -> dt.date:
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    return dt.date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def _nested(said: Said) -> dict[str, Any]:
    """The parts, each at its path."""
    whole: dict[str, Any] = {}
    for path, value in said.items():
        *groups, name = path.split(".")
        inner = whole
        for group in groups:
            inner = inner.setdefault(group, {})
        inner[name] = value
    return whole
