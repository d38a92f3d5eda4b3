"""docs/asyncapi.yaml says what travels: it is generated, whole, and true to the code."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING, Any

import yaml
from faststream.specification.asyncapi.v3_0_0.schema import ApplicationSchema
from jsonschema import Draft202012Validator
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from shared import topics
from shared.cloudevents import Envelope
from shared.dead_letters import dead_letter
from shared.errors import Poison
from shared.events import PAYLOADS, ROUTED
from tests.builders import ARecord, an_id
from tests.contract import asyncapi
from tests.contract.snapshot import SAMPLES
from tests.conventions.test_drivers import imported
from tests.conventions.tree import PRODUCT, python_files, tree

if TYPE_CHECKING:
    from collections.abc import Iterator

NOW = dt.datetime(2026, 11, 23, 10, tzinfo=dt.UTC)
EVERYTHING = Envelope(
    id=an_id("event"),
    source="urn:frontdoor:test",
    type=ROUTED,
    time=NOW,
    subject=str(an_id("referral")),
    traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    causation_id=an_id("cause"),
    sequence=2,
    cause_sequence=1,
    receipt_digest="0" * 64,
    accepted_time=NOW,
    synthetic=True,
)


def references(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        yield from (value for name, value in part.items() if name == "$ref" and isinstance(value, str))
        part = list(part.values())
    if isinstance(part, list):
        for item in part:
            yield from references(item)


def test_the_committed_document_is_the_generated_one() -> None:
    assert asyncapi.FILE.read_text() == asyncapi.text(), "`make apis` writes docs/asyncapi.yaml anew"


def test_it_is_an_asyncapi_3_document_without_a_dangling_reference() -> None:
    document = yaml.safe_load(asyncapi.FILE.read_text())
    assert document["asyncapi"] == "3.0.0"
    ApplicationSchema.model_validate(document)
    resolver = Registry().with_resource("", DRAFT202012.create_resource(document)).resolver()
    assert [resolver.lookup(reference) for reference in references(document)]


def test_every_topic_is_a_channel_and_every_event_type_is_on_one() -> None:
    document = asyncapi.document()
    assert set(document["channels"]) == set(topics.AUDITED_TOPICS)
    carried = {name for channel in document["channels"].values() for name in channel["messages"]}
    assert carried == {*PAYLOADS, asyncapi.DEAD_LETTER}


def test_every_group_is_said_to_read_and_every_topic_to_be_written_and_read() -> None:
    operations = asyncapi.document()["operations"].values()
    for action in ("send", "receive"):
        channels = {one["channel"]["$ref"].removeprefix("#/channels/") for one in operations if one["action"] == action}
        assert channels == set(topics.AUDITED_TOPICS)


def test_the_headers_described_are_the_headers_written() -> None:
    assert sorted(name for name, _ in EVERYTHING.headers()) == sorted(asyncapi.HEADERS)
    smallest = Envelope(id=an_id("event"), source="urn:frontdoor:test", type=ROUTED, time=NOW)
    assert sorted(name for name, _ in smallest.headers()) == sorted(asyncapi.ALWAYS)


def test_the_dead_letter_headers_described_are_the_headers_written() -> None:
    letter = dead_letter(ARecord(), Poison("unreadable", "no JSON"), topics.TRIAGE_GROUP, NOW)
    assert [name for name, _ in letter.headers] == list(asyncapi.DEAD_LETTER_HEADERS)


def test_the_golden_samples_fit_the_payloads_of_the_document() -> None:
    parts = asyncapi.document()["components"]
    for sample in SAMPLES.glob("*.json"):
        payload = parts["messages"][sample.stem.rpartition(".")[0]]["payload"]
        Draft202012Validator({**payload, "components": parts}).validate(json.loads(sample.read_text()))


def test_no_service_consumes_through_the_framework_that_makes_the_document() -> None:
    assert [name for name in python_files(*PRODUCT) if "faststream" in set(imported(tree(name)))] == []
