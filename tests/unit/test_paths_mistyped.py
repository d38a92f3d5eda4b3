"""Who names a field of ours by a path that there is not is told where, and which path was nearest; the value stays unread."""

from __future__ import annotations

from typing import Any

import pytest

from services.intake.sources.forms import FORMS
from services.intake.sources.hl7v2.reader import told
from services.intake.sources.paths import nearest
from tests.bars import SOURCES, answers, grown
from tests.mllp import a_message, a_source


@pytest.mark.parametrize(
    ("path", "meant"),
    [
        ("risk.suicidl", "risk.suicidal"),
        ("risk.life_in_dangr", "risk.life_in_danger"),
        ("Presentation.PHQ", "presentation.phq9"),
        ("something else", ""),
    ],
)
def test_the_nearest_path_is_the_one_that_was_meant(path: str, meant: str):
    assert nearest(path) == meant


def an_observation(path: str) -> dict[str, Any]:
    code = {"coding": [{"system": "urn:frontdoor:contract", "code": path}]}
    return {"resourceType": "Observation", "status": "final", "code": code, "valueString": "plan"}


@pytest.mark.parametrize("resource", [answers(("risk.suicidl", "plan")), an_observation("risk.suicidl")])
def test_a_mistyped_path_in_bars_is_told_by_its_place_with_the_nearest(resource: dict[str, Any]):
    one = FORMS["bars"].read(grown(resource), SOURCES["gp"])
    (notice,) = [notice for notice in one.warnings if notice.code == "no-such-field"]
    assert notice.path.startswith("Bundle.entry[")
    assert notice.as_json()["detail"].endswith("the nearest is risk.suicidal")
    assert "risk" not in one.document
    assert one.document["unmapped"][notice.path] == "risk.suicidl: plan"


def test_a_path_in_capitals_is_the_path():
    one = FORMS["bars"].read(grown(answers(("Risk.Suicidal", "plan"))), SOURCES["gp"])
    assert one.document["risk"] == {"suicidal": "plan"}


def test_a_mistyped_path_in_hl7_is_told_by_its_place_with_the_nearest():
    said = told(a_message("OBX|9|CE|risk.suicidl^Thoughts^FRONTDOOR||plan||||||F"), a_source())
    (notice,) = [notice for notice in said.warnings if notice.code == "no-such-field"]
    assert notice.as_json()["detail"].endswith("the nearest is risk.suicidal")
    assert notice.path.endswith("-3")
