"""`python -m tests.broker_identity`: the version and cluster id of the Apache Kafka that the tests run on."""

from __future__ import annotations

import asyncio

from shared.kafka_admin import cluster_id
from shared.settings import ServiceSettings
from tests.engine import KAFKA_IMAGE, ApacheKafka


def main() -> None:
    """Starts one, asks it, and stops it."""
    with ApacheKafka() as kafka:
        settings = ServiceSettings.model_validate({"postgres_dsn": "", "kafka": kafka.bootstrap})
        _, said = kafka.get_wrapped_container().exec_run(["/opt/kafka/bin/kafka-topics.sh", "--version"])
        version = said.decode().strip().splitlines()[-1]
        print(f"broker: Apache Kafka {version} ({KAFKA_IMAGE}), cluster id {asyncio.run(cluster_id(settings))}")


if __name__ == "__main__":
    main()
