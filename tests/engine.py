"""The container engine of this machine, if one answers, and what tests run in it."""

from __future__ import annotations

import os
import re
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Final

os.environ.setdefault("TESTCONTAINERS_CONNECTION_MODE", "docker_host")  # localhost, even inside a container

import docker
from testcontainers.core.container import DockerContainer
from testcontainers.core.network import Network
from testcontainers.core.wait_strategies import LogMessageWaitStrategy

from services.frontdoor.embedded.ports import any_free

KAFKA_IMAGE: Final = "apache/kafka:4.3.1"
POSTGRES_IMAGE: Final = "postgres:17"
PROMETHEUS_IMAGE: Final = "prom/prometheus:v2.53.3"
PRODUCTION: Final = Path(__file__).parents[1] / "deploy/kafka/broker.properties"
MARKED: Final = {"kafka_real": (KAFKA_IMAGE, POSTGRES_IMAGE), "prometheus": (PROMETHEUS_IMAGE,)}
REQUIRED: Final = os.environ.get("REQUIRE_KAFKA") == "1"


@cache
def missing(mark: str = "kafka_real") -> str | None:
    """Why tests of that mark cannot use their containers here; None where they can."""
    try:
        client = docker.from_env(timeout=10)
    except docker.errors.DockerException as error:
        return f"no container engine answers ({type(error).__name__})"
    try:
        for image in MARKED[mark]:
            if not client.images.list(name=image):
                client.images.pull(image)
    except docker.errors.DockerException as error:
        return f"an image cannot be had ({type(error).__name__})"
    finally:
        client.close()
    return None


def free_port() -> int:
    """A port that nothing uses now, and no outgoing connection will."""
    with any_free() as sock:
        return int(sock.getsockname()[1])


class _FixedPort(DockerContainer):
    """A container on a host port chosen beforehand, which it keeps when it is restarted."""

    def __init__(self, image: str, inside: int) -> None:
        super().__init__(image)
        self.port = free_port()
        self.with_bind_ports(inside, self.port)

    def signal(self, name: str) -> None:
        """Sends a signal to its first process."""
        self.get_wrapped_container().kill(name)

    def pause(self) -> None:
        """Freezes it: connections stay open and nothing answers."""
        self.get_wrapped_container().pause()

    def resume(self) -> None:
        """Lets it go on."""
        self.get_wrapped_container().unpause()

    def halt(self, seconds: int = 10) -> None:
        """Stops it in order; its data stays."""
        self.get_wrapped_container().stop(timeout=seconds)

    def again(self) -> None:
        """Starts it after `halt` or a kill."""
        self.get_wrapped_container().start()


class ApacheKafka(_FixedPort):
    """apache/kafka, one node; `env` adds to or changes its settings (`KAFKA_*`).

    `advertised` is what clients are told to connect to: a proxy's address, where a test owns one.
    """

    kind = "apache"
    node = 1

    def __init__(self, advertised: str | None = None, **env: str) -> None:
        super().__init__(KAFKA_IMAGE, 9092)
        self.waiting_for(LogMessageWaitStrategy("Kafka Server started").with_startup_timeout(600))
        self.bootstrap = f"127.0.0.1:{self.port}"
        settings = {
            "KAFKA_NODE_ID": "1",
            "KAFKA_PROCESS_ROLES": "broker,controller",
            "KAFKA_LISTENERS": "PLAINTEXT://:9092,CONTROLLER://:9093",
            "KAFKA_ADVERTISED_LISTENERS": f"PLAINTEXT://{advertised or self.bootstrap}",
            "KAFKA_CONTROLLER_LISTENER_NAMES": "CONTROLLER",
            "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
            "KAFKA_CONTROLLER_QUORUM_VOTERS": "1@localhost:9093",
            "KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR": "1",
            "KAFKA_OFFSETS_TOPIC_NUM_PARTITIONS": "4",
            "KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR": "1",
            "KAFKA_TRANSACTION_STATE_LOG_MIN_ISR": "1",
            "KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS": "0",
            "KAFKA_AUTO_CREATE_TOPICS_ENABLE": "false",
            "KAFKA_HEAP_OPTS": "-Xms128m -Xmx384m",
        }
        for name, value in (settings | env).items():
            self.with_env(name, value)

    @property
    def brokers(self) -> list[ApacheKafka]:
        """Itself: a cluster has several."""
        return [self]


class _Node(ApacheKafka):
    """One of a cluster: it is reached as itself from the host, and by the other nodes by its name."""

    def __init__(self, node: int, network: Network, voters: str) -> None:
        super().__init__(
            KAFKA_NODE_ID=str(node),
            KAFKA_LISTENERS="PLAINTEXT://:9092,BROKER://:9094,CONTROLLER://:9093",
            KAFKA_LISTENER_SECURITY_PROTOCOL_MAP="CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,BROKER:PLAINTEXT",
            KAFKA_INTER_BROKER_LISTENER_NAME="BROKER",
            KAFKA_CONTROLLER_QUORUM_VOTERS=voters,
            **_as_in_production(),
        )
        self.node = node
        self.with_env("KAFKA_ADVERTISED_LISTENERS", f"PLAINTEXT://{self.bootstrap},BROKER://kafka-{node}:9094")
        self.with_network(network)
        self.with_network_aliases(f"kafka-{node}")


class KafkaCluster:
    """So many nodes of Apache Kafka, each a broker and a controller, with what deploy/kafka says of copies."""

    kind = "apache"

    def __init__(self, nodes: int = 3) -> None:
        self._network = Network()
        voters = ",".join(f"{node}@kafka-{node}:9093" for node in range(1, nodes + 1))
        self.brokers = [_Node(node, self._network, voters) for node in range(1, nodes + 1)]
        self.bootstrap = ",".join(broker.bootstrap for broker in self.brokers)

    def start(self) -> None:
        """Starts all at once: one alone has no quorum."""
        self._network.create()
        with ThreadPoolExecutor() as threads:
            list(threads.map(_Node.start, self.brokers))

    def stop(self) -> None:
        """Ends all."""
        for broker in self.brokers:
            broker.stop()
        self._network.remove()


def _as_in_production() -> dict[str, str]:
    """What deploy/kafka/broker.properties says, but for its listeners and who may do what."""
    lines = (line.partition("=") for line in PRODUCTION.read_text().splitlines() if line[:1].islower())
    return {
        f"KAFKA_{name.upper().replace('.', '_')}": value
        for name, _, value in lines
        if not re.search("listener|authorizer|acl", name)
    }


class ContainerPostgres(_FixedPort):
    """postgres:17 without passwords, for tests alone; it survives a kill, though not a power cut (fsync is off)."""

    def __init__(self) -> None:
        super().__init__(POSTGRES_IMAGE, 5432)
        self.with_env("POSTGRES_HOST_AUTH_METHOD", "trust")
        self.with_command("postgres -c fsync=off -c max_connections=300")

    def dsn(self, role: str, database: str) -> str:
        """How to connect."""
        return f"postgresql://{role}@127.0.0.1:{self.port}/{database}"

    def log(self) -> str:
        """All that the server logged."""
        out, err = self.get_logs()
        return (out + err).decode(errors="replace")
