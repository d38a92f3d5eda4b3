"""Every sample of our own form yields what stands beside it in expected.yaml."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import orjson
import pytest
import yaml

from services.intake import person
from services.intake.coding import code
from services.intake.contract.reading import read
from services.intake.problems import Refused
from services.intake.safety.emergency import is_emergency
from services.intake.senders import Source
from services.intake.sources.forms import FORMS, Moment
from tests.intake_coded import PLACE, TODAY

SAMPLES: Final = Path(__file__).parents[1] / "samples" / "json"
EXPECTED: Final[dict[str, dict[str, Any]]] = yaml.safe_load((SAMPLES / "expected.yaml").read_text())
GP: Final = Source(id="gp", name="gp", keys=("0" * 64,))
MOMENT: Final = Moment(dt.datetime(2026, 11, 23, tzinfo=dt.UTC), UUID(int=7))
NOTHING: Final[dict[str, Any]] = {"warnings": [], "faults": [], "risk_words": False, "emergency": False}


def test_every_sample_has_its_expectation():
    assert sorted(EXPECTED) == sorted(file.name for file in SAMPLES.glob("*.json"))
    assert len(EXPECTED) >= 45


@pytest.mark.parametrize("name", EXPECTED)
def test_a_sample_yields(name: str):
    expected = NOTHING | EXPECTED[name]
    found = yielded((SAMPLES / name).read_bytes())
    for part in ("values", "coded"):
        facts = expected.pop(part, {})
        assert {path: at(found[part], path) for path in facts} == facts
    assert {what: found.get(what) for what in expected} == expected


def yielded(body: bytes) -> dict[str, Any]:
    """What a message yields, in the terms of expected.yaml."""
    found = dict(NOTHING)
    try:
        told = FORMS["json"].read(body, GP)
        reading = read(told.document, PLACE.screen.silent)
        found |= {"values": reading.values, "emergency": is_emergency(reading)}
        person.demand(reading)
    except Refused as refused:
        reply = FORMS["json"].refused(body, refused, GP, MOMENT)
        faults = [f"{fault.path} {fault.code}" for fault in refused.faults]
        return {**found, "status": int(reply.status), "code": orjson.loads(reply.body)["code"], "faults": faults}
    coded = code(reading, PLACE, TODAY)
    warnings = [f"{notice.path} {notice.code}" for notice in (*told.warnings, *told.placed(reading.warnings))]
    reply = FORMS["json"].taken(told, b"{}", False, MOMENT)
    return {
        **found,
        "status": int(reply.status),
        "coded": coded,
        "warnings": warnings,
        "risk_words": coded.risk_words,
    }


def at(found: Any, path: str) -> Any:
    """What is found at a dotted path, as YAML has it: times as text; of what travels, a list by its length."""
    travels = not isinstance(found, dict)
    for name in path.split("."):
        found = found.get(name) if isinstance(found, dict) else getattr(found, name, None)
    if isinstance(found, dt.date):
        return found.isoformat()
    return len(found) if travels and isinstance(found, tuple | list) else found


def test_no_answer_holds_anything_of_the_person():
    for name in EXPECTED:
        found = yielded((SAMPLES / name).read_bytes())
        places = " ".join((*found["warnings"], *found["faults"]))
        assert not [word for word in ("Ada", "Example", "9990000018", "SW9", "07700") if word in places], name
