"""No event has a field that could hold who someone is (promise 8): names, numbers, contacts, dates of birth, prose."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from shared.events import PAYLOADS
from tests.contract.snapshot import schema_of

if TYPE_CHECKING:
    from collections.abc import Iterator

NEVER = frozenset(
    (
        *(
            "name",
            "names",
            "given",
            "given_name",
            "first_name",
            "forename",
            "middle_name",
            "initials",
            "preferred_name",
        ),
        *(
            "family",
            "family_name",
            "last_name",
            "surname",
            "full",
            "full_name",
            "title",
            "alias",
            "patient",
            "person_name",
        ),
        *("nhs_number", "nhs", "chi_number", "hospital_number", "national_insurance", "passport", "identifier"),
        *("born", "birth_date", "birthdate", "date_of_birth", "dob", "birthday", "due", "death_date", "date_of_death"),
        *(
            "address",
            "addresses",
            "street",
            "house",
            "town",
            "city",
            "postcode",
            "post_code",
            "uprn",
            "lsoa",
            "location",
        ),
        *("phone", "phones", "telephone", "mobile", "bypass_phone", "email", "fax", "telecom", "preferred", "username"),
        *("carer", "carers", "relationship", "next_of_kin", "parent", "guardian", "dependants", "children", "contacts"),
        *("text", "free_text", "note", "narrative", "comment", "comments", "letter", "body", "original", "history"),
        *("wants", "strengths", "protective", "medicines", "treatment_text", "if_unreachable", "photo", "voice"),
        *("message_id", "idempotency_key", "ip", "ip_address", "user_agent", "attachment", "content", "salt"),
    )
)
# What bears such a name and holds no person: staff answer for what they did; a rule set is public.
EXCEPT = frozenset((("Actor", "name"), ("RulesActivated", "text")))


def fields(event_type: str) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Every (object, field, its schema) of an event."""
    schema = schema_of(event_type)
    for part in (schema, *schema.get("$defs", {}).values()):
        yield from ((part["title"], name, body) for name, body in part.get("properties", {}).items())


@pytest.mark.parametrize("event_type", PAYLOADS)
def test_no_event_has_a_field_for_identity(event_type: str) -> None:
    assert {(part, name) for part, name, _ in fields(event_type) if name in NEVER} <= EXCEPT


@pytest.mark.parametrize("event_type", PAYLOADS)
def test_only_facts_and_findings_name_their_own_fields(event_type: str) -> None:
    assert {name for _, name, body in fields(event_type) if "additionalProperties" in str(body)} <= {
        "facts",
        "findings",
    }


def test_every_exception_is_needed() -> None:
    assert {(part, name) for event_type in PAYLOADS for part, name, _ in fields(event_type)} >= EXCEPT
