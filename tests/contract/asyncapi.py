"""The AsyncAPI 3 document of every topic, event and header: `python -m tests.contract.asyncapi` writes docs/asyncapi.yaml.

FastStream makes the frame and the server from a broker that is declared here and never started (services consume
through `shared.consumer`; why: docs/decisions/0006-one-consuming-loop.md); the schemas are the events' own.
"""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import msgspec
import yaml
from faststream.kafka import KafkaBroker
from faststream.specification.asyncapi import AsyncAPI

from shared import events, topics
from shared.kafka_admin import partitions_of
from shared.settings import ServiceSettings
from tests.contract.snapshot import spelt

FILE: Final = Path(__file__).parents[2] / "docs" / "asyncapi.yaml"
ABOUT: Final = """\
What travels in Kafka: CloudEvents 1.0 in binary mode (attributes in `ce_*` headers, the value is the JSON of one payload).
Fields that stand at their default are left out. Readers ignore fields that they do not know. No event holds who a person
is: identity stays in intake. The key is the referral id, so what happens to one referral keeps its order on every topic."""

CAUSES: Final = (events.RECEIVED, events.AMENDED, events.CANCELLED, events.CONFLICTING, events.OUTCOME)
DECISIONS: Final = tuple(events.DECISION_TYPES.values())
SENT: Final[dict[str, dict[str, tuple[str, ...]]]] = {
    "intake": {topics.RECEIVED: CAUSES, topics.OPERATIONS: (events.RECORD_DISCLOSED,)},
    "triage": {
        **dict.fromkeys(topics.ROUTED.values(), DECISIONS),
        topics.OPERATIONS: (events.RULES_ACTIVATED, events.RULES_REFUSED),
    },
    "audit": {topics.OPERATIONS: (events.AUDIT_HEADS,)},
    "operator": {
        topics.RECEIVED: CAUSES,
        **dict.fromkeys(topics.ROUTED.values(), DECISIONS),
        topics.OPERATIONS: (events.DEAD_LETTER_WORKED,),
    },
}
READ: Final[dict[str, tuple[str, ...]]] = {
    topics.TRIAGE_GROUP: (topics.RECEIVED,),
    topics.STATUS_GROUP: tuple(topics.ROUTED.values()),
    topics.AUDIT_GROUP: topics.AUDITED_TOPICS,
}

HEADERS: Final = {
    "ce_specversion": "1.0",
    "ce_id": "UUID, derived: whatever is repeated anywhere has the same id",
    "ce_source": "URN of what caused the event: urn:frontdoor:intake:<source>, urn:frontdoor:triage, urn:frontdoor:audit, urn:frontdoor:operator",
    "ce_type": "frontdoor.<noun>.<verb>.v1",
    "ce_time": "RFC 3339, UTC",
    "ce_dataschema": "urn:frontdoor:schema:<ce_type>, the id of a schema in docs/schemas",
    "content-type": "application/json",
    "ce_subject": "referral id, where the event is about one",
    "traceparent": "W3C trace context, from the sender's request on",
    "ce_causationid": "ce_id of the event that this one answers",
    "ce_sequence": "place among the events of its referral, from 1 without a gap; decisions count for themselves",
    "ce_causesequence": "ce_sequence of the cause",
    "ce_receiptdigest": "SHA-256 (hex) of a salt and the bytes that intake was sent",
    "ce_acceptedtime": "RFC 3339, UTC: when intake said yes to the cause",
    "ce_synthetic": "true where the person is made up; set by the source's configuration alone",
}
ALWAYS: Final = tuple(HEADERS)[:7]
DEAD_LETTER_HEADERS: Final = {
    "dlq-original-topic": "where the record was read",
    "dlq-original-partition": "its partition there (the dead letter has the same number)",
    "dlq-original-offset": "its offset there",
    "dlq-original-timestamp": "its timestamp there, milliseconds since 1970 UTC",
    "dlq-original-group": "the group that could not work it",
    "dlq-error-code": "why, as a stable code",
    "dlq-error-message": "why, in words; never a person's data",
    "dlq-stage": "where in the work it failed",
    "dlq-attempts": "how often it was tried",
    "dlq-first-failed-at": "RFC 3339, UTC",
    "dlq-service-version": "version of the service that gave up",
}
DEAD_LETTER: Final = "dead-letter"


