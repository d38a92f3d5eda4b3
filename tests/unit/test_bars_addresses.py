"""Replies go to addresses that a source's settings list, and to nothing that could pass for one."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from services.intake.sources.bars.addresses import allowed, posted_to
from services.intake.sources.bars.profile import Bars

LISTED = ("https://gp.example/fhir",)


@pytest.mark.parametrize(
    "endpoint", ["https://gp.example/fhir", "https://gp.example/fhir/", "https://GP.example/fhir/R4/$process-message"]
)
def test_a_listed_address_and_what_lies_below_it_may_be_written_to(endpoint: str):
    assert allowed(endpoint, LISTED)


@pytest.mark.parametrize(
    "endpoint",
    [
        *("", "https://fhir.nhs.uk/Id/dos-service-id|2222222222", "http://gp.example/fhir", "https://gp.example/fhirs"),
        *(
            "https://gp.example:8443/fhir",
            "https://gp.example/",
            "https://gp.example.evil/fhir",
            "ftp://gp.example/fhir",
        ),
        *(
            "https://gp.example@evil.example/fhir",
            "https://user:key@gp.example/fhir",
            "https://gp.example/fhir/../admin",
        ),
        *(
            "https://gp.example/fhir/%2e%2e/admin",
            "https://gp.example/fhir?x=1",
            "https://gp.example/fhir#x",
            "//gp.example/fhir",
        ),
        *(
            "https://gp.example\\@evil.example/fhir",
            "https://gp.example/fhir\n/x",
            "https://169.254.169.254/fhir",
            "https://gp.example/fhir/./x",
        ),
    ],
)
def test_no_other_address_passes_for_it(endpoint: str):
    assert not allowed(endpoint, LISTED)


@pytest.mark.parametrize(
    "prefix", ["gp.example/fhir", "ftp://gp.example", "https://user@gp.example/fhir", "https://gp.example/fhir?x"]
)
def test_a_setting_that_is_no_plain_address_stops_the_start(prefix: str):
    with pytest.raises(ValidationError):
        Bars(replies=(prefix,))


def test_the_operation_lies_below_the_base_and_is_not_named_twice():
    assert posted_to("https://gp.example/fhir/") == "https://gp.example/fhir/$process-message"
    assert posted_to("https://gp.example/fhir/$process-message") == "https://gp.example/fhir/$process-message"


@pytest.mark.parametrize(
    "address", ["https://gp.example:99999/fhir", "https://gp.example:0/fhir", "https://gp..example/"]
)
def test_an_address_with_a_port_or_a_host_that_cannot_be_is_refused_in_the_settings(address: str):
    with pytest.raises(ValidationError):
        Bars(replies=(address,))
