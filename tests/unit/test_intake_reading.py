from __future__ import annotations

from typing import Any

import pytest

from services.intake import person
from services.intake.coding import code, locality_of
from services.intake.contract.reading import read
from tests.intake import ADA, a_body
from tests.intake_coded import PLACE, TODAY, coded, warned


@pytest.mark.parametrize("blank", [None, "", "  ", "not recorded", "Not_Recorded", [], {}])
def test_blank_absent_and_not_recorded_are_the_same(blank: Any):
    group = {"suicidal": blank, "means": blank}
    assert coded(risk=group) == coded()
    assert warned(risk=group) == set()


@pytest.mark.parametrize(
    ("path", "value", "kept"),
    [
        ("risk.suicidal", "PLAN", "plan"),
        ("risk.suicidal", "passive", "unmapped"),
        ("risk.means", True, "yes"),
        ("risk.means", "N", "no"),
        ("risk.means", "perhaps", "not recorded"),
        ("presentation.psychosis", "first_episode", "first episode"),
        ("presentation.phq9", "12", 12),
        ("presentation.phq9", 28, None),
        ("presentation.phq9", 12.5, None),
        ("presentation.phq9", True, None),
        ("referrer.urgency", 1, "1"),
        ("referrer.urgency", "very urgent", "4"),
        ("referrer.urgency", "ASAP", "not recorded"),
        ("reason.code", 4, "04"),
        ("reason.code", "17", "unmapped"),
        ("referrer.practice", "y99001", "Y99001"),
        ("referrer.practice", "The Surgery", "unmapped"),
        ("person.language", "pt-BR", "pt"),
        ("person.language", "Smith", "unmapped"),
        ("referrer.role", "GP (ST3)", "GP (ST3)"),
        ("referrer.role", "943 476 5919", "unmapped"),
        ("social.needs", ["debt", None, "Work", "pets"], ("debt", "work", "unmapped")),
        ("presentation.alcohol_units_week", -1, None),
    ],
)
def test_a_value_is_read_or_becomes_unmapped_or_not_recorded_with_a_warning(path: str, value: Any, kept: Any):
    group, name = path.split(".")
    assert getattr(getattr(coded(**{group: {name: value}}), group), name) == kept
    lost = kept in {"unmapped", "not recorded", None} or "unmapped" in (kept if isinstance(kept, tuple) else ())
    assert bool(warned(**{group: {name: value}})) == lost


def test_a_warning_names_a_place_and_never_what_was_sent():
    body = a_body(person={"Mrs Smith": "x"}, risk={"suicidal": "Mrs Smith"}, presentation="Mrs Smith", Smith={"a": 1})
    reading = read(body)
    assert {warning.path for warning in reading.warnings} == {
        "person[4th field]",
        "risk.suicidal",
        "presentation",
        "[5th field]",
    }
    assert "Smith" not in str([warning.as_json() for warning in reading.warnings])


def test_a_bad_nhs_number_is_a_warning_and_links_nothing():
    good, bad = {"nhs_number": "943 476 5919"}, {"nhs_number": "9434765918", "nhs_number_status": "01"}
    assert coded(person=good).person_link == "nhs-number"
    assert coded(person=bad).person_link == "demographics"
    assert coded(person=bad).person.nhs_number_status == "03"
    assert ("person.nhs_number", "check-digit") in warned(person=bad)


def test_the_person_key_links_the_same_person_however_written():
    one = coded(person={"name": {"given": "Zoë", "family": "O'Brien"}, "postcode": "sw9 8aa"})
    other = coded(person={"name": "ZOE OBRIEN", "postcode": "SW98AA"})
    assert one.person_key == other.person_key
    assert one.person_key != coded(person={"born": "1984-03-18"}).person_key


@pytest.mark.parametrize(
    ("presentation", "phq9", "item9", "codes"),
    [
        ({"phq9_items": [1, 1, 1, 1, 1, 1, 1, 1, 2]}, 10, 2, set()),
        ({"phq9": 12, "phq9_items": [1, 1, 1, 1, 1, 1, 1, 1, 2]}, 12, 2, {"total-differs"}),
        ({"phq9": 3, "phq9_items": [1, 1, 1, 1, 1, 1, 1, 1, 2]}, 10, 2, {"total-differs"}),
        ({"phq9_items": [3, 3, None, 1, 1, 1, 1, 1, 3]}, None, 3, {"items-incomplete"}),
        ({"phq9": 5, "phq9_items": [3, 3, None]}, 6, None, {"total-differs"}),
        ({"phq9_item9": 0, "phq9_items": [0, 0, 0, 0, 0, 0, 0, 0, 1]}, 1, 1, {"total-differs"}),
    ],
)
def test_of_a_total_and_its_items_the_higher_counts(
    presentation: dict[str, Any], phq9: int | None, item9: int | None, codes: set[str]
):
    found = coded(presentation=presentation).presentation
    assert (found.phq9, found.phq9_item9) == (phq9, item9)
    assert {code for _, code in warned(presentation=presentation)} == codes


