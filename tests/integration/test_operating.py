"""The pages for what an operator does on purpose, followed as they stand there, in containers, while senders send."""

from __future__ import annotations

import json
import re
from functools import partial
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.engine import free_port
from tests.integration.going_on import going_on
from tests.integration.operated import a_system, follow
from tests.integration.pages import pasted
from tests.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from tests.integration.compose import Compose

pytestmark = [pytest.mark.kafka_real, pytest.mark.slow, pytest.mark.timeout(600)]

AT_RISK_AFTER = 20  # seconds, here
KAFKA_CONFIGS = [
    "/opt/kafka/bin/kafka-configs.sh",
    "--bootstrap-server",
    "kafka:19092",
    "--entity-type",
    "topics",
    "--entity-name",
    "referrals.received",
]


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Compose]:
    """A system of its own folder, as an operator has it; started once, each test leaves it running."""
    with a_system(tmp_path_factory.mktemp("system")) as compose:
        yield compose


def members(system: Compose, group: str) -> int:
    """How many members a group has, as `frontdoor lag` says it."""
    said = system.run("run", "--rm", "frontdoor", "lag", "--json", check=False).stdout
    (found,) = [dict(each) for each in json.loads(said)["groups"] if each["group"] == group]
    return len(found["members"])


async def test_everything_is_restarted_one_after_the_other(system: Compose) -> None:
    before = ids(system)
    async with going_on(system, "restart"):
        follow(system, "rolling-restart", "Look")
        follow(system, "rolling-restart", "Do")
    after = ids(system)
    ours = ("audit", "triage", "intake", "watch")
    assert all(before[name] != after[name] for name in ours)
    assert all(system.containers()[name]["State"]["Health"]["Status"] == "healthy" for name in ours)
    assert "unaccounted 0" in follow(system, "rolling-restart", "Look")[0]


@pytest.fixture
async def scaled(system: Compose) -> AsyncIterator[Compose]:
    """The system, which has one triage at its own port again afterwards: tests come in any order."""
    settings = system.root / ".env"
    before = settings.read_text()
    yield system
    settings.write_text(before)
    system.run("up", "--detach", "--no-deps", "--wait", "triage")
    await eventually(partial(members_are, system, 1), 90)


async def test_triage_becomes_three_and_two_again(scaled: Compose) -> None:
    first = free_port()
    once, three, two, afterwards = pasted("scaling", "Do", {"8181-8189": f"{first}-{first + 8}"})
    async with going_on(scaled, "scale"):
        follow(scaled, "scaling", "Look")
        scaled.paste(once)
        assert "3 Stable" in scaled.paste(three)
        scaled.paste(two)
        await eventually(partial(members_are, scaled, 2), 60)
        assert "2 Stable" in scaled.paste(afterwards)


def members_are(system: Compose, count: int) -> bool:
    return members(system, "triage") == count


def ids(system: Compose) -> dict[str, Any]:
    return {name: one["Id"] for name, one in system.containers().items()}


async def test_a_group_that_falls_behind_what_kafka_keeps_is_told_before_and_caught_up(system: Compose) -> None:
    async with going_on(system, "retention") as practice:
        keep(system, 2 * AT_RISK_AFTER)  # as if the group had been away for a week of 14 days
        system.run("stop", "triage")
        before = len(practice.yeses)
        await eventually(lambda: len(practice.yeses) > before + 5)
        await eventually(lambda: "triage: at risk" in follow(system, "behind-retention", "Look")[0], 60)
        assert await eventually(
            lambda: used(system, "triage") > 0.5, 90
        )  # audit asks anew each minute how long is kept
        longer, look, again, *rest, shorter = pasted("behind-retention", "Do")
        system.paste(longer)
        await eventually(lambda: "at risk" not in system.paste(look), 90)
        assert "triage: stopped" in system.paste(look)
        system.paste(again)
        await eventually(lambda: caught_up(system), 60)
        for block in rest:
            system.paste(block)
    system.paste(shorter)
    assert retention(system) == 14 * 86_400_000


def keep(system: Compose, seconds: int) -> None:
    """Sets the time for which Kafka keeps what was received."""
    alter = f"--alter --add-config retention.ms={seconds * 1000}"
    system.run("exec", "-T", "kafka", *KAFKA_CONFIGS, *alter.split())


def retention(system: Compose) -> int:
    """Milliseconds for which Kafka keeps what was received."""
    said = system.run("exec", "-T", "kafka", *KAFKA_CONFIGS, "--describe").stdout
    return int(re.findall(r"retention\.ms=(\d+)", said)[0])


def used(system: Compose, group: str) -> float:
    """The figure for Prometheus."""
    page = httpx.get(f"{system.url('audit')}/metrics").text
    lines = re.findall(rf'frontdoor_group_retention_used{{group="{group}",topic="referrals.received"}} (\S+)', page)
    return float(lines[0]) if lines else 0.0


def caught_up(system: Compose) -> bool:
    said = json.loads(system.run("run", "--rm", "frontdoor", "lag", "--json", check=False).stdout)
    return all(group["verdict"] in {"ok", "behind"} for group in said["groups"])
