"""A BaRS message that quotes one person's referral and is about another changes nothing, and a person looks."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.bars import changed, issue, post, request_id, sample
from tests.intake import intake

if TYPE_CHECKING:
    from pathlib import Path

    from tests.stack import Database

BOB = {"resourceType": "Patient", "name": [{"family": "Other", "given": ["Bob"]}], "birthDate": "1990-01-02"}


def about_bob(name: str, referral_id: str) -> bytes:
    """A sample that quotes our id, with another patient."""
    body: dict[str, Any] = json.loads(changed(name, ServiceRequest={"id": referral_id}))
    others = [entry for entry in body["entry"] if entry["resource"]["resourceType"] != "Patient"]
    theirs = next((e["fullUrl"] for e in body["entry"] if e["resource"]["resourceType"] == "Patient"), "urn:uuid:bob")
    body["entry"] = [*others, {"fullUrl": theirs, "resource": BOB}]
    focus = next(e["resource"] for e in body["entry"] if e["resource"]["resourceType"] == "ServiceRequest")
    focus["subject"] = {"reference": theirs}
    return json.dumps(body).encode()


@pytest.mark.parametrize("name", ["cancel-update-revoked.json", "update-active.json"])
async def test_what_is_about_another_person_is_a_conflict(database: Database, tmp_path: Path, name: str):
    async with intake(database, tmp_path) as desk:
        referral_id = request_id((await post(desk, sample("new-referral.json"))).content)
        answer = await post(desk, about_bob(name, referral_id))
        assert (answer.status_code, issue(answer.content)[0]) == (409, "conflict"), answer.text
        assert "ServiceRequest.identifier" in answer.text
        received, conflicting = await desk.events(referral_id)
        assert (received["sequence"], "conflicts_with" in conflicting) == (1, True)