@pytest.mark.parametrize(
    ("born", "months"),
    [("2008-11-23", 216), ("2008-11-24", 215), ("2026-11-23", 0), ("2027-01-01", None), ("1890-01-01", None)],
)
def test_age_is_in_whole_months_at_receipt(born: str, months: int | None):
    assert coded(person={"born": born}).person.age_months == months


def test_dates_of_the_perinatal_period_become_weeks():
    assert coded(perinatal={"due": "2026-12-21"}).perinatal.weeks_to_due == 4
    assert coded(perinatal={"due": "2026-12-21"}).perinatal.pregnant == "yes"
    assert coded(perinatal={"due": "2026-12-21", "pregnant": "no"}).perinatal.pregnant == "no"
    assert coded(perinatal={"birth_date": "2026-11-02"}).perinatal.weeks_since_birth == 3
    assert ("perinatal.birth_date", "in-future") in warned(perinatal={"birth_date": "2026-11-24"})


@pytest.mark.parametrize("postcode", ["ZZ99 3VZ", "near the park", None])
def test_where_nothing_says_whose_rules_apply_a_person_at_the_hub_finds_out(postcode: str | None):
    body = a_body(person={"postcode": postcode})
    assert code(read(body), PLACE, TODAY, placed=False).in_area == "no"
    assert code(read(body), PLACE, TODAY, placed=True).in_area == "not recorded"


@pytest.mark.parametrize(
    ("person_says", "referrer", "in_area", "locality"),
    [
        ({"postcode": "SW9 8AA"}, {}, "yes", "lambeth"),
        ({"postcode": "M1 1AA"}, {}, "yes", "north"),
        ({"postcode": "M1 1AA"}, {"practice": "Y99001"}, "yes", "lambeth"),
        ({"postcode": "EH1 1AA"}, {}, "no", "lambeth"),
        ({"postcode": "EH1 1AA"}, {"practice": "Y99001"}, "yes", "lambeth"),
        ({"postcode": None}, {"practice": "A81001"}, "no", "lambeth"),
        ({"postcode": "ZZ99 3VZ"}, {}, "not recorded", "lambeth"),
        ({"postcode": "near the park"}, {}, "not recorded", "lambeth"),
    ],
)
def test_area_and_locality_are_told_by_practice_and_postcode(
    person_says: dict[str, Any], referrer: dict[str, Any], in_area: str, locality: str
):
    body = a_body(person=person_says, referrer=referrer)
    assert coded(person=person_says, referrer=referrer).in_area == in_area
    assert locality_of(read(body), PLACE, None) == locality
    assert locality_of(read(body), PLACE, "north") == "north"


@pytest.mark.parametrize(
    ("reason", "read_as"),
    [
        ("Low for three months", {"text": "Low for three months"}),
        (["Low", "not sleeping"], {"text": "Low, not sleeping"}),
        ("04", {"code": "04"}),
        ("4", {"code": "04"}),
    ],
)
def test_a_reason_in_one_text_is_a_reason(reason: Any, read_as: dict[str, str]):
    reading = read({"person": ADA, "reason": reason})
    assert (reading.get("reason"), person.missing(reading), reading.warnings) == (read_as, (), [])


@pytest.mark.parametrize("name", ["Ada Example", ["Ada", "Example"]])
def test_a_name_in_one_text_or_in_parts_is_a_name(name: Any):
    reading = read({"person": {**ADA, "name": name}, "reason": {"code": "04"}})
    assert (reading.get("person.name"), person.missing(reading)) == ({"full": "Ada Example"}, ())


def test_the_words_of_a_reason_in_one_text_are_screened():
    assert read({"person": ADA, "reason": "wants to die"}).prose == ["wants to die"]


@pytest.mark.parametrize("born", ["01/05/1990", "1990-05-01 or 02", "1990-W18-2", "1990-05-01T", 19900501])
def test_a_day_that_cannot_be_told_is_warned_of_with_the_form_that_is_wanted(born: Any):
    reading = read(a_body(person={"name": "Ada", "born": born}))
    (notice,) = [notice for notice in reading.warnings if notice.path == "person.born"]
    assert "2025-12-31" in notice.as_json()["detail"]
    assert reading.get("person.born") is None


@pytest.mark.parametrize(
    "born", ["1990-05-01", "1990-05-01T09:30:00.123Z", "1990-05-01 09:30", "1990-05-01T09:30+01:00"]
)
def test_a_day_with_its_time_is_that_day(born: str):
    assert str(read(a_body(person={"name": "Ada", "born": born})).get("person.born")) == "1990-05-01"
