"""Who sends HL7 v2: known by port, certificate, MSH-3 and MSH-4 together, never by a name alone from anywhere."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from services.intake.settings import IntakeSettings
from services.intake.sources.hl7v2.message import header_of
from services.intake.sources.hl7v2.profile import Hl7
from services.intake.transports.mllp.callers import Caller, check, known, may_send, ports
from shared.errors import Usage
from tests.intake import DEPLOY
from tests.mllp import a_message, a_source

HERE, THERE = ip_address("127.0.0.1"), ip_address("10.4.0.9")
ONE, TWO = "1" * 64, "2" * 64
HEADER = header_of(a_message())


def who(caller: Caller, **profiles: dict[str, Any]) -> str | None:
    sources = [a_source(id=name, hl7=profile) for name, profile in profiles.items()]
    found = known(sources, caller, HEADER, 2575)
    return found.id if found else None


@pytest.mark.parametrize(
    ("profile", "caller", "fits"),
    [
        ({"facility": "G85001"}, Caller(2575, HERE), True),
        ({"facility": "G85001", "application": "EMIS"}, Caller(2575, HERE), True),
        ({"facility": "G85001", "application": "TPP"}, Caller(2575, HERE), False),
        ({"facility": "G85002"}, Caller(2575, HERE), False),
        ({"facility": "G85001"}, Caller(2575, THERE), False),
        ({"facility": "G85001", "networks": ["10.4.0.0/16"]}, Caller(2575, THERE), True),
        ({"facility": "G85001", "networks": ["10.4.0.0/16"]}, Caller(2575, HERE), False),
        ({"port": 2600}, Caller(2600, HERE), True),
        ({"port": 2600}, Caller(2600, THERE), False),
        ({"port": 2600}, Caller(2575, HERE), False),
        ({"facility": "G85001"}, Caller(2600, HERE), False),
        ({"certificate": ONE}, Caller(2575, THERE, ONE, "gp"), True),
        ({"certificate": ONE}, Caller(2575, THERE, TWO, "gp"), False),
        ({"certificate": ONE}, Caller(2575, HERE), False),
        ({"common_name": "gp"}, Caller(2575, THERE, TWO, "gp"), True),
        ({"common_name": "gp", "facility": "G85002"}, Caller(2575, THERE, TWO, "gp"), False),
        ({"certificate": ONE, "networks": ["127.0.0.0/8"]}, Caller(2575, THERE, ONE, "gp"), False),
    ],
)
def test_a_sender_is_known_by_all_that_was_agreed_and_from_where_it_may_come(
    profile: dict[str, Any], caller: Caller, fits: bool
):
    assert who(caller, gp=profile) == ("gp" if fits else None)


@pytest.mark.parametrize(
    ("profile", "caller", "may"),
    [
        ({"facility": "A"}, Caller(2575, HERE), True),
        ({"facility": "A"}, Caller(2575, THERE), False),
        ({"facility": "A", "networks": ["10.4.0.0/16"]}, Caller(2575, THERE), True),
        ({"port": 2600}, Caller(2575, HERE), False),
        ({"certificate": ONE}, Caller(2575, THERE, TWO, "gp"), True),
        ({"certificate": ONE}, Caller(2575, THERE), False),
    ],
)
def test_a_connection_that_no_source_could_be_is_no_ones(profile: dict[str, Any], caller: Caller, may: bool):
    assert may_send([a_source(hl7=profile), a_source(hl7=None)], caller, 2575) is may


@pytest.mark.parametrize(
    ("one", "other", "clash"),
    [
        ({"facility": "A"}, {"facility": "B"}, False),
        ({"facility": "A"}, {"facility": "A"}, True),
        ({"facility": "A"}, {"application": "EMIS"}, True),
        ({"facility": "A", "application": "EMIS"}, {"facility": "A", "application": "TPP"}, False),
        ({"port": 2600}, {"facility": "A"}, False),
        ({"port": 2600}, {"port": 2600, "facility": "A"}, True),
        ({"port": 2575, "facility": "A"}, {"facility": "A"}, True),
        ({"facility": "A", "networks": ["10.1.0.0/16"]}, {"facility": "A", "networks": ["10.2.0.0/16"]}, False),
        ({"facility": "A", "networks": ["10.1.0.0/16"]}, {"facility": "A", "networks": ["10.1.2.0/24"]}, True),
    ],
)
def test_a_configuration_in_which_a_message_could_be_from_two_sources_is_refused_at_the_start(
    one: dict[str, Any], other: dict[str, Any], clash: bool
):
    settings = IntakeSettings(postgres_dsn="", person_secret="a secret of the tests")
    sources = [a_source(id="one", hl7=one), a_source(id="two", hl7=other)]
    if clash:
        with pytest.raises(Usage, match="one or two"):
            check(sources, settings)
    else:
        assert len(check(sources, settings)) == 2


def test_a_certificate_needs_a_client_ca_to_prove_it():
    settings = IntakeSettings(postgres_dsn="", person_secret="a secret of the tests")
    with pytest.raises(Usage, match="MLLP_CLIENT_CA"):
        check([a_source(hl7={"certificate": ONE})], settings)


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"answer": "rri"},
        {"facility": "A", "charset": "utf-16"},
        {"facility": "A", "charset": "klingon"},
        {"facility": "A", "observations": {"X": "risk.unheard_of"}},
        {"facility": "A", "processing": ["X"]},
        {"facility": "A", "certificate": "not a fingerprint"},
    ],
)
def test_a_profile_that_cannot_be_meant_is_refused(wrong: dict[str, Any]):
    with pytest.raises(ValidationError):
        Hl7.model_validate(wrong)


def test_sources_without_a_profile_open_no_port():
    assert ports([a_source(hl7=None)], 2575) == []
    assert ports([a_source(), a_source(hl7={"port": 2600})], 2575) == [2575, 2600]


def test_no_source_of_the_example_configuration_speaks_hl7_unasked():
    assert not [
        name
        for name, entry in yaml.safe_load((DEPLOY / "sources.yaml").read_text())["sources"].items()
        if "hl7" in entry
    ]
