"""What is wrong with real referrals, one entry each: how often, and what it does to the answers (by JSON path).

Fields missing, codes from other lists, words where a code belongs, numbers that cannot be: none of it may be refused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

Answers = dict[str, Any]


class Dirt(NamedTuple):
    """One kind of dirt: the share of referrals that have it, and what it does; it may find nothing to spoil."""

    share: float
    spoil: Callable[[Random, Answers], None]


def _drop(*paths: str) -> Callable[[Random, Answers], None]:
    def spoil(_: Random, answers: Answers) -> None:
        for path in paths:
            answers.pop(path, None)

    return spoil


def _set(path: str, *values: Any) -> Callable[[Random, Answers], None]:
    return lambda rng, answers: answers.update({path: rng.choice(values)})


def _swap(path: str, *values: Any) -> Callable[[Random, Answers], None]:
    """Sets the value only where there was one."""
    return lambda rng, answers: answers.update({path: rng.choice(values)} if path in answers else {})


def _wrong_check_digit(_: Random, answers: Answers) -> None:
    if digits := answers.get("person.nhs_number"):
        answers["person.nhs_number"] = digits[:9] + str((int(digits[9]) + 1) % 10)
        answers["person.nhs_number_status"] = "02"


def _no_nhs_number(_: Random, answers: Answers) -> None:
    del answers["person.nhs_number"]
    answers["person.nhs_number_status"] = "07"


def _spaced_nhs_number(_: Random, answers: Answers) -> None:
    if digits := answers.get("person.nhs_number"):
        answers["person.nhs_number"] = f"{digits[:3]} {digits[3:6]} {digits[6:]}"


def _risk_blank(rng: Random, answers: Answers) -> None:
    """One or all of the risk screen not answered, unless it had something to say."""
    questions = ["risk.suicidal", "risk.self_harm", "risk.to_others"]
    for question in rng.sample(questions, rng.choice((1, 3))):
        if answers.get(question) == "none":
            del answers[question]


def _empty_texts(rng: Random, answers: Answers) -> None:
    """Forms send what was never filled in as an empty text, or as the words for it."""
    for path in (
        "referrer.bypass_phone",
        "presentation.history",
        "risk.protective",
        "social.strengths",
        "contact.preferred",
    ):
        answers[path] = rng.choice(("", "", "not recorded"))


def _shouted_name(_: Random, answers: Answers) -> None:
    answers["person.name"] = {part: name.upper() for part, name in answers["person.name"].items()}


KINDS: Final[dict[str, Dirt]] = {
    "no NHS number": Dirt(0.09, _no_nhs_number),
    "NHS number fails its check digit": Dirt(0.06, _wrong_check_digit),
    "NHS number with spaces": Dirt(0.10, _spaced_nhs_number),
    "name in capitals": Dirt(0.06, _shouted_name),
    "no birth date": Dirt(0.006, _drop("person.born")),
    "no postcode": Dirt(0.02, _drop("person.postcode", "person.address")),
    "ethnic category missing": Dirt(0.18, _drop("person.ethnic_category")),
    "risk question not answered": Dirt(0.06, _risk_blank),
    "risk answered in words": Dirt(0.012, _swap("risk.self_harm", "some scratches, long ago?", "see letter")),
    "scores missing": Dirt(0.07, _drop("presentation.phq9", "presentation.phq9_item9", "presentation.gad7")),
    "score out of range": Dirt(0.015, _swap("presentation.phq9", 31, 99, -1)),
    "score as text": Dirt(
        0.03, lambda _, a: a.update({p: str(a[p]) for p in ("presentation.phq9", "presentation.gad7") if p in a})
    ),
    "reason code from another list": Dirt(0.02, _swap("reason.code", "F32.1", "17", "E11", "1B")),
    "urgency in words": Dirt(0.02, _swap("referrer.urgency", "soon please", "ASAP", "P3")),
    "unknown gender code": Dirt(0.02, _set("person.gender", "M", "U", "7")),
    "unknown accommodation code": Dirt(0.03, _set("social.accommodation", "LA-TEMP", "flat above shop")),
    "fields nobody knows": Dirt(0.08, _set("practice_system", {"template": "MH-REF-3", "printed": True})),
    "blank texts": Dirt(0.15, _empty_texts),
}


def dirty(rng: Random, answers: Answers) -> tuple[str, ...]:
    """Spoils the answers in place; the names of what was done to them."""
    done = []
    for name, kind in KINDS.items():
        if rng.random() < kind.share:
            before = dict(answers)
            kind.spoil(rng, answers)
            if answers != before:
                done.append(name)
    return tuple(done)
