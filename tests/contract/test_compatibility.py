"""The rules of "still the same version" see every kind of change that would break a writer or a reader."""

from __future__ import annotations

import copy
import datetime as dt
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
import pytest
from msgspec import Meta

from shared.events import RECEIVED
from shared.referral import Coded, Moment
from tests.contract.compatibility import breaks, readers_first
from tests.contract.snapshot import committed, flat

NEEDED: Any = ...


def schema(**fields: Any) -> dict[str, Any]:
    declared = [
        (name, kind) if default is NEEDED else (name, kind, default) for name, (kind, default) in fields.items()
    ]
    return flat(msgspec.json.schema(msgspec.defstruct("Event", declared, bases=(Coded,), kw_only=True)))


SAME = {"code": (str, NEEDED)}


BREAKS: Any = {
    "removed": ({"code": (str, NEEDED)}, {}, "code: gone (or renamed)"),
    "renamed": ({"code": (str, "01")}, {"codes": (str, "01")}, "code: gone (or renamed)"),
    "a new required field": (
        SAME,
        {**SAME, "role": (str, NEEDED)},
        "role: newly required, and older events do not have it",
    ),
    "now required": (
        {"code": (str, "01")},
        {"code": (str, NEEDED)},
        "code: newly required, and older events do not have it",
    ),
    "no longer required": (
        SAME,
        {"code": (str, "01")},
        "code: no longer always there, and readers of the old version need it",
    ),
    "another default": (
        {"code": (str, "01")},
        {"code": (str, "02")},
        "another default, so an event that leaves it out",
    ),
    "another type": (SAME, {"code": (int, NEEDED)}, "code: narrower, may no longer be of type string"),
    "no longer null": (
        {"code": (str | None, NEEDED)},
        {"code": (str, NEEDED)},
        "code: narrower, may no longer be of type null",
    ),
    "fewer types": (
        {"code": (str | int, NEEDED)},
        {"code": (str, NEEDED)},
        "code: narrower, may no longer be of type integer",
    ),
    "now a closed list": (
        SAME,
        {"code": (Literal["01"], NEEDED)},
        "code: narrower, any value before, now one of a list",
    ),
    "a value fewer": (
        {"code": (Literal["01", "02", "03"], NEEDED)},
        {"code": (Literal["01", "03"], NEEDED)},
        "code: narrower, the value '02' is gone",
    ),
    "now an id": (SAME, {"code": (UUID, NEEDED)}, "code: narrower, format was free, is uuid"),
    "another format": (
        {"on": (dt.date, NEEDED)},
        {"on": (Moment, NEEDED)},
        "on: narrower, format was date, is date-time",
    ),
    "now a pattern": (
        SAME,
        {"code": (Annotated[str, Meta(pattern="[0-9]+")], NEEDED)},
        "code: narrower, pattern was free, is [0-9]+",
    ),
    "a higher least": (
        {"n": (Annotated[int, Meta(ge=0)], NEEDED)},
        {"n": (Annotated[int, Meta(ge=1)], NEEDED)},
        "n: narrower, minimum was 0, is 1",
    ),
    "a lower most": (
        {"n": (Annotated[int, Meta(le=27)], NEEDED)},
        {"n": (Annotated[int, Meta(le=21)], NEEDED)},
        "n: narrower, maximum was 27, is 21",
    ),
    "now a most": (
        {"n": (int, NEEDED)},
        {"n": (Annotated[int, Meta(le=21)], NEEDED)},
        "n: narrower, maximum was free, is 21",
    ),
    "a whole number": ({"n": (float, NEEDED)}, {"n": (int, NEEDED)}, "n: narrower, may no longer be of type number"),
    "other items": (
        {"codes": (tuple[str, ...], ())},
        {"codes": (tuple[int, ...], ())},
        "codes.[]: narrower, may no longer be of type string",
    ),
    "fewer types in a map": (
        {"facts": (dict[str, str | int], NEEDED)},
        {"facts": (dict[str, int], NEEDED)},
        "facts.*: narrower, may no longer be of type string",
    ),
}


@pytest.mark.parametrize(("old", "new", "sentence"), BREAKS.values(), ids=BREAKS)
def test_a_change_that_breaks_is_named(old: dict[str, Any], new: dict[str, Any], sentence: str) -> None:
    found = breaks(schema(**old), schema(**new))
    assert any(sentence in finding for finding in found), found
    assert not breaks(schema(**old), schema(**old))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (SAME, {**SAME, "role": (str, "not recorded")}),
        ({"code": (Literal["01"], NEEDED)}, {"code": (Literal["01", "02"], NEEDED)}),
        ({"n": (Annotated[int, Meta(le=21)], NEEDED)}, {"n": (Annotated[int, Meta(le=27)], NEEDED)}),
        (SAME, {"code": (str | None, NEEDED)}),
        ({"n": (int, NEEDED)}, {"n": (float, NEEDED)}),
        (SAME, {"code": (Annotated[str, Meta(description="a better explanation")], NEEDED)}),
    ],
    ids=["a new field with a default", "a new value", "a wider range", "nullable", "a wider number", "other words"],
)
def test_a_change_that_only_adds_is_the_same_version(old: dict[str, Any], new: dict[str, Any]) -> None:
    assert breaks(schema(**old), schema(**new)) == []


def test_a_new_value_breaks_nothing_but_readers_must_know_it_first() -> None:
    old, new = schema(code=(Literal["01"], NEEDED)), schema(code=(Literal["01", "02"], NEEDED))
    assert readers_first(old, new) == ["code: narrower, the value '02' is gone"]
    assert readers_first(old, old) == []


def test_a_field_lost_deep_inside_a_published_event_is_named_by_its_path() -> None:
    old = committed(RECEIVED)
    new = copy.deepcopy(old)
    del new["$defs"]["Risk"]["properties"]["means"]
    new["$defs"]["Presentation"]["properties"]["phq9"]["anyOf"][0]["maximum"] = 24
    assert set(breaks(old, new)) == {
        "referral.risk.means: gone (or renamed)",
        "referral.presentation.phq9: narrower, maximum was 27, is 24",
    }


def test_a_reader_that_refuses_unknown_fields_breaks_the_version() -> None:
    strict = {**schema(**SAME), "additionalProperties": False}
    assert any("unknown fields are no longer ignored" in finding for finding in breaks(schema(**SAME), strict))


def test_a_keyword_without_a_rule_is_refused_rather_than_passed() -> None:
    with pytest.raises(ValueError, match="uniqueItems"):
        breaks(schema(**SAME), {**schema(**SAME), "uniqueItems": True})