def document() -> dict[str, Any]:
    """The AsyncAPI document."""
    made = AsyncAPI(
        KafkaBroker("localhost:9092", description="FRONTDOOR_KAFKA", protocol_version="2.0+"),
        title="Front Door",
        version=version("frontdoor"),
        description=ABOUT,
        license={"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
        schema_version="3.0.0",
    ).to_specification()
    whole: dict[str, Any] = made.to_jsonable()
    models = list(dict.fromkeys(events.PAYLOADS.values()))
    _, schemas = msgspec.json.schema_components(models, ref_template="#/components/schemas/{name}")
    return {
        **{part: whole[part] for part in ("asyncapi", "info", "defaultContentType")},
        "servers": {"kafka": next(iter(whole["servers"].values()))},
        "channels": {topic: _channel(topic) for topic in topics.AUDITED_TOPICS},
        "operations": dict(_operations()),
        "components": {
            "messages": {name: _message(name) for name in events.PAYLOADS} | {DEAD_LETTER: _dead_letter()},
            "schemas": {name: spelt(schemas[name]) for name in sorted(schemas)} | _headers(),
        },
    }


def _channel(topic: str) -> dict[str, Any]:
    count = partitions_of(topic, ServiceSettings.model_fields["partitions"].default)
    return {
        "address": topic,
        "description": _describe(topic),
        "servers": [{"$ref": "#/servers/kafka"}],
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in _types(topic)},
        "bindings": {"kafka": {"topic": topic, "partitions": count, "bindingVersion": "0.5.0"}},
    }


def _types(topic: str) -> tuple[str, ...]:
    if topic in topics.DEAD_LETTER_TOPICS:
        return (DEAD_LETTER,)
    return tuple(dict.fromkeys(name for by_topic in SENT.values() for name in by_topic.get(topic, ())))


def _describe(topic: str) -> str:
    if topic in topics.DEAD_LETTER_TOPICS:
        original, _, group = topic.rpartition(".dlq.")
        return f"Records of {original} that group {group} could not work, byte for byte."
    if topic == topics.OPERATIONS:
        return "What operators and auditors must see: rules in force, records read, dead letters worked, audit heads."
    if topic == topics.RECEIVED:
        return "Everything that intake takes in about a referral, keyed by referral id."
    return (
        "Decisions for the teams of one care setting, keyed by referral id; ignore a ce_sequence below the newest seen."
    )


def _operations() -> list[tuple[str, dict[str, Any]]]:
    sends = [(who, topic, types) for who, by_topic in SENT.items() for topic, types in by_topic.items()]
    parks = [(t.rpartition(".dlq.")[2], t, (DEAD_LETTER,)) for t in topics.DEAD_LETTER_TOPICS]
    reads = [(group, topic, _types(topic)) for group, read in READ.items() for topic in read]
    return [
        *((f"{who}-publishes-{topic}", _operation("send", topic, types)) for who, topic, types in (*sends, *parks)),
        *((f"{group}-reads-{topic}", _operation("receive", topic, types)) for group, topic, types in reads),
    ]


def _operation(action: str, topic: str, types: tuple[str, ...]) -> dict[str, Any]:
    channel = f"#/channels/{topic}"
    return {
        "action": action,
        "channel": {"$ref": channel},
        "messages": [{"$ref": f"{channel}/messages/{name}"} for name in types],
    }


def _message(name: str) -> dict[str, Any]:
    model = events.PAYLOADS[name]
    return {
        "name": name,
        "title": model.__name__,
        "summary": (model.__doc__ or "").strip().partition("\n")[0],
        "contentType": "application/json",
        "headers": {"$ref": "#/components/schemas/EventHeaders"},
        "payload": {"$ref": f"#/components/schemas/{model.__name__}"},
    }


def _dead_letter() -> dict[str, Any]:
    return {
        "name": DEAD_LETTER,
        "title": "DeadLetter",
        "summary": "A record that can never work, as it was: key, value and headers, and beside them where, why and when.",
        "contentType": "application/octet-stream",
        "headers": {"$ref": "#/components/schemas/DeadLetterHeaders"},
        "payload": {"description": "The original value, whatever its bytes are."},
    }


def _headers() -> dict[str, Any]:
    return {
        "EventHeaders": _header_schema(HEADERS, ALWAYS),
        "DeadLetterHeaders": _header_schema(DEAD_LETTER_HEADERS, tuple(DEAD_LETTER_HEADERS)),
    }


def _header_schema(described: dict[str, str], required: tuple[str, ...]) -> dict[str, Any]:
    fields = {name: {"type": "string", "description": text} for name, text in described.items()}
    return {"type": "object", "properties": fields, "required": list(required)}


def text() -> str:
    """The document as YAML."""
    return yaml.safe_dump(document(), sort_keys=False, allow_unicode=True, width=120)


if __name__ == "__main__":
    FILE.write_text(text())
    print(f"wrote {FILE.name}")
