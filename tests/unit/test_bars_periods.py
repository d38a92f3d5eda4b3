"""What was over before a BaRS message was written is old, whatever its use: where somebody lives now counts."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from services.intake.sources.forms import FORMS
from tests.bars import SOURCES, changed, grown

MOVED = "2024-03-01"
OLD = {"use": "home", "line": ["1 Old Road"], "postalCode": "LS1 1AA", "period": {"end": MOVED}}
REFUGE = {"use": "home", "line": ["2 Refuge Lane"], "postalCode": "SW9 8AA", "period": {"start": MOVED}}


def heard(body: bytes, **bundle: Any) -> tuple[dict[str, Any], str]:
    """The document of a message, and what is kept of it besides; `bundle` has elements of the Bundle itself."""
    document = FORMS["bars"].read(orjson.dumps(orjson.loads(body) | bundle), SOURCES["gp"]).document
    return document, "\n".join(document.get("unmapped", {}).values())


def patient(**fields: Any) -> tuple[dict[str, Any], str]:
    return heard(changed("new-referral.json", Patient=fields))


@pytest.mark.parametrize("addresses", [[OLD, REFUGE], [REFUGE, OLD]], ids=["the old first", "the old last"])
def test_where_a_person_lived_before_is_kept_in_words_and_where_they_live_counts(addresses: list[dict[str, Any]]):
    document, kept = patient(address=addresses)
    assert (document["person"]["address"], document["person"]["postcode"]) == (["2 Refuge Lane"], "SW9 8AA")
    assert "old 1 Old Road\nLS1 1AA" in kept


def test_an_old_address_fills_no_gap_of_the_one_that_counts():
    document, _ = patient(address=[OLD, {"line": ["2 Refuge Lane"]}])
    assert "postcode" not in document["person"]
    document, _ = patient(address=[OLD])
    assert not {"postcode", "address"} & document["person"].keys()


def test_a_number_that_is_no_longer_in_use_is_never_the_one_to_ring():
    was = {"system": "phone", "use": "mobile", "period": {"end": "2024"}}
    old = [was | {"value": "07700 900001"}, {"system": "phone", "use": "old", "value": "07700 900002"}]
    document, kept = patient(telecom=[*old, {"system": "phone", "use": "mobile", "value": "07700 900003"}])
    assert document["contact"]["mobile"] == "07700 900003"
    assert "no longer in use: 07700 900001" in kept
    assert "no longer in use: 07700 900002" in kept


def test_the_name_and_the_number_that_are_in_use_count():
    names = [{"family": "Former", "period": {"end": MOVED}}, {"use": "nickname", "family": "Now"}]
    nhs = {"system": "https://fhir.nhs.uk/Id/nhs-number"}
    numbers = [nhs | {"value": "9434765919", "period": {"end": MOVED}}, nhs | {"value": "9434765870"}]
    document, kept = patient(name=names, identifier=numbers)
    assert document["person"]["name"] == {"family": "Now"}
    assert document["person"]["nhs_number"] == "9434765870"
    assert "Former" in kept
    assert "no longer in use: 9434765919" in kept
    assert patient(name=names[:1])[0]["person"]["name"] == {"family": "Former"}


def test_a_contact_who_is_none_any_more_is_not_rung():
    friend = {"relationship": [{"text": "partner"}], "telecom": [{"value": "0207 1"}]}
    gone = {"name": {"text": "Sam"}, "period": {"end": MOVED}} | friend
    document, kept = patient(contact=[gone], telecom=None)
    assert "contact" not in document
    assert "no longer a contact: Sam\npartner\n0207 1" in kept
    for told in ({"active": False}, {"period": {"end": MOVED}}):
        related = {"resourceType": "RelatedPerson", "name": [{"text": "Sam"}], **told} | friend
        document, kept = heard(grown(related))
        assert "Sam" not in str(document["contact"])
        assert "no longer a contact: " in kept


def test_of_a_carers_numbers_the_one_in_use_is_rung():
    numbers = [{"value": "0207 1", "period": {"end": MOVED}}, {"value": "0207 2"}]
    document, kept = patient(contact=[{"name": {"text": "Sam"}, "relationship": [{"text": "son"}], "telecom": numbers}])
    assert document["contact"]["carers"] == [{"name": "Sam", "relationship": "son", "phone": "0207 2"}]
    assert "no longer in use: 0207 1" in kept


def test_of_a_practitioners_numbers_the_one_in_use_is_rung():
    numbers = [{"system": "phone", "value": number, **more} for number, more in (("1", {"use": "old"}), ("2", {}))]
    document, _ = heard(changed("new-referral.json", Practitioner={"telecom": numbers}))
    assert document["referrer"]["bypass_phone"] == "2"


@pytest.mark.parametrize(
    ("end", "is_over"),
    [
        ("2026-11-22", True),
        ("2026-11-22T23:59:00Z", True),
        ("2026-10", True),
        ("2025", True),
        ("2026-11-23", False),
        ("2026-11", False),
        ("2026", False),
        ("2027-01-01", False),
        ("soon", False),
        (None, False),
    ],
)
def test_a_period_lasts_to_the_end_of_the_day_month_or_year_that_it_names(end: Any, is_over: bool):
    body = changed("new-referral.json", Patient={"address": [{"postalCode": "LS1 1AA", "period": {"end": end}}]})
    for bundle in ({"timestamp": "2026-11-23T09:30:00Z"}, {"timestamp": "today"}):  # the request is of the same day
        assert ("postcode" not in heard(body, **bundle)[0]["person"]) == is_over


def test_without_a_time_nothing_ends():
    body = changed("new-referral.json", Patient={"address": [OLD]}, ServiceRequest={"authoredOn": None})
    assert heard(body, timestamp=None)[0]["person"]["postcode"] == "LS1 1AA"
