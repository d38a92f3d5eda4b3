"""BaRS for tests: the samples with what each must yield, and messages as a sender posts them.

answer = await post(desk, sample("new-referral.json"))
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from uuid import uuid4

import yaml
from fhir.resources.R4B.bundle import Bundle
from fhir.resources.R4B.capabilitystatement import CapabilityStatement
from fhir.resources.R4B.operationoutcome import OperationOutcome
from fhir.resources.R4B.servicerequest import ServiceRequest

from services.intake.senders import Source, Team
from services.intake.sources.bars.profile import Bars

if TYPE_CHECKING:
    import httpx

    from tests.intake import Desk

SAMPLES: Final = Path(__file__).parent / "samples" / "bars"
EXPECTED: Final[dict[str, dict[str, Any]]] = yaml.safe_load((SAMPLES / "expected.yaml").read_text())
MEDIA: Final = "application/fhir+json;version=1.1.0"
OPERATION: Final = "/bars/$process-message"
KEY: Final = ("0" * 64,)
SOURCES: Final = {
    "gp": Source(id="gp", name="gp", keys=KEY),
    "strict-gp": Source(id="strict-gp", name="strict-gp", keys=KEY, bars=Bars(receivers=frozenset(("RXX01",)))),
}
_VALUE: Final = {str: "valueString", int: "valueInteger", float: "valueDecimal", bool: "valueBoolean"}
TEAM: Final = Team(id="therapies", name="therapies", keys=KEY, destinations=frozenset(("talking-therapies-step-2",)))
_MODELS: Final = {model.__name__: model for model in (Bundle, OperationOutcome, CapabilityStatement, ServiceRequest)}


class Ids(NamedTuple):
    """The two ids of a message."""

    request: str
    correlation: str

    @classmethod
    def new(cls) -> Ids:
        return cls(str(uuid4()), str(uuid4()))

    def headers(self) -> dict[str, str]:
        return {"X-Request-Id": self.request, "X-Correlation-Id": self.correlation}


def sample(name: str) -> bytes:
    """The bytes of a sample."""
    return (SAMPLES / name).read_bytes()


def changed(name: str, **fields: dict[str, Any]) -> bytes:
    """A sample with fields of its resources changed, by type; None takes a field away."""
    bundle = json.loads(sample(name))
    for entry in bundle["entry"]:
        resource = entry["resource"]
        resource |= fields.get(resource["resourceType"], {})
        entry["resource"] = {name: value for name, value in resource.items() if value is not None}
    return json.dumps(bundle).encode()


def grown(*resources: dict[str, Any], name: str = "new-referral.json") -> bytes:
    """A sample with more resources."""
    bundle = json.loads(sample(name))
    bundle["entry"] += [{"fullUrl": f"urn:uuid:{uuid4()}", "resource": resource} for resource in resources]
    return json.dumps(bundle).encode()


def answers(*given: tuple[str, Any], status: str = "completed") -> dict[str, Any]:
    """A QuestionnaireResponse that answers fields of the contract."""
    items = [{"linkId": asked, "answer": [{_VALUE[type(value)]: value}]} for asked, value in given]
    return {
        "resourceType": "QuestionnaireResponse",
        "status": status,
        "questionnaire": "urn:frontdoor:contract",
        "item": items,
    }


async def post(desk: Desk, body: bytes, key: str = "gp", ids: Ids | None = None, **headers: str) -> httpx.Response:
    """Posts a message; every answer is one that a reader of FHIR understands, and names the ids."""
    sent = {"Content-Type": MEDIA, **(ids or Ids.new()).headers(), **headers}
    answer = await desk.post(OPERATION, body, key, **sent)
    understood(answer, sent)
    return answer


def understood(answer: httpx.Response, sent: dict[str, str]) -> Any:
    """The resource of an answer, as `fhir.resources` reads it."""
    assert answer.headers["content-type"].startswith("application/fhir+json;version=1.")
    for name in ("X-Request-Id", "X-Correlation-Id"):
        assert answer.headers.get(name) == sent.get(name)
    return parsed(answer.content)


def parsed(content: bytes) -> Any:
    """A resource, as `fhir.resources` reads it."""
    return _MODELS[json.loads(content)["resourceType"]].model_validate_json(content)


def issue(content: bytes) -> tuple[str, str]:
    """The issue's code and the published code of an OperationOutcome."""
    first = json.loads(content)["issue"][0]
    return first["code"], first["details"]["coding"][0]["code"]


def request_id(content: bytes) -> str:
    """The id of the ServiceRequest in a response."""
    entries = json.loads(content)["entry"]
    return str(next(e["resource"]["id"] for e in entries if e["resource"]["resourceType"] == "ServiceRequest"))
