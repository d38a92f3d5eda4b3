"""Every sample of HL7 v2 yields what stands beside it in expected.yaml."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any, Final

import orjson
import pytest
import yaml

from services.intake import person
from services.intake.contract.reading import Notice, Reading, read
from services.intake.problems import Refused
from services.intake.safety.screen import read_screen
from services.intake.sources.hl7v2 import answers
from services.intake.sources.hl7v2.message import messages
from services.intake.sources.hl7v2.reader import told
from tests.intake import DEPLOY
from tests.mllp import Answer, a_source

SAMPLES: Final = Path(__file__).parents[1] / "samples" / "hl7v2"
EXPECTED: Final[dict[str, dict[str, Any]]] = yaml.safe_load((SAMPLES / "expected.yaml").read_text())
SCREEN: Final = read_screen(DEPLOY / "screen.yaml")
NOW: Final = dt.datetime(2026, 1, 5, 10, 15, tzinfo=dt.UTC)


def at(document: Any, path: str) -> Any:
    for name in path.split("."):
        document = document.get(name) if isinstance(document, dict) else None
    return document


def yielded(message: bytes, profile: dict[str, Any]) -> dict[str, Any]:
    """What a message yields, in the terms of expected.yaml."""
    source = a_source(hl7={"facility": "G85001", "processing": ["P", "T"], **profile})
    found: dict[str, Any] = {}
    try:
        said = told(message, source)
        reading = read(said.document, SCREEN.silent)
        found = {
            "does": said.does,
            "document": said.document,
            "names": list(said.names),
            "referral_id": said.referral_id and str(said.referral_id),
            "attachments": [one.type for one in said.attachments],
            "risk_words": reading.unread_risk or SCREEN.finds(reading.prose),
        }
        if said.does == "refer":
            found["warnings"] = [
                " ".join(filter(None, one))
                for one in (*said.warnings, *said.placed(reading.warnings + checked(reading)))
            ]
            if faults := person.missing(reading):
                raise said.located(Refused(422, "incomplete", "a person and a reason are needed", *faults))
        answer = orjson.dumps({"referral_id": "00000000-0000-4000-8000-000000000001", "warnings": []})
        found["status"], body = answers.taken(said.echo, answer, NOW)
    except Refused as refused:
        found["faults"] = [f"{fault.path} {fault.code}" for fault in refused.faults]
        found["status"], body = answers.refused(message, refused, source, NOW)
    assert Answer.of(body).code == found["status"]
    return found


def checked(reading: Reading) -> list[Notice]:
    """The warning that coding adds for an NHS number."""
    number = person.nhs_number(reading)
    return [] if number is None or person.valid(number) else [Notice("person.nhs_number", "check-digit")]


def test_every_sample_has_its_expectation():
    assert sorted(EXPECTED) == sorted(file.name for file in SAMPLES.glob("*.hl7"))
    assert len(EXPECTED) >= 40


@pytest.mark.parametrize("name", EXPECTED)
def test_a_sample_yields(name: str):
    expected = dict(EXPECTED[name])
    profile, count = expected.pop("profile", {}), expected.pop("messages", 1)
    facts, left, nulls = (expected.pop(what, {}) for what in ("facts", "unmapped", "nulls"))
    told_number = expected.pop("nhs_number", False)
    found = messages((SAMPLES / name).read_bytes())
    assert len(found) == count
    for message in found:
        got = yielded(message, profile)
        document = got.get("document", {})
        assert {path: at(document, path) for path in facts} == facts
        assert {place: document["unmapped"].get(place) for place in left} == left
        assert {path for path in nulls if at(document, path) is None} == set(nulls)
        assert not told_number or document["person"]["nhs_number"].startswith("999")
        assert {what: got.get(what) for what in expected} == expected
        assert expected.get("warnings", []) == got.get("warnings", [])
        assert expected.get("faults", []) == got.get("faults", [])
