"""Presentations of people as data (`presentations.yaml`), and how one is drawn: answers by the contract's JSON path.

What a referrer sees and ticks; never where the person should go, which is for the rules to find.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

import yaml

if TYPE_CHECKING:
    from collections.abc import Mapping
    from random import Random

BLANK: Final = "blank"
SNOMED: Final = "http://snomed.info/sct"
_RANGE: Final = re.compile(r"(?P<ahead>in )?(?P<low>\d+) to (?P<high>\d+)(?P<weeks> weeks(?P<ago> ago)?)?")
_NUMBERS: Final = frozenset(
    ("phq9", "phq9_item9", "gad7", "alcohol_units_week", "audit", "duration_months", "cognition_score")
)
_LISTS: Final = frozenset(("reason.others", "needs.adjustments", "social.needs", "risk.dependants"))

Choice = str | dict[str, str]


@dataclass(frozen=True, slots=True)
class Presentation:
    """One kind of person at the front door; `weight` is people a month, `sender` and `age` are choices."""

    who: str
    weight: float
    age: Choice
    sender: Choice
    answers: Mapping[str, Choice]
    words: tuple[str, ...]


def plain_yaml(name: str) -> Any:
    """A YAML file of this package with every scalar as text: codes such as 04 and answers such as no stay as written."""
    return yaml.load(files(__package__).joinpath(name).read_text("utf-8"), Loader=yaml.BaseLoader)  # noqa: S506  (texts only)


@cache
def presentations() -> tuple[Presentation, ...]:
    """Every presentation of the file, each over the usual answers."""
    document = plain_yaml("presentations.yaml")
    usual = document["usual"]
    return tuple(
        Presentation(
            who=entry["who"],
            weight=float(entry["weight"]),
            age=entry["age"],
            sender=entry.get("from", usual["from"]),
            answers={**usual["answers"], **entry["answers"]},
            words=tuple(entry["words"]),
        )
        for entry in document["people"]
    )


def pick(rng: Random, choice: Choice) -> str:
    """One value of a choice: the value itself, or one of several by weight."""
    if isinstance(choice, str):
        return choice
    return rng.choices(list(choice), [float(weight) for weight in choice.values()])[0]


def number(rng: Random, choice: Choice) -> int:
    """A whole number from `a to b`, or the number itself."""
    value = pick(rng, choice)
    match = _RANGE.fullmatch(value)
    return rng.randint(int(match["low"]), int(match["high"])) if match else int(value)


def draw(rng: Random, presentation: Presentation, today: dt.date) -> dict[str, Any]:
    """The answers of one person, by JSON path; what is blank is not there. Dates are counted from `today`."""
    drawn = {path: pick(rng, choice) for path, choice in presentation.answers.items()}
    return {path: _value(rng, path, value, today) for path, value in drawn.items() if value != BLANK}


def _value(rng: Random, path: str, value: str, today: dt.date) -> Any:
    if path == "presentation.problems":
        return [{"system": SNOMED, "code": code} for code in value.split(" + ")]
    if path == "presentation.treatments":
        names = ("kind", "adequate", "outcome")
        return [dict(zip(names, tried.split("/"), strict=True)) for tried in value.split(" + ")]
    if path in _LISTS:
        return value.split(" + ")
    match = _RANGE.fullmatch(value)
    if match and match["weeks"]:
        days = 7 * rng.randint(int(match["low"]), int(match["high"]))
        return (today - dt.timedelta(days) if match["ago"] else today + dt.timedelta(days)).isoformat()
    return number(rng, value) if path.rpartition(".")[2] in _NUMBERS else value


def nested(answers: Mapping[str, Any]) -> dict[str, Any]:
    """The JSON document whose dotted paths are given."""
    document: dict[str, Any] = {}
    for path, value in answers.items():
        *parents, leaf = path.split(".")
        place = document
        for parent in parents:
            place = place.setdefault(parent, {})
        place[leaf] = value
    return document
