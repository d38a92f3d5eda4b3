"""What deploy/kafka/acls.sh grants is enough for each service and no more, on a broker that knows them by password."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import NewTopic
from aiokafka.errors import GroupAuthorizationFailedError, TopicAuthorizationFailedError, for_code

from services.frontdoor.dead_letters.system import handled, kafka_holds
from services.frontdoor.refill.reading import PARKED, follow_anew, nobody_works, portions
from shared import topics
from shared.behind import newest_records
from shared.errors import Transient
from shared.kafka import Publisher, Record, client_options
from shared.kafka_admin import admin, check_topics, cluster_id, create_topics
from shared.lagging.measure import Watch
from shared.settings import ServiceSettings
from tests.engine import ApacheKafka
from tests.stack import DEPLOY

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.kafka_real, pytest.mark.slow]

USERS = ("intake", "triage", "audit", "deploy", "operator")
SECURE = {
    "KAFKA_LISTENERS": "CLIENT://:9092,BROKER://:9091,CONTROLLER://:9093",
    "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP": "CLIENT:SASL_PLAINTEXT,BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT",
    "KAFKA_INTER_BROKER_LISTENER_NAME": "BROKER",
    "KAFKA_LISTENER_NAME_CLIENT_SASL_ENABLED_MECHANISMS": "SCRAM-SHA-512",
    "KAFKA_LISTENER_NAME_CLIENT_SCRAM___SHA___512_SASL_JAAS_CONFIG": (
        "org.apache.kafka.common.security.scram.ScramLoginModule required;"
    ),
    "KAFKA_AUTHORIZER_CLASS_NAME": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
    "KAFKA_ALLOW_EVERYONE_IF_NO_ACL_FOUND": "false",
    "KAFKA_SUPER_USERS": "User:ANONYMOUS",
}
INSIDE = "--bootstrap-server localhost:9091"
ADD_USER = (
    "/opt/kafka/bin/kafka-configs.sh {inside} --alter --entity-type users --entity-name frontdoor-{user}"
    " --add-config SCRAM-SHA-512=[password=password-of-{user}]"
)
PRIMARY = topics.ROUTED[next(iter(topics.ROUTED))]


@pytest.fixture(scope="module")
def broker() -> Iterator[ApacheKafka]:
    """A broker with the users and what the script grants them."""
    kafka = ApacheKafka(**SECURE)
    kafka.with_env("KAFKA_ADVERTISED_LISTENERS", f"CLIENT://{kafka.bootstrap},BROKER://localhost:9091")
    kafka.with_volume_mapping(str(DEPLOY / "kafka" / "acls.sh"), "/acls.sh", "ro")
    with kafka:
        for command in (
            *(ADD_USER.format(inside=INSIDE, user=user) for user in USERS),
            f"env KAFKA_ACLS=/opt/kafka/bin/kafka-acls.sh sh /acls.sh {INSIDE}",
        ):
            code, said = kafka.exec(command)
            assert code == 0, said
        yield kafka


@pytest.fixture
async def with_topics(broker: ApacheKafka) -> ApacheKafka:
    """The broker, after `frontdoor topics` as the user for deployment."""
    await create_topics(of(broker, "deploy"))
    return broker


async def test_every_service_may_look_at_every_topic(with_topics: ApacheKafka) -> None:
    for user in USERS:
        await check_topics(of(with_topics, user))
        assert await cluster_id(of(with_topics, user))


@pytest.mark.parametrize(
    ("user", "topic"),
    [
        ("intake", topics.RECEIVED),
        ("intake", topics.OPERATIONS),
        *(("intake", topics.dead_letters(topic, topics.STATUS_GROUP)) for topic in topics.ROUTED.values()),
        *(("triage", topic) for topic in topics.ROUTED.values()),
        ("triage", topics.dead_letters(topics.RECEIVED, topics.TRIAGE_GROUP)),
        ("triage", topics.OPERATIONS),
        ("audit", topics.OPERATIONS),
        *(("operator", topic) for topic in (*topics.REFERRAL_TOPICS, topics.OPERATIONS)),
    ],
)
async def test_a_service_may_publish_what_it_publishes(with_topics: ApacheKafka, user: str, topic: str) -> None:
    assert await publish(with_topics, user, topic) == 1


@pytest.mark.parametrize(
    ("user", "topic"),
    [
        ("triage", topics.RECEIVED),
        ("audit", topics.RECEIVED),
        ("intake", PRIMARY),
        ("audit", PRIMARY),
        ("operator", topics.dead_letters(topics.RECEIVED, topics.TRIAGE_GROUP)),
    ],
)
async def test_a_service_may_publish_nothing_else(with_topics: ApacheKafka, user: str, topic: str) -> None:
    with pytest.raises(Transient, match="AuthorizationFailed"):
        await publish(with_topics, user, topic)


@pytest.mark.parametrize(
    ("user", "group", "topic"),
    [
        ("triage", topics.TRIAGE_GROUP, topics.RECEIVED),
        *(("intake", topics.STATUS_GROUP, topic) for topic in topics.ROUTED.values()),
        *(("audit", topics.AUDIT_GROUP, topic) for topic in topics.AUDITED_TOPICS),
    ],
)
async def test_a_group_may_read_what_it_reads(with_topics: ApacheKafka, user: str, group: str, topic: str) -> None:
    await read(with_topics, user, group, topic)


async def test_an_operator_sees_how_far_a_group_has_come_and_what_kafka_holds(with_topics: ApacheKafka) -> None:
    place = (topics.RECEIVED, 0, 10**9)
    assert not await handled(of(with_topics, "operator"), topics.TRIAGE_GROUP, [place], patience=0)
    assert (topics.RECEIVED, 0) in await kafka_holds(of(with_topics, "operator"))


async def test_an_operator_may_do_in_kafka_all_that_refilling_a_database_needs(with_topics: ApacheKafka) -> None:
    settings = of(with_topics, "operator")
    await publish(with_topics, "intake", topics.RECEIVED)
    await nobody_works(settings)
    everything = [*topics.REFERRAL_TOPICS, PARKED, topics.OPERATIONS]
    assert [record async for records in portions(settings, everything) for record in records]
    await follow_anew(settings)


async def test_intake_may_not_read_back_what_it_published(with_topics: ApacheKafka) -> None:
    await publish(with_topics, "intake", topics.RECEIVED)
    with pytest.raises(TopicAuthorizationFailedError):
        await read(with_topics, "intake", topics.STATUS_GROUP, topics.RECEIVED)


async def test_triage_may_look_at_the_newest_of_what_it_published(with_topics: ApacheKafka) -> None:
    await publish(with_topics, "triage", PRIMARY)
    assert [record.topic for record in await newest_records(of(with_topics, "triage"), [PRIMARY])] == [PRIMARY]


async def test_who_may_not_look_is_held_up_by_nothing(with_topics: ApacheKafka) -> None:
    await publish(with_topics, "triage", PRIMARY)
    assert await newest_records(of(with_topics, "deploy"), [PRIMARY]) == []


async def test_triage_may_not_move_the_place_of_audit(with_topics: ApacheKafka) -> None:
    with pytest.raises(GroupAuthorizationFailedError):
        await read(with_topics, "triage", topics.AUDIT_GROUP, topics.RECEIVED)


@pytest.mark.parametrize("user", ["audit", "operator"])
async def test_the_lag_of_every_group_may_be_measured(with_topics: ApacheKafka, user: str) -> None:
    await publish(with_topics, "intake", topics.RECEIVED)
    await read(with_topics, "triage", topics.TRIAGE_GROUP, topics.RECEIVED)
    await publish(with_topics, "intake", topics.RECEIVED)
    watch = Watch(of(with_topics, user))
    look, judged = (await watch.look())[topics.TRIAGE_GROUP]
    await watch.close()
    (position,) = look.positions.values()
    assert position.committed is not None
    assert position.kept == 14 * 86_400, "for how long Kafka keeps it is seen too"
    assert judged.seconds


async def test_a_service_without_that_right_is_refused_and_not_told_that_nothing_was_committed(
    with_topics: ApacheKafka,
) -> None:
    watch = Watch(of(with_topics, "triage"))
    with pytest.raises(Transient, match="kafka-refused: GroupAuthorizationFailedError"):
        await watch.look()


async def test_whoever_measures_lag_or_works_dead_letters_moves_no_commit(with_topics: ApacheKafka) -> None:
    with pytest.raises(GroupAuthorizationFailedError):
        await read(with_topics, "operator", topics.TRIAGE_GROUP, topics.RECEIVED)


async def test_no_service_makes_topics(with_topics: ApacheKafka) -> None:
    for user in ("intake", "triage", "audit"):
        async with admin(of(with_topics, user)) as client:
            answer = await client.create_topics([NewTopic("referrals.mine", 1, 1)])
        assert for_code(answer.topic_errors[0][1]) is TopicAuthorizationFailedError


def of(broker: ApacheKafka, user: str) -> ServiceSettings:
    """The settings of one user."""
    return ServiceSettings(
        postgres_dsn="",
        kafka=broker.bootstrap,
        partitions=1,
        kafka_security="SASL_PLAINTEXT",
        kafka_username=f"frontdoor-{user}",
        kafka_password=f"password-of-{user}",
        kafka_send_timeout=10,
    )


async def publish(broker: ApacheKafka, user: str, topic: str) -> int:
    """Publishes one record; how many were acknowledged."""
    publisher = Publisher(of(broker, user))
    try:
        return len(await publisher.publish([Record(topic, 0, b"key", b"{}", ())]))
    finally:
        await publisher.close()


async def read(broker: ApacheKafka, user: str, group: str, topic: str) -> None:
    """Reads whatever is there, and keeps a place in the group."""
    options = client_options(of(broker, user))
    consumer = AIOKafkaConsumer(**options, group_id=group, enable_auto_commit=False, auto_offset_reset="earliest")
    await consumer.start()
    try:
        place = TopicPartition(topic, 0)
        consumer.assign([place])
        await consumer.getmany(place, timeout_ms=500)
        await consumer.commit({place: await consumer.position(place)})
    finally:
        await consumer.stop()
